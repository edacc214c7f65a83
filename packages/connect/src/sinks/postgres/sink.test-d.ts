// Checked by `tsc -p .`: what must compile, and what must not.
import { serdes, topic } from '@millrace/contracts'
import { postgresSink } from './sink.ts'

const spend = topic('spend', {
  key: serdes.json<{ shop: string }>(),
  value: serdes.json<{ country: string; at: number }>(),
})
const target = { url: 'postgres://localhost/reporting', table: 'spend', mode: 'upsert', key: ['shop'] } as const

postgresSink(spend, {
  ...target,
  columns: {
    country: 'text',
    place: { type: 'text', value: (value, key) => `${key.shop} in ${value.country}` },
    at: { type: 'timestamptz', value: ({ at }) => new Date(at) },
  },
})
postgresSink(spend, {
  ...target,
  // @ts-expect-error the value has no such field
  columns: { total: { type: 'bigint', value: (value) => value.total } },
})
postgresSink(spend, {
  ...target,
  // @ts-expect-error the key has no such field
  columns: { shop: { type: 'text', value: (_value, key) => key.name } },
})
// @ts-expect-error none of upsert, insert and update
postgresSink(spend, { ...target, mode: 'replace' })
// @ts-expect-error a sink needs its table
postgresSink(spend, { url: 'postgres://localhost/reporting', mode: 'insert' })
