import type { TopicContract } from '@millrace/contracts'
import { type KafkaClient, scanTopic } from '@millrace/kafka'
import { keyValueStore, queryClient, windowStore } from '@millrace/query'
import { type BankArgs, bankTopics } from './bank-app.ts'
import type { BankOutputs, BankStores, Outputs } from './verdict.ts'

/** Everything that a reader of committed records finds in the output topics. */
export async function readOutputs(client: KafkaClient, { name }: BankArgs): Promise<BankOutputs> {
  const { totals, perWindow, enriched, refunded, placed } = bankTopics(name)
  return {
    totals: await all(client, totals),
    perWindow: await all(client, perWindow),
    enriched: await all(client, enriched),
    refunded: await all(client, refunded),
    placed: await all(client, placed),
  }
}

async function all<V>(client: KafkaClient, from: TopicContract<string, V>): Promise<Outputs<V>> {
  const found = new Map<string, V[]>()
  for await (const { key, value } of scanTopic(client, { topic: from.name })) {
    const name = from.key.deserialize(key!)
    const before = found.get(name) ?? []
    found.set(name, before)
    before.push(from.value.deserialize(value!))
  }
  return found
}

/** Everything that the stores hold, as one instance answers for all. */
export async function readStores(url: string, token: string, { name }: BankArgs): Promise<BankStores> {
  const { totals, perWindow, placed } = bankTopics(name)
  const stores = { totals: keyValueStore(totals), 'per-window': windowStore(perWindow), placed: keyValueStore(placed) }
  const state = queryClient({ url, stores, token, deadlineMs: 60_000 })
  const windows = await state['per-window'].windows({ from: 0, to: Number.MAX_SAFE_INTEGER })
  return {
    totals: await rowsOf(state.totals.range()),
    perWindow: new Map(windows.map(({ key, start, value }) => [`${key}/${start}`, value])),
    placed: await rowsOf(state.placed.range()),
  }
}

async function rowsOf<V>(rows: AsyncIterable<{ readonly key: string; readonly value: V }>): Promise<Map<string, V>> {
  const found = new Map<string, V>()
  for await (const { key, value } of rows) {
    if (found.has(key)) throw new Error(`a range has ${key} twice`)
    found.set(key, value)
  }
  return found
}
