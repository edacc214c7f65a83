// Checked by `tsc -p .`: what must compile, and what must not.
import { serdes, topic } from '@millrace/contracts'
import type pg from 'pg'
import { z } from 'zod'
import { inbox, outbox } from './index.ts'

const order = topic('order', { key: z.string(), value: z.object({ amount: z.number(), note: z.string().default('') }) })
const counts = topic('counts', { key: serdes.string, value: serdes.int64 })

export async function typed(client: pg.Client, leased: pg.PoolClient): Promise<void> {
  await outbox(client).append(order, 'o1', { amount: 1 })
  await outbox(leased).append(order, 'o1', null)
  await outbox(leased).append(counts, 'a', 1n)
  await inbox(leased).claim('consumer', 'event')
  // @ts-expect-error the key is a string
  await outbox(client).append(order, 1, { amount: 1 })
  // @ts-expect-error the amount is a number
  await outbox(client).append(order, 'o1', { amount: '1' })
  // @ts-expect-error 64-bit numbers are bigint
  await outbox(client).append(counts, 'a', 1)
  // @ts-expect-error a tombstone is null
  await outbox(client).append(order, 'o1', undefined)
  // @ts-expect-error header values are strings
  await outbox(client).append(order, 'o1', null, { headers: { attempt: 1 } })
  // @ts-expect-error not a database client
  outbox({ execute: async () => [] })
}
