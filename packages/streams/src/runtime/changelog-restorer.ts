import { isNotReady, whenSettled } from '@millrace/contracts/internal'
import type { Consumer, FetchedPartition } from '@millrace/kafka'
import type { Pace } from '../core/pace.ts'
import type { ByteStore } from '../core/stores/byte-store.ts'
import { gatheredWritesMax } from '../core/stores/gathered-writes.ts'
import type { TaskChangelog } from '../core/task.ts'
import { type ActiveTask, partitionText } from './active-task.ts'
import type { TopicPartition } from './assignment/tasks.ts'
import { changelogStart } from './changelog-position.ts'
import { GatheredRows } from './gathered-rows.ts'
import type { StoreChangelog, TellRestore } from './restore-events.ts'
import type { StateStores } from './state-stores.ts'
import type { BoundsOf, ChangelogBounds } from './topics/changelog-bounds.ts'

export interface RestoreFailure {
  readonly active: ActiveTask
  readonly error: unknown
}

/** Of all stores together: what is gathered beyond it is written, that of the store first which has most. */
const gatheredBytesMax = 8 * 1024 * 1024

interface Target extends TopicPartition {
  readonly active: ActiveTask
  readonly store: string
  readonly end: number
  /** The topic goes on beyond the end, with what is yet to be processed. */
  readonly isSource: boolean
  position: number
  restored: number
  /** Read, and not written yet: everything from `written` on. */
  rows: GatheredRows | undefined
  written: number
}

export interface ChangelogRestorerOptions {
  readonly consumer: Consumer
  readonly stores: StateStores
  readonly boundsOf: BoundsOf
  /** Whether a changelog deletes old records by age. */
  readonly expires: (topic: string) => boolean
  /** A planted fault, see `PlantedFaults.staleCheckpoint`. */
  readonly believesCheckpoints: boolean
  readonly tell: TellRestore
  readonly pace: Pace
}

/**
 * Brings the stores of tasks up to the end of their changelogs. It reads committed records, up to the high watermark as
 * it was when the task was taken over, not up to the last stable offset: a zombie's open transaction holds the
 * latter back, and committed records of the predecessor may lie beyond it. Restoring then waits until that
 * transaction has ended, which the broker enforces within `transactionTimeoutMs`.
 */
export class ChangelogRestorer {
  readonly #options: ChangelogRestorerOptions
  readonly #consumer: Consumer
  readonly #targets = new Map<string, Target>()
  restoredRecords = 0
  /** By task. */
  readonly restoredBy = new Map<string, number>()

  constructor(options: ChangelogRestorerOptions) {
    this.#options = options
    this.#consumer = options.consumer
  }

  get isIdle(): boolean {
    return this.#targets.size === 0
  }

