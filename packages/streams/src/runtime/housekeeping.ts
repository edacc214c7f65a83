import type { Clock } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import type { TopologyPlan } from '../core/topology/plan.ts'
import { type ActiveTask, partitionText } from './active-task.ts'
import type { RuntimeConfig } from './config.ts'
import type { StateStores } from './state-stores.ts'

export interface HousekeepingOptions {
  readonly client: KafkaClient
  readonly plan: TopologyPlan
  readonly config: RuntimeConfig
  readonly clock: Clock
  readonly stores: StateStores
  /** One thread of a process looks after the disk. */
  readonly cleansDisk: boolean
  readonly onFailure: (error: unknown) => void
}

/** What is done now and then: deletes consumed records of repartition topics, and state of tasks that have gone elsewhere. */
export class Housekeeping {
  readonly #options: HousekeepingOptions
  readonly #repartitionTopics: ReadonlySet<string>
  readonly #purged = new Map<string, number>()
  #purging: Promise<void> | undefined
  #closed = false
  #purgedAtMs: number
  #cleanedAtMs: number

  constructor(options: HousekeepingOptions) {
    this.#options = options
    this.#repartitionTopics = new Set(options.plan.subtopologies.flatMap(({ repartitionTopics }) => repartitionTopics))
    this.#purgedAtMs = this.#cleanedAtMs = options.clock.now()
  }

  /**
   * After a commit. Records of repartition topics have one reader: what it has committed is of no use to anybody. Runs in
   * the background; what fails is tried with the next one.
   */
  committed(tasks: readonly ActiveTask[]): void {
    const { clock, config, client, onFailure } = this.#options
    if (this.#repartitionTopics.size === 0 || this.#purging) return
    const nowMs = clock.now()
    if (Math.abs(nowMs - this.#purgedAtMs) < config.repartitionPurgeIntervalMs) return
    this.#purgedAtMs = nowMs
    const due = tasks.flatMap(({ inputs, committed }) =>
      inputs.flatMap(({ topic, partition }) => {
        const offset = this.#repartitionTopics.has(topic)
          ? committed.get(partitionText({ topic, partition }))
          : undefined
        const isNews = offset !== undefined && offset > (this.#purged.get(partitionText({ topic, partition })) ?? 0)
        return isNews ? [{ topic, partition, offset }] : []
      }),
    )
    if (due.length === 0) return
    this.#purging = client.admin
      .deleteRecords(due)
      .then(() => {
        for (const at of due) this.#purged.set(partitionText(at), at.offset)
      })
      .catch((error: unknown) => {
        if (!this.#closed) onFailure(error)
      })
      .finally(() => {
        this.#purging = undefined
      })
  }

  /** Legal only while every task that is ours is open. */
  cleanDisk(): void {
    const { clock, config, stores, cleansDisk, onFailure } = this.#options
    const nowMs = clock.now()
    // Looks often enough that state outlives its time by a tenth at most.
    const everyMs = Math.max(1_000, config.stateCleanupDelayMs / 10)
    if (!cleansDisk || Math.abs(nowMs - this.#cleanedAtMs) < everyMs) return
    this.#cleanedAtMs = nowMs
    try {
      stores.cleanUp(config.stateCleanupDelayMs)
    } catch (error) {
      onFailure(error)
    }
  }

  /** What is under way ends unheard: stopping does not wait for a broker that is away. */
  close(): void {
    this.#closed = true
  }
}
