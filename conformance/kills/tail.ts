import type { TopicContract } from '@millrace/contracts'
import { type Consumer, decodedRecords, type KafkaClient } from '@millrace/kafka'
import type { Sum } from './bank-app.ts'
import { partitions } from './writer.ts'

interface Seen {
  readonly count: number
  readonly atMs: number
}

/** Follows the sums of all accounts as a reader of committed records, and remembers when it saw each. */
export class Tail implements AsyncDisposable {
  readonly #seen = new Map<string, Seen[]>()
  readonly #consumer: Consumer
  readonly #following: Promise<void>
  readonly #stop = new AbortController()
  /** Of the last record that came. */
  lastAtMs = Date.now()
  total = 0

  constructor(client: KafkaClient, totals: TopicContract<string, Sum>) {
    this.#consumer = client.consumer({ isolation: 'read_committed', autoOffsetReset: 'earliest', maxWaitMs: 50 })
    this.#consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic: totals.name, partition })))
    this.#following = this.#follow(totals)
    this.#following.catch(() => undefined)
  }

  /** How many payments of the account some reader had seen counted by then. */
  countBy(account: string, atMs: number): number {
    return this.#seen.get(account)?.findLast((seen) => seen.atMs <= atMs)?.count ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#following.catch(() => undefined)
    await this.#consumer.close()
  }

  async #follow(totals: TopicContract<string, Sum>): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      for (const fetched of await this.#consumer.poll({ timeoutMs: 100, signal })) {
        const atMs = Date.now()
        for (const { key, value } of decodedRecords(fetched)) {
          const account = totals.key.deserialize(key!)
          const { count } = totals.value.deserialize(value!)
          const before = this.#seen.get(account) ?? []
          this.#seen.set(account, before)
          before.push({ count, atMs })
          this.total++
          this.lastAtMs = atMs
        }
      }
    }
  }
}