  /** Records still to be restored, by the offsets. */
  get remaining(): number {
    return [...this.#targets.values()].reduce((sum, { end, position }) => sum + Math.max(0, end - position), 0)
  }

  remainingOf(active: ActiveTask): number {
    let sum = 0
    for (const target of this.#targets.values()) {
      if (target.active === active) sum += Math.max(0, target.end - target.position)
    }
    return sum
  }

  /** How far a changelog is in its store; undefined when it is not being restored, or no more. */
  positionOf(changelog: TopicPartition): number | undefined {
    const target = this.#targets.get(partitionText(changelog))
    return target && (hasRows(target) ? target.written : target.position)
  }

  isRestoring(active: ActiveTask): boolean {
    return [...this.#targets.values()].some((target) => target.active === active)
  }

  /**
   * Finds out what the tasks' stores miss. Legal only after the tasks' committed offsets were read.
   *
   * @throws STREAMS_CHANGELOG_LOST
   */
  async begin(tasks: readonly ActiveTask[]): Promise<void> {
    const changelogs = tasks.flatMap((active) => active.task.changelogs().map((changelog) => ({ active, changelog })))
    if (changelogs.length === 0) return
    const bounds = await this.#options.boundsOf(changelogs.map(({ changelog }) => changelog))
    const before = this.#targets.size
    for (const { active, changelog } of changelogs) {
      const found = bounds.get(partitionText(changelog)) ?? { begin: 0, end: 0, topicId: undefined }
      this.#aim(active, changelog, changelog.isSource ? consumedOf(active, changelog, found) : found)
    }
    if (this.#targets.size > before) this.#subscribe()
  }

  #aim(active: ActiveTask, changelog: TaskChangelog, bounds: ChangelogBounds): void {
    const { stores, expires, tell } = this.#options
    const { topic, partition, store } = changelog
    const knownTopicId = stores.note(active.id, changelogNote(store))
    // A topic of the user's is the truth whatever became of it.
    const hasProgress = active.hasProgress && changelog.isSource !== true
    // What is gone from a topic of the user's was not ours to keep.
    const mayExpire = changelog.isSource || expires(topic)
    const start = changelogStart({ changelog, knownTopicId, bounds, hasProgress, expires: mayExpire })
    if (start.wipes) stores.wipe(active.id, store)
    // Before anything of it is applied: what a crash leaves then is never taken for another topic's.
    if (bounds.topicId !== knownTopicId) stores.setNote(active.id, changelogNote(store), bounds.topicId)
    if (start.offset >= bounds.end) return
    if (this.#options.believesCheckpoints && !start.wipes) return
    const isSource = changelog.isSource ?? false
    const { offset: position } = start
    const progress = { position, written: position, end: bounds.end, restored: 0, rows: undefined }
    const target: Target = { topic, partition, active, store, isSource, ...progress }
    this.#targets.set(partitionText(changelog), target)
    tell({
      name: 'onRestoreStart',
      event: { ...changelogOf(target), startOffset: start.offset, endOffset: bounds.end },
    })
  }

  /** Restores what one poll brings; returns the tasks whose stores could not be written, which are restored no further. */
  async step(timeoutMs: number): Promise<readonly RestoreFailure[]> {
    if (this.isIdle) return []
    const failures = new Map<ActiveTask, RestoreFailure>()
    const waiting = new Set<Target>()
    for (const fetched of await this.#consumer.poll({ timeoutMs })) {
      const target = this.#targets.get(partitionText(fetched))
      if (!target || failures.has(target.active) || waiting.has(target)) continue
      try {
        this.#apply(target, fetched)
      } catch (error) {
        if (isNotReady(error)) {
          waiting.add(target)
          this.#await(target, error)
        } else failures.set(target.active, { active: target.active, error })
      }
    }
    if (failures.size > 0) this.drop([...failures.keys()])
    for (const target of this.#targets.values()) target.position = this.#position(target)
    for (let target = this.#due(); target; target = this.#due()) {
      try {
        await this.#write(target)
      } catch (error) {
        failures.set(target.active, { active: target.active, error })
        this.drop([target.active])
      }
    }
    this.#finishTargets()
    return [...failures.values()]
  }

  /** What was fetched is fetched again when its schema has come: there is nothing to apply until then. */
  #await(target: Target, error: unknown): void {
    const { topic, partition, position } = target
    this.#consumer.seek({ topic, partition, offset: position })
    this.#consumer.pause([target])
    const goOn = (): void => {
      if (this.#targets.get(partitionText(target)) === target) this.#consumer.resume([target])
    }
    // The consumer may have been closed by then.
    void whenSettled(error)
      .then(goOn)
      .catch(() => undefined)
  }

  /** The next whose rows are to be written: it is complete, or too much has been gathered. */
  #due(): Target | undefined {
    let sum = 0
    let most: Target | undefined
    for (const target of this.#targets.values()) {
      if (!hasRows(target)) continue
      const { bytes, count } = target.rows!
      if (target.position >= target.end || count > gatheredWritesMax / 8) return target
      sum += bytes
      if (most === undefined || bytes > most.rows!.bytes) most = target
    }
    return sum > gatheredBytesMax ? most : undefined
  }

  async #write(target: Target): Promise<void> {
    await target.rows!.settle(this.#options.pace)
    target.written = target.position
  }

  #finishTargets(): void {
    const done = [...this.#targets].filter(([, { position, end }]) => position >= end)
    if (done.length === 0) return
    for (const [name, target] of done) {
      this.#targets.delete(name)
      const event = { ...changelogOf(target), totalRestored: target.restored }
      this.#options.tell({ name: 'onRestoreEnd', event })
    }
    // Another assignment would throw away what is prefetched for the others.
    if (this.isIdle) this.#consumer.assign([])
    else this.#consumer.pause(done.map(([, { topic, partition }]) => ({ topic, partition })))
  }

  drop(tasks: readonly ActiveTask[]): void {
    const before = this.#targets.size
    for (const [name, target] of this.#targets) {
      if (!tasks.includes(target.active)) continue
      this.#targets.delete(name)
      const event = { ...changelogOf(target), totalRestored: target.restored }
      this.#options.tell({ name: 'onRestoreSuspended', event })
    }
    if (this.#targets.size !== before) this.#subscribe()
  }

  async close(): Promise<void> {
    await this.#consumer.close()
  }

  #apply(target: Target, fetched: FetchedPartition): void {
    const { firstOffset } = fetched
    const nextOffset = target.isSource ? Math.min(fetched.nextOffset, target.end) : fetched.nextOffset
    const before = target.isSource ? target.end : undefined
    const through = (store: ByteStore): Pick<ByteStore, 'apply'> => {
      target.rows ??= GatheredRows.of(store)
      return target.rows ?? store
    }
    const options = { firstOffset, nextOffset, before, through }
    const records = target.active.task.restore(target.store, fetched.batches, options)
    this.restoredRecords += records
    const { text } = target.active
    this.restoredBy.set(text, (this.restoredBy.get(text) ?? 0) + records)
    target.restored += records
    target.position = nextOffset
    if (records === 0) return
    const event = { ...changelogOf(target), batchEndOffset: nextOffset, records }
    this.#options.tell({ name: 'onBatchRestored', event })
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

function hasRows({ rows }: Target): boolean {
  return rows?.isPending === true
}

/** Restored from a topic that is read: what was not consumed yet is no part of the state. */
function consumedOf(active: ActiveTask, changelog: TaskChangelog, bounds: ChangelogBounds): ChangelogBounds {
  return { ...bounds, end: Math.min(bounds.end, active.committed.get(partitionText(changelog)) ?? bounds.begin) }
}

/** The note of a store that says which topic it was filled from. */
export function changelogNote(store: string): string {
  return `changelog:${store}`
}

function changelogOf({ topic, partition, store, active }: Target): StoreChangelog {
  return { topic, partition, store, task: active.text }
}
