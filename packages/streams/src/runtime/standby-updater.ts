import type { Clock } from '@millrace/base'
import { isNotReady, whenSettled } from '@millrace/contracts/internal'
import type { Consumer, FetchedPartition } from '@millrace/kafka'
import { partitionText } from './active-task.ts'
import type { TopicPartition } from './assignment/tasks.ts'
import { changelogNote } from './changelog-restorer.ts'
import type { StoreChangelog, TellRestore } from './restore-events.ts'
import type { StandbyTask } from './standby-task.ts'
import type { StateStores } from './state-stores.ts'
import type { BoundsOf } from './topics/changelog-bounds.ts'

interface Followed extends TopicPartition {
  readonly standby: StandbyTask
  readonly store: string
  /** A topic of the user's: what the task has not consumed yet is no part of the state. */
  readonly isSource: boolean
  /** Of such a topic, what the task has committed, as last heard. */
  limit: number | undefined
  isHeld: boolean
  /** Undefined until the changelog's beginning is known. */
  position: number | undefined
  /** As `position`, with what only marks the ends of transactions; noted when everything before it is applied. */
  reached: number | undefined
}

export interface StandbyUpdaterOptions {
  /** Made when there is the first standby. */
  readonly consumer: () => Consumer
  readonly stores: StateStores
  readonly boundsOf: BoundsOf
  /** What the group has committed of inputs. */
  readonly committedOf: (inputs: readonly TopicPartition[]) => Promise<readonly (TopicPartition & { offset: number })[]>
  readonly clock: Clock
  /** How often that is asked for. */
  readonly limitIntervalMs: number
  /** A planted fault, see `PlantedFaults.standbyAhead`. */
  readonly runsAhead: boolean
  readonly tell: TellRestore
  /** Told before a store is emptied, to be filled anew. */
  readonly onWiping?: (() => void) | undefined
}

/**
 * Keeps standby copies up with their changelogs, by committed records only. A copy that cannot go on (its changelog was
 * created anew, or records are gone that it has not seen) begins again from nothing: the active task is the one that has
 * something to lose.
 */
export class StandbyUpdater {
  readonly #options: StandbyUpdaterOptions
  readonly #followed = new Map<string, Followed>()
  #consumer: Consumer | undefined
  #asking: Promise<void> | undefined
  #askedAtMs = Number.NEGATIVE_INFINITY
  updatedRecords = 0
  /** Whether a store was emptied since this was last set to false. */
  hasWiped = false

  constructor(options: StandbyUpdaterOptions) {
    this.#options = options
  }

  get isIdle(): boolean {
    return this.#followed.size === 0
  }

