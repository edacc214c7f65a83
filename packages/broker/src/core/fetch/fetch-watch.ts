import type { Isolation, Partition, PartitionReader } from '../partition.ts'
import type { FetchedPartition } from './fetch-sessions.ts'

/** One partition of a fetch, and whether to look at it. */
export class WatchedPartition implements PartitionReader {
  one: FetchedPartition
  /** As it was last found; undefined when it was not. */
  partition: Partition | undefined
  /** Bytes appended to the partition that have been counted. */
  counted = 0
  readonly #watch: FetchWatch
  #subscribed: Partition | undefined

  constructor(watch: FetchWatch, one: FetchedPartition) {
    this.#watch = watch
    this.one = one
  }

  changed(): void {
    this.#watch.changed(this)
  }

  /** From now on changes of the partition are noticed. */
  subscribe(): void {
    const { partition } = this
    if (partition === this.#subscribed) return
    this.#subscribed?.readers.delete(this)
    partition?.readers.add(this)
    this.#subscribed = partition
  }

  unsubscribe(): void {
    this.#subscribed?.readers.delete(this)
    this.#subscribed = undefined
  }
}

/** A fetch that waits. */
export interface Waiting {
  readonly minBytes: number
  readonly isolation: Isolation
  /** Bytes that can be read; counted up by the watch. */
  available: number
  /** There are at least `minBytes`, or a partition goes away. */
  enough(): void
}

/**
 * The partitions of a fetch or a fetch session. Knows which of them are due for a look: at first all, then those about which
 * the client has said or the log has done something since. A poll of a thousand partitions with nothing new looks at none.
 */
export class FetchWatch {
  /** By `fetchedKey`. */
  readonly #all = new Map<string, WatchedPartition>()
  /** In the order in which they are served: who got data goes to the end, so that nobody starves. */
  readonly #due = new Set<WatchedPartition>()
  #wait: Waiting | undefined

  set(key: string, one: FetchedPartition): void {
    let watched = this.#all.get(key)
    if (watched) {
      one.sentHighWatermark = watched.one.sentHighWatermark
      one.sentLogStartOffset = watched.one.sentLogStartOffset
      watched.one = one
    } else {
      watched = new WatchedPartition(this, one)
      this.#all.set(key, watched)
    }
    this.#due.add(watched)
  }

  delete(key: string): void {
    const watched = this.#all.get(key)
    if (!watched) return
    watched.unsubscribe()
    this.#all.delete(key)
    this.#due.delete(watched)
  }

  all(): Iterable<WatchedPartition> {
    return this.#all.values()
  }

  /** A copy: looking changes it. */
  due(): readonly WatchedPartition[] {
    return [...this.#due]
  }

  /** After a look that found nothing that the client does not know: changes are noticed, looks are not needed. */
  quiet(watched: WatchedPartition): void {
    watched.subscribe()
    this.#due.delete(watched)
  }

  /** After a look that gave the client data: others go first next time. */
  served(watched: WatchedPartition): void {
    this.#due.delete(watched)
    this.#due.add(watched)
  }

  /** Something has changed for all partitions, such as what the client may read. */
  makeAllDue(): void {
    for (const watched of this.#all.values()) this.#due.add(watched)
  }

  /** Tells `waiting`, once, when there is enough for it. */
  wait(waiting: Waiting): void {
    for (const watched of this.#due) {
      watched.counted = watched.partition?.bytesAppended ?? 0
      watched.subscribe()
    }
    this.#wait = waiting
  }

  get isWaiting(): boolean {
    return this.#wait !== undefined
  }

  stopWaiting(): void {
    this.#wait = undefined
  }

  /** For the watched partitions only. */
  changed(watched: WatchedPartition): void {
    this.#due.add(watched)
    const { partition } = watched
    // It may not be read any more: the next look says so.
    if (!partition) return
    const wait = this.#wait
    if (!wait) {
      watched.counted = partition.bytesAppended
      return
    }
    if (!partition.closed) {
      if (partition.readableEnd(wait.isolation) <= watched.one.fetchOffset) return
      wait.available += partition.bytesAppended - watched.counted
      watched.counted = partition.bytesAppended
      if (wait.available < wait.minBytes) return
    }
    this.#wait = undefined
    wait.enough()
  }

  /** Lets go of all partitions; the next look is at all of them. */
  rest(): void {
    this.#wait = undefined
    for (const watched of this.#all.values()) {
      watched.unsubscribe()
      this.#due.add(watched)
    }
  }
}
