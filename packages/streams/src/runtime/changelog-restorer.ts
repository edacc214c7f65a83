import type { Consumer, FetchedPartition } from '@millrace/kafka'
import { type ActiveTask, partitionText } from './active-task.ts'
import type { TopicPartition } from './assignment/tasks.ts'
import type { StateStores } from './state-stores.ts'

export interface ChangelogBounds {
  /** First offset that still exists. */
  readonly begin: number
  /** Where restoring ends. */
  readonly end: number
}

export interface RestoreFailure {
  readonly active: ActiveTask
  readonly error: unknown
}

interface Target extends TopicPartition {
  readonly active: ActiveTask
  readonly store: string
  readonly end: number
  position: number
}

/**
 * Brings the stores of tasks up to the end of their changelogs. It reads committed records, up to the high watermark as
 * it was when the task was taken over, not up to the last stable offset: a zombie's open transaction holds the
 * latter back, and committed records of the predecessor may lie beyond it. Restoring then waits until that
 * transaction has ended, which the broker enforces within `transactionTimeoutMs`.
 */
export class ChangelogRestorer {
  readonly #consumer: Consumer
  readonly #stores: StateStores
  readonly #boundsOf: (partitions: readonly TopicPartition[]) => Promise<ReadonlyMap<string, ChangelogBounds>>
  readonly #targets = new Map<string, Target>()
  restoredRecords = 0

  constructor(options: {
    readonly consumer: Consumer
    readonly stores: StateStores
    readonly boundsOf: (partitions: readonly TopicPartition[]) => Promise<ReadonlyMap<string, ChangelogBounds>>
  }) {
    this.#consumer = options.consumer
    this.#stores = options.stores
    this.#boundsOf = options.boundsOf
  }

  get isIdle(): boolean {
    return this.#targets.size === 0
  }

  /** Records still to be restored, by the offsets. */
  get remaining(): number {
    return [...this.#targets.values()].reduce((sum, { end, position }) => sum + Math.max(0, end - position), 0)
  }

  isRestoring(active: ActiveTask): boolean {
    return [...this.#targets.values()].some((target) => target.active === active)
  }

  /** Finds out what the tasks' stores miss. Legal only after the tasks' committed offsets were read. */
  async begin(tasks: readonly ActiveTask[]): Promise<void> {
    const changelogs = tasks.flatMap((active) => active.task.changelogs().map((changelog) => ({ active, changelog })))
    if (changelogs.length === 0) return
    const bounds = await this.#boundsOf(changelogs.map(({ changelog }) => changelog))
    for (const { active, changelog } of changelogs) {
      const { topic, partition, store, checkpoint } = changelog
      const { begin, end } = bounds.get(partitionText(changelog)) ?? { begin: 0, end: 0 }
      // A checkpoint outside of the changelog means that the two no longer belong together: the changelog is the truth.
      const continues = checkpoint !== undefined && checkpoint >= begin && checkpoint <= end
      if (!continues) this.#stores.wipe(active.id, store)
      const position = continues ? checkpoint : begin
      if (position < end) {
        this.#targets.set(partitionText(changelog), { topic, partition, active, store, position, end })
      }
    }
    this.#subscribe()
  }

  /** Restores what one poll brings; returns the tasks whose stores could not be written, which are restored no further. */
  async step(timeoutMs: number): Promise<readonly RestoreFailure[]> {
    if (this.isIdle) return []
    const failures = new Map<ActiveTask, RestoreFailure>()
    for (const fetched of await this.#consumer.poll({ timeoutMs })) {
      const target = this.#targets.get(partitionText(fetched))
      if (!target || failures.has(target.active)) continue
      try {
        this.#apply(target, fetched)
      } catch (error) {
        failures.set(target.active, { active: target.active, error })
      }
    }
    if (failures.size > 0) this.drop([...failures.keys()])
    this.#finishTargets()
    return [...failures.values()]
  }

  #finishTargets(): void {
    for (const target of this.#targets.values()) target.position = this.#position(target)
    const done = [...this.#targets].filter(([, { position, end }]) => position >= end)
    if (done.length === 0) return
    for (const [name] of done) this.#targets.delete(name)
    // Another assignment would throw away what is prefetched for the others.
    if (this.isIdle) this.#consumer.assign([])
    else this.#consumer.pause(done.map(([, { topic, partition }]) => ({ topic, partition })))
  }

  drop(tasks: readonly ActiveTask[]): void {
    const before = this.#targets.size
    for (const [name, { active }] of this.#targets) if (tasks.includes(active)) this.#targets.delete(name)
    if (this.#targets.size !== before) this.#subscribe()
  }

  async close(): Promise<void> {
    await this.#consumer.close()
  }

  #apply(target: Target, fetched: FetchedPartition): void {
    const { firstOffset, nextOffset } = fetched
    this.restoredRecords += target.active.task.restore(target.store, fetched.batches, { firstOffset, nextOffset })
    target.position = nextOffset
  }

  /** Control batches move the consumer without bringing records. */
  #position(target: Target): number {
    return Math.max(target.position, this.#consumer.position(target) ?? 0)
  }

  #subscribe(): void {
    const targets = [...this.#targets.values()]
    this.#consumer.assign(targets.map(({ topic, partition }) => ({ topic, partition })))
    for (const { topic, partition, position } of targets) this.#consumer.seek({ topic, partition, offset: position })
    // One that was finished, and paused, while others went on may have to begin again.
    this.#consumer.resume(targets)
  }
}
