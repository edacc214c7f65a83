// Checked by `tsc -p .`: what must compile, and what must not.
import { topic } from '@millrace/contracts'
import { type InboxStore, outbox } from '@millrace/outbox'
import type pg from 'pg'
import { z } from 'zod'
import { consume, type HandlerTransaction } from './index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const expectTrue = <T extends true>(): T | undefined => undefined

const order = topic('order', { key: z.string(), value: z.object({ amount: z.number(), note: z.string().default('') }) })

export async function typed(pool: pg.Pool, store: InboxStore<{ insert(row: string): void }>): Promise<void> {
  const common = { brokers: 'localhost:9092', groupId: 'g' }

  await consume(
    order,
    async (message, { tx }) => {
      expectTrue<Equal<typeof message.key, string | null>>()
      expectTrue<Equal<typeof message.value, { amount: number; note: string } | null>>()
      expectTrue<Equal<typeof tx, HandlerTransaction>>()
      await outbox(tx).append(order, 'k', { amount: 1 })
      // @ts-expect-error the amount is a number
      await outbox(tx).append(order, 'k', { amount: '1' })
    },
    { ...common, inbox: pool },
  )

  await consume(
    order,
    async (_, { tx }) => {
      expectTrue<Equal<typeof tx, { insert(row: string): void }>>()
    },
    { ...common, inbox: store },
  )

  // @ts-expect-error without an inbox there is no transaction
  await consume(order, async (_, { tx }) => void tx, common)
  // @ts-expect-error a value may be a tombstone
  await consume(order, ({ value }) => void value.amount, common)
  // @ts-expect-error the value has no such field
  await consume(order, ({ value }) => void value?.price, common)
  // @ts-expect-error a group is needed
  await consume(order, () => {}, { brokers: 'localhost:9092' })
  // @ts-expect-error there is no such policy
  await consume(order, () => {}, { ...common, onFailure: 'ignore' })
}
