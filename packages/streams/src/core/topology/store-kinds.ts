import type { ByteStore, ByteStoreOptions } from '../stores/byte-store.ts'
import type { AnySerde } from './physical.ts'

/** Where the committed layer of a store lies: on disk, in memory, or in what a function opens for each task. */
export type StoreStorage = 'disk' | 'memory' | ((options: ByteStoreOptions) => ByteStore)

/** What all stores declare, whatever their kind. */
interface StoreTraits {
  readonly name: string
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
  /** Whether the record cache stands in front. */
  readonly cached: boolean
  /** Settings of the changelog topic beside those that follow from the kind; undefined: the store keeps no changelog. */
  readonly changelog: Readonly<Record<string, string>> | undefined
  /** On disk unless told otherwise. */
  readonly storage?: StoreStorage | undefined
  /**
   * A topic of the user's that holds what the store holds: it is restored from there, up to what was consumed, and keeps
   * no changelog (Kafka Streams' `reuse.ktable.source.topics`).
   */
  readonly restoresFrom?: string | undefined
  /** Values are `StoredWithHeaders`; the changelog has them as plain values and headers. */
  readonly hasHeaders?: boolean
}

export interface KeyValueKind {
  readonly kind: 'keyValue'
}

export interface WindowKind {
  readonly kind: 'window'
  /** How long after its start a window is kept, by stream time. */
  readonly retentionMs: number
  /** The length that the end of a window is computed from; undefined where lengths vary (calendar windows). */
  readonly windowSizeMs: number | undefined
  /** The end of a window from its start. */
  readonly windowEnd: (startMs: number) => number
  /** Windows of a key are looked up several at once (sliding windows): operators get a `SpanStore`. */
  readonly hasSpans?: boolean
  /**
   * Whether a window that began just `retentionMs` before the latest is still there: so it is in the stores that Kafka
   * Streams keeps results on close in, which are laid out another way than the others.
   */
  readonly keepsBoundary?: boolean
}

/** Sessions of a key: spans of time that records prolong and join. */
export interface SessionKind {
  readonly kind: 'session'
  /** How long after its end a session is kept, by stream time. */
  readonly retentionMs: number
}

/** The records of one side of a join of streams: a window begins at the time of each, and duplicates are kept. */
export interface WindowListKind {
  readonly kind: 'windowList'
  readonly retentionMs: number
}

/** Records of both sides of a left or outer join of streams that have found no partner yet. */
export interface OuterJoinKind {
  readonly kind: 'outerJoin'
  readonly leftSerde: AnySerde
  readonly rightSerde: AnySerde
}

/** Changes of a table that are held back. */
export interface BufferKind {
  readonly kind: 'buffer'
  /** Whether the bounds of the buffer ask for the size of what it holds. */
  readonly countsBytes: boolean
}

/** Subscriptions of a foreign-key join, under the foreign key and the row's own. */
export interface SubscriptionKind {
  readonly kind: 'subscription'
}

/** Rows whose versions can be asked for by time. */
export interface VersionedKind {
  readonly kind: 'versioned'
  /** How long before stream time a version is kept after the next one has taken its place. */
  readonly historyRetentionMs: number
}

/** Records of a stream that wait to be joined. */
export interface JoinBufferKind {
  readonly kind: 'joinBuffer'
}

/** What a kind of store has of its own. A new kind is added here, in `stores/open-store.ts` and in `internal-topics.ts`. */
export type StoreKind =
  | KeyValueKind
  | WindowKind
  | SessionKind
  | WindowListKind
  | OuterJoinKind
  | SubscriptionKind
  | VersionedKind
  | JoinBufferKind
  | BufferKind

/** A store as a step of the program declares it. */
export type StoreSpec = StoreTraits & StoreKind

/** A spec of one kind. */
export type SpecOf<K extends StoreKind['kind']> = Extract<StoreSpec, { readonly kind: K }>

/** Windows that began so long before the latest, or longer, are gone. */
export function goneAfterMs({ retentionMs, keepsBoundary }: Omit<WindowKind, 'kind'>): number {
  return keepsBoundary ? retentionMs + 1 : retentionMs
}

/** How a store lies in the committed layer: windows in segments of time, everything else by key. */
export function layoutOf(store: StoreKind): Pick<ByteStoreOptions, 'kind' | 'retentionMs'> {
  switch (store.kind) {
    case 'window':
    case 'windowList':
      return { kind: 'window', retentionMs: finite(store.retentionMs) }
    case 'session':
      // A session that ended just so long ago is still open: it may be waiting to be handed on.
      return { kind: 'session', retentionMs: finite(store.retentionMs + 1) }
    default:
      return { kind: 'keyValue' }
  }
}

/** What is kept for ever has no retention. */
function finite(retentionMs: number): number | undefined {
  return Number.isFinite(retentionMs) ? retentionMs : undefined
}