  /**
   * Follows the changelogs of exactly these. `isPromoted` says of the others which run from now on; `keepsPromoted` is a
   * planted fault, see `PlantedFaults.doubleRestore`.
   */
  replace(standbys: readonly StandbyTask[], isPromoted: (task: string) => boolean, keepsPromoted = false): void {
    const before = this.#followed.size
    for (const [name, followed] of this.#followed) {
      if (standbys.includes(followed.standby)) continue
      if (keepsPromoted && isPromoted(followed.standby.text) && followed.position !== undefined) {
        this.#consumer!.seek({ topic: followed.topic, partition: followed.partition, offset: 0 })
        followed.position = 0
        continue
      }
      this.#followed.delete(name)
      if (followed.position === undefined) continue
      this.#options.tell({
        name: 'onUpdateSuspended',
        event: {
          ...this.#named(followed),
          storeOffset: followed.position,
          endOffset: this.#end(followed),
          reason: isPromoted(followed.standby.text) ? 'promoted' : 'migrated',
        },
      })
    }
    for (const standby of standbys) {
      for (const changelog of standby.changelogs()) {
        const { topic, partition, store, isSource = false } = changelog
        const name = partitionText(changelog)
        if (this.#followed.has(name)) continue
        const place = { limit: undefined, isHeld: false, position: undefined, reached: undefined }
        this.#followed.set(name, { topic, partition, store, isSource, standby, ...place })
      }
    }
    if (this.#followed.size > 0 || before > 0) this.#subscribe()
  }

  /**
   * Applies what has arrived, without waiting. Returns the copies whose stores could not be written; they are followed no
   * further.
   */
  async step(): Promise<readonly { readonly standby: StandbyTask; readonly error: unknown }[]> {
    if (this.isIdle) return []
    await this.#locate()
    this.#askForLimits()
    this.#holdBack()
    const consumer = this.#consumer!
    const failures = new Map<StandbyTask, unknown>()
    const waiting = new Set<Followed>()
    for (const fetched of await consumer.poll({ timeoutMs: 0 })) {
      const followed = this.#followed.get(partitionText(fetched))
      if (followed?.position === undefined || failures.has(followed.standby) || waiting.has(followed)) continue
      if (followed.isSource && followed.position >= (followed.limit ?? 0)) {
        // Came with what was taken up to there; it is fetched again when it is committed.
        consumer.seek({ ...partitionOf(followed), offset: followed.position })
        continue
      }
      if (fetched.firstOffset !== followed.position) {
        // The consumer begins anew where the records it was to read are gone.
        this.#begin(followed, undefined, fetched.logStartOffset)
        continue
      }
      try {
        this.#apply(followed, fetched)
      } catch (error) {
        if (isNotReady(error)) {
          waiting.add(followed)
          this.#await(followed, error)
        } else failures.set(followed.standby, error)
      }
    }
    for (const followed of this.#followed.values()) {
      if (followed.position === undefined || failures.has(followed.standby)) continue
      followed.reached = Math.max(followed.position, consumer.position(followed) ?? 0)
    }
    return [...failures].map(([standby, error]) => ({ standby, error }))
  }

  /** As when a task is restored: fetched again when its schema has come. */
  #await(followed: Followed, error: unknown): void {
    const consumer = this.#consumer!
    consumer.seek({ ...partitionOf(followed), offset: followed.position! })
    consumer.pause([followed])
    const goOn = (): void => {
      if (this.#followed.get(partitionText(followed)) === followed && !followed.isHeld) consumer.resume([followed])
    }
    void whenSettled(error)
      .then(goOn)
      .catch(() => undefined)
  }

  /** How many records a copy misses; undefined while that is not known. */
  lagOf(task: string): number | undefined {
    let sum = 0
    for (const followed of this.#followed.values()) {
      if (followed.standby.text !== task) continue
      const lag = this.#lagOf(followed)
      if (lag === undefined) return undefined
      sum += lag
    }
    return sum
  }

  /** The next offset that is read of a changelog; what only marks the ends of transactions counts as read. */
  positionOf(changelog: TopicPartition): number | undefined {
    return this.#followed.get(partitionText(changelog))?.reached
  }

  /** As `lagOf`, of the user's topics that the task's stores are restored from. */
  sourceLagOf(task: string): number | undefined {
    let sum = 0
    for (const followed of this.#followed.values()) {
      if (followed.standby.text !== task || !followed.isSource) continue
      const lag = this.#lagOf(followed)
      if (lag === undefined) return undefined
      sum += lag
    }
    return sum
  }

  #lagOf(followed: Followed): number | undefined {
    const { position, limit, isSource } = followed
    if (position === undefined) return undefined
    if (!isSource) return this.#consumer?.lag(followed)
    return limit === undefined ? undefined : Math.max(0, limit - position)
  }

  /** Where the copies of a task stand in their changelogs proper, as one figure. */
  offsetsOf(task: string): number {
    let sum = 0
    for (const { standby, position, isSource } of this.#followed.values())
      if (standby.text === task && !isSource) sum += position ?? 0
    return sum
  }

  /** All figures by task, for metrics. */
  lags(): ReadonlyMap<string, number | undefined> {
    return new Map([...this.#followed.values()].map(({ standby }) => [standby.text, this.lagOf(standby.text)]))
  }

  async close(): Promise<void> {
    this.#followed.clear()
    await this.#consumer?.close()
  }

  /** Finds out where those begin that are new. */
  async #locate(): Promise<void> {
    const fresh = [...this.#followed.values()].filter(({ position }) => position === undefined)
    if (fresh.length === 0) return
    const bounds = await this.#options.boundsOf(fresh)
    for (const followed of fresh) {
      // Gone meanwhile.
      if (this.#followed.get(partitionText(followed)) !== followed) continue
      const { begin, end, topicId } = bounds.get(partitionText(followed)) ?? { begin: 0, end: 0, topicId: undefined }
      const checkpoint = followed.standby.changelogs().find(({ store }) => store === followed.store)?.checkpoint
      const { stores } = this.#options
      const knownTopicId = stores.note(followed.standby.id, changelogNote(followed.store))
      const isOther = knownTopicId !== undefined && topicId !== undefined && knownTopicId !== topicId
      const continues = checkpoint !== undefined && checkpoint >= begin && checkpoint <= end && !isOther
      this.#begin(followed, continues ? checkpoint : undefined, begin)
      if (topicId !== knownTopicId) stores.setNote(followed.standby.id, changelogNote(followed.store), topicId)
    }
  }

  /** In the background: nothing else waits for it. What fails is asked again. */
  #askForLimits(): void {
    const { committedOf, clock, limitIntervalMs } = this.#options
    const sources = [...this.#followed.values()].filter(({ isSource, position }) => isSource && position !== undefined)
    const nowMs = clock.now()
    if (sources.length === 0 || this.#asking || Math.abs(nowMs - this.#askedAtMs) < limitIntervalMs) return
    this.#askedAtMs = nowMs
    this.#asking = committedOf(sources.map(({ topic, partition }) => ({ topic, partition })))
      .then((committed) => {
        const offsets = new Map(committed.map((at) => [partitionText(at), at.offset]))
        // Nothing committed: nothing consumed.
        for (const followed of sources) followed.limit = offsets.get(partitionText(followed)) ?? 0
      })
      .catch(() => undefined)
      .finally(() => {
        this.#asking = undefined
      })
  }

  /** A copy that knew more than the task would tell it to queries, and be made anew when the task is to run here. */
  #holdBack(): void {
    for (const followed of this.#followed.values()) {
      const { isSource, position, limit, isHeld } = followed
      if (!isSource || position === undefined) continue
      followed.isHeld = limit === undefined || position >= limit
      if (followed.isHeld === isHeld) continue
      if (followed.isHeld) this.#consumer!.pause([followed])
      else this.#consumer!.resume([followed])
    }
  }

  #begin(followed: Followed, checkpoint: number | undefined, begin: number): void {
    if (checkpoint === undefined) {
      this.#options.onWiping?.()
      this.hasWiped = true
      this.#options.stores.wipe(followed.standby.id, followed.store)
    }
    followed.position = checkpoint ?? begin
    followed.reached = followed.position
    const { topic, partition, position } = followed
    this.#consumer!.seek({ topic, partition, offset: position })
    this.#consumer!.resume([followed])
    followed.isHeld = false
    this.#options.tell({ name: 'onUpdateStart', event: { ...this.#named(followed), startOffset: position } })
  }

  #apply(followed: Followed, { batches, firstOffset, nextOffset: fetchedTo }: FetchedPartition): void {
    const nextOffset = Math.min(fetchedTo, followed.limit ?? fetchedTo)
    const before = followed.isSource ? nextOffset : undefined
    if (nextOffset < fetchedTo) this.#consumer!.seek({ ...partitionOf(followed), offset: nextOffset })
    const reached = this.#options.runsAhead ? Math.max(nextOffset, this.#end(followed) ?? 0) : nextOffset
    const records = followed.standby.restore(followed.store, batches, { firstOffset, nextOffset: reached, before })
    this.updatedRecords += records
    followed.position = nextOffset
    if (records === 0) return
    const event = { ...this.#named(followed), batchEndOffset: nextOffset, records, endOffset: this.#end(followed) }
    this.#options.tell({ name: 'onBatchLoaded', event })
  }

  /** What stays keeps its position and what was fetched ahead; what is new waits until `#locate` has found its place. */
  #subscribe(): void {
    this.#consumer ??= this.#options.consumer()
    const all = [...this.#followed.values()]
    this.#consumer.assign(all.map(({ topic, partition }) => ({ topic, partition })))
    this.#consumer.pause(all.filter(({ position }) => position === undefined))
  }

  #end(followed: Followed): number | undefined {
    if (!this.#consumer?.assignment().some((at) => partitionText(at) === partitionText(followed))) return undefined
    const lag = this.#consumer.lag(followed)
    return lag === undefined ? undefined : (followed.position ?? 0) + lag
  }

  #named({ topic, partition, store, standby }: Followed): StoreChangelog {
    return { topic, partition, store, task: standby.text }
  }
}

function partitionOf({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition }
}
