import type { KafkaClient } from '@millrace/kafka'
import { committedRecords } from './kafka.ts'
import { order, spend } from './spend-app.ts'

export const customers = 20
export const partitions = 3

export async function createTopics(client: KafkaClient): Promise<void> {
  await client.admin.createTopics(
    [order, spend].map(({ name }) => ({ name, partitions, config: { 'retention.ms': '-1' } })),
  )
}

/** Order `i` is of customer `i % customers` and over `i` cents. */
export async function placeOrders(client: KafkaClient, from: number, count: number): Promise<void> {
  await using producer = client.producer({ lingerMs: 5 })
  const sent: Promise<unknown>[] = []
  for (let i = from; i < from + count; i++) {
    const value = { customer: `c${i % customers}`, cents: i }
    sent.push(
      producer.send({
        topic: order.name,
        key: Buffer.from(order.key.serialize(`o${i}`)),
        value: Buffer.from(order.value.serialize(value)),
        timestamp: 1_700_000_000_000 + i * 1_000,
      }),
    )
  }
  await Promise.all(sent)
}

/** What customers have spent after orders 0 to `count`. */
export function expectedSpend(count: number): Map<string, number> {
  const totals = new Map<string, number>()
  for (let i = 0; i < count; i++) totals.set(`c${i % customers}`, (totals.get(`c${i % customers}`) ?? 0) + i)
  return new Map([...totals].sort())
}

/** Every committed update of every customer, in order. */
export async function spendUpdates(client: KafkaClient): Promise<Map<string, number[]>> {
  const updates = new Map<string, number[]>()
  for (const { key, value } of await committedRecords(client, spend.name, partitions)) {
    updates.set(key, [...(updates.get(key) ?? []), value as number])
  }
  return new Map([...updates].sort(([a], [b]) => (a < b ? -1 : 1)))
}

export async function spendNow(client: KafkaClient): Promise<Map<string, number>> {
  return new Map([...(await spendUpdates(client))].map(([key, values]) => [key, values.at(-1)!]))
}

/** Whether `found` says what every customer has spent after orders 0 to `orders`. */
export function sameTotals(found: ReadonlyMap<string, number>, orders: number): boolean {
  return [...expectedSpend(orders)].every(([customer, total]) => found.get(customer) === total)
}
