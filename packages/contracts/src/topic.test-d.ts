// Checked by `tsc -p .`: what must compile, and what must not.
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { type KeyInput, type KeyOf, serdes, type TopicContract, topic, type ValueInput, type ValueOf } from './index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const expectTrue = <T extends true>(): T | undefined => undefined

const zodOrder = topic('order', {
  key: z.string(),
  value: z.object({ customerId: z.string(), amount: z.number(), note: z.string().default('') }),
})
expectTrue<Equal<KeyOf<typeof zodOrder>, string>>()
expectTrue<Equal<ValueOf<typeof zodOrder>, { customerId: string; amount: number; note: string }>>()
expectTrue<Equal<ValueInput<typeof zodOrder>, { customerId: string; amount: number; note?: string | undefined }>>()
zodOrder.value.serialize({ customerId: 'alice', amount: 1 })
// @ts-expect-error the amount is a number
zodOrder.value.serialize({ customerId: 'alice', amount: '1' })
// @ts-expect-error a field is missing
zodOrder.value.serialize({ customerId: 'alice' })
// @ts-expect-error the key is a string
zodOrder.key.serialize(1)
// @ts-expect-error readers get what the schema yields, and it has no such field
zodOrder.value.deserialize(new Uint8Array()).price

const zodDate = topic('dated', { key: z.coerce.number(), value: z.string().transform((text) => new Date(text)) })
expectTrue<Equal<KeyOf<typeof zodDate>, number>>()
expectTrue<Equal<ValueOf<typeof zodDate>, Date>>()
expectTrue<Equal<ValueInput<typeof zodDate>, string>>()

const valibotOrder = topic('order', { key: v.string(), value: v.object({ amount: v.optional(v.number(), 0) }) })
expectTrue<Equal<ValueOf<typeof valibotOrder>, { amount: number }>>()
expectTrue<Equal<ValueInput<typeof valibotOrder>, { amount?: number | undefined }>>()
// @ts-expect-error the amount is a number
valibotOrder.value.serialize({ amount: 'one' })

const arktypeOrder = topic('order', { key: type('string'), value: type({ amount: 'number', 'note?': 'string' }) })
expectTrue<Equal<KeyOf<typeof arktypeOrder>, string>>()
expectTrue<Equal<ValueOf<typeof arktypeOrder>, { amount: number; note?: string }>>()
// @ts-expect-error the note is a string
arktypeOrder.value.serialize({ amount: 1, note: 2 })

const counted = topic('counted', { key: serdes.string, value: serdes.int64, partitions: 3 })
expectTrue<Equal<KeyOf<typeof counted>, string>>()
expectTrue<Equal<ValueOf<typeof counted>, bigint>>()
expectTrue<Equal<KeyInput<typeof counted>, string>>()
// @ts-expect-error 64-bit numbers are bigint
counted.value.serialize(1)

const plain = topic('plain', { key: serdes.bytes, value: serdes.json<{ total: number }>() })
expectTrue<Equal<ValueOf<typeof plain>, { total: number }>>()

// A contract can be named by its types alone.
const named: TopicContract<string, bigint> = counted
named.value.serialize(1n)
// @ts-expect-error another contract's value
const other: TopicContract<string, string> = counted
other.value.serialize('x')

// @ts-expect-error neither a serde nor a schema
topic('wrong', { key: serdes.string, value: 'json' })
// @ts-expect-error serdes.json is called first
topic('uncalled', { key: serdes.string, value: serdes.json })
// @ts-expect-error every topic has a key
topic('keyless', { value: serdes.string })
// @ts-expect-error settings are strings, as in Kafka
topic('config', { key: serdes.string, value: serdes.string, config: { 'retention.ms': 1000 } })
