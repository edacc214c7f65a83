// Checked by `tsc -p .`: types follow from schemas.
import { serdes, topic, type ValueInput, type ValueOf } from '@millrace/contracts'
import { z } from 'zod'
import { avro, avroOf } from '../avro.ts'
import type { SchemaRegistry } from '../client/schema-registry.ts'
import { jsonSchema, jsonSchemaOf } from '../json-schema.ts'
import type { AvroValue } from './avro-value.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const expectTrue = <T extends true>(): T | undefined => undefined
declare const registry: SchemaRegistry

const order = topic('order', {
  key: avro(registry, 'string'),
  value: avro(registry, {
    type: 'record',
    name: 'Order',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'cents', type: 'long' },
      { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'PAID'] } },
      { name: 'note', type: ['null', 'string'], default: null },
      { name: 'tags', type: { type: 'array', items: 'string' } },
      { name: 'counts', type: { type: 'map', values: 'int' } },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
      { name: 'line', type: { type: 'record', name: 'Line', fields: [{ name: 'pieces', type: 'int' }] } },
    ],
  }),
})
expectTrue<
  Equal<
    ValueOf<typeof order>,
    {
      id: string
      cents: bigint
      state: 'OPEN' | 'PAID'
      note: string | null
      tags: string[]
      counts: { [key: string]: number }
      at: Date
      price: string
      line: { pieces: number }
    }
  >
>()
// A field with a default may be left out.
const input: ValueInput<typeof order> = {
  id: 'a',
  cents: 1n,
  state: 'PAID',
  tags: [],
  counts: {},
  at: new Date(0),
  price: '1.00',
  line: { pieces: 1 },
}
order.value.serialize(input)
order.value.serialize({ ...input, note: 'x' })
// @ts-expect-error long is bigint
order.value.serialize({ ...input, cents: 1 })
// @ts-expect-error no such symbol
order.value.serialize({ ...input, state: 'LOST' })
// @ts-expect-error no such field
order.value.deserialize(new Uint8Array()).amount
expectTrue<Equal<AvroValue<'long'>, bigint>>()
expectTrue<Equal<AvroValue<readonly ['null', 'long']>, bigint | null>>()
// What depends on more than the schema's text is nothing that the compiler knows.
expectTrue<Equal<AvroValue<readonly ['int', 'string']>, unknown>>()
expectTrue<Equal<AvroValue<'com.example.Elsewhere'>, unknown>>()

const fromFile = topic('bill', { key: serdes.string, value: avroOf<{ cents: bigint }>(registry, '{}') })
expectTrue<Equal<ValueOf<typeof fromFile>, { cents: bigint }>>()

const checked = topic('checked', {
  key: serdes.string,
  value: jsonSchema(registry, z.object({ id: z.string(), n: z.number().default(1) })),
})
expectTrue<Equal<ValueOf<typeof checked>, { id: string; n: number }>>()
expectTrue<Equal<ValueInput<typeof checked>, { id: string; n?: number | undefined }>>()
const described = topic('described', { key: serdes.string, value: jsonSchemaOf<{ a: number }>(registry, {}) })
expectTrue<Equal<ValueOf<typeof described>, { a: number }>>()
