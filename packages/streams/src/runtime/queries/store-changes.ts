import { isNotReady, whenSettled } from '@millrace/contracts/internal'
import type { Header } from '@millrace/protocol'
import { asBuffer } from '../../core/stores/bytes.ts'
import { keyOfSessionKey, sessionEndOf, sessionStartOf } from '../../core/stores/session-key.ts'
import { plainValueSerde } from '../../core/stores/value-headers.ts'
import { isWindowKey, keyOfWindowKey, windowStartOf } from '../../core/stores/window-key.ts'
import type { StorePlan } from '../../core/topology/plan.ts'
import { streamsError } from '../../errors.ts'
import { ChangeFeed, type LoggedChange } from './change-feed.ts'
import type { QuerySource } from './query-source.ts'

/** A committed update of a store. */
export interface StoreChange {
  readonly partition: number
  /** In the store's changelog, or in the topic that it is restored from. */
  readonly offset: number
  readonly keyBytes: Uint8Array
  readonly key: unknown
  /** Windows and sessions. */
  readonly start?: number
  readonly end?: number
  /** undefined: deleted. */
  readonly value: unknown
  /** Of a versioned store: since when the version is valid; versions may come late, behind later ones. */
  readonly timestamp: number
  /** Stores with headers. */
  readonly headers?: readonly Header[]
}

/** Follows the changes of a store; close it when done. */
export interface StoreChanges extends AsyncDisposable {
  /** Begins to read a partition's changes from an offset on; false when they have left the buffer already. */
  follow(partition: number, offset: number): boolean
  /** What has arrived of the partitions followed, in the order of each; waits until something has, or the signal. */
  next(signal: AbortSignal): Promise<readonly StoreChange[]>
  /** By partition, the offset that `next` goes on with. */
  offsets(): ReadonlyMap<number, number>
}

/** Bytes of one partition's changes that are kept for readers, and changes that are handed out at once. */
const changeLimits = { bufferMaxBytes: 4 * 1024 * 1024, batch: 500 } as const

/** The change feeds of an instance: one per store that somebody follows. */
export class ChangeFeeds {
  readonly #source: QuerySource
  readonly #feeds = new Map<string, ChangeFeed>()

  constructor(source: QuerySource) {
    this.#source = source
  }

  /** @throws STREAMS_STORE_NO_CHANGES */
  open(store: StorePlan): StoreChanges {
    const { plan } = this.#source
    // A global table is another one in each instance.
    const topic = plan.stores.has(store.name) ? (store.restoresFrom ?? store.changelogTopic) : undefined
    const decode = decoderOf(store)
    if (topic === undefined || decode === undefined) {
      throw streamsError('STREAMS_STORE_NO_CHANGES', `${store.name} has no changes to follow`, { store: store.name })
    }
    const consumedBy = store.restoresFrom === undefined ? undefined : plan.applicationId
    const feed = this.#feeds.get(topic) ?? this.#newFeed(topic, consumedBy)
    feed.retain()
    return new FollowedChanges(feed, consumedBy === undefined ? decode : ifReadable(decode))
  }

  #newFeed(topic: string, consumedBy: string | undefined): ChangeFeed {
    const { client, clock } = this.#source
    const feed = new ChangeFeed({
      client,
      clock,
      topic,
      consumedBy,
      bufferMaxBytes: changeLimits.bufferMaxBytes,
      onIdle: () => this.#feeds.delete(topic),
    })
    this.#feeds.set(topic, feed)
    return feed
  }
}

type Decode = (change: LoggedChange) => StoreChange | undefined

class FollowedChanges implements StoreChanges {
  readonly #feed: ChangeFeed
  readonly #decode: Decode
  readonly #offsets = new Map<number, number>()
  #isOpen = true

  constructor(feed: ChangeFeed, decode: Decode) {
    this.#feed = feed
    this.#decode = decode
  }

  follow(partition: number, offset: number): boolean {
    if (!this.#feed.covers(partition, offset)) return false
    this.#feed.follow(partition, offset)
    this.#offsets.set(partition, offset)
    return true
  }

  async next(signal: AbortSignal): Promise<readonly StoreChange[]> {
    while (this.#isOpen) {
      signal.throwIfAborted()
      const arrival = this.#feed.arrival()
      const { found, missing } = this.#read()
      if (found.length > 0) return found
      await Promise.race([...missing, arrival, aborted(signal)])
    }
    return []
  }

  offsets(): ReadonlyMap<number, number> {
    return new Map(this.#offsets)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#feed.release()
  }

  #read(): { readonly found: readonly StoreChange[]; readonly missing: readonly Promise<void>[] } {
    const found: StoreChange[] = []
    const missing: Promise<void>[] = []
    for (const [partition, offset] of this.#offsets) {
      const end = this.#feed.next(partition)
      const changes = this.#feed.read(partition, offset, changeLimits.batch)
      const last = changes.at(-1)
      const isAll = changes.length < changeLimits.batch
      let next = isAll ? Math.max(offset, end) : last!.offset + 1
      for (const change of changes) {
        try {
          const decoded = this.#decode(change)
          if (decoded) found.push(decoded)
        } catch (error) {
          if (!isNotReady(error)) throw error
          // Goes on from here when the schema has come.
          missing.push(whenSettled(error))
          next = change.offset
          break
        }
      }
      this.#offsets.set(partition, next)
    }
    return { found, missing }
  }
}

const abortions = new WeakMap<AbortSignal, Promise<never>>()

/** Rejects when the signal is aborted; one promise per signal, however often it is waited for. */
function aborted(signal: AbortSignal): Promise<never> {
  const known = abortions.get(signal)
  if (known) return known
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  promise.catch(() => undefined)
  abortions.set(signal, promise)
  return promise
}

/** What of a user's topic cannot be read has not come into the store. */
function ifReadable(decode: Decode): Decode {
  return (change) => {
    try {
      return decode(change)
    } catch (error) {
      if (isNotReady(error)) throw error
      return undefined
    }
  }
}

/** How a store's changelog records are read; undefined where they are more than a key and its value. */
function decoderOf(store: StorePlan): Decode | undefined {
  const { keySerde, hasHeaders = false } = store
  // Headers are those of the record, and the value stands alone.
  const valueSerde = plainValueSerde(store)
  const rest = ({ partition, offset, valueBytes, timestamp, headers }: LoggedChange) => ({
    partition,
    offset,
    timestamp,
    value: valueBytes === null ? undefined : valueSerde.deserialize(valueBytes),
    ...(hasHeaders && { headers }),
  })
  const keyed = (keyBytes: Uint8Array) => ({ keyBytes, key: keySerde.deserialize(keyBytes) })
  switch (store.kind) {
    case 'keyValue':
    case 'versioned':
      return (change) => ({ ...keyed(change.keyBytes), ...rest(change) })
    case 'window':
      return (change) => {
        if (!isWindowKey(change.keyBytes)) return undefined
        const start = windowStartOf(change.keyBytes)
        return { ...keyed(keyOfWindowKey(change.keyBytes)), start, end: store.windowEnd(start), ...rest(change) }
      }
    case 'session':
      return (change) => {
        const bytes = asBuffer(change.keyBytes)
        return {
          ...keyed(keyOfSessionKey(bytes)),
          start: sessionStartOf(bytes),
          end: sessionEndOf(bytes),
          ...rest(change),
        }
      }
    default:
      return undefined
  }
}
