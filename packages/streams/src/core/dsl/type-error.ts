import type {
  HeadersKeyValueStore,
  HeadersSessionStore,
  HeadersWindowStore,
  KeyValueStore,
  SessionStore,
  TimestampedKeyValueStore,
  WindowStore,
} from '../stores/user-stores.ts'
import type { Windowed } from '../windows/windows.ts'

declare const sentence: unique symbol

/** A type that nothing fits, and whose name in the compiler's message says what is wrong. */
export interface TypeMessage<Sentence extends string> {
  readonly [sentence]: Sentence
}

/**
 * What `this` is in the last overload of a step, which nothing fits: the compiler speaks of the last one, and so says the
 * sentence, whatever is wrong with the arguments.
 */
export type Misuse<Sentence extends string> = TypeMessage<Sentence>

declare const found: unique symbol

/** A message that shows what does not fit, too: the types beside each other. */
export interface TypeMismatch<Sentence extends string, Found> extends TypeMessage<Sentence> {
  readonly [found]?: Found
}

/** What a callback may return: anything but a promise. */
export type Sync<R> =
  R extends PromiseLike<unknown>
    ? TypeMessage<'A callback of a topology must not return a promise: topologies are synchronous'>
    : R

/** Passes where both are keys of one kind; the compiler's message is the sentence otherwise. */
export type SameKey<K, Other> = [K] extends [Other] ? ([Other] extends [K] ? unknown : KeysDiffer) : KeysDiffer

type KeysDiffer =
  TypeMessage<'The two sides of a join must have keys of the same type; give one of them that key first (selectKey, groupBy)'>

/** Tombstones may be written to any topic. Passes where a stream of `K` and `V` may be written to a topic that takes `KIn` and `VIn`. */
export type FitsTopic<K, V, KIn, VIn> = [K] extends [KIn]
  ? [NonNullable<V>] extends [VIn]
    ? unknown
    : TypeMismatch<
        'The values of the stream do not match the values of the topic contract',
        { stream: NonNullable<V>; topic: VIn }
      >
  : [K] extends [Windowed<unknown>]
    ? TypeMessage<'The keys of the stream are those of windows: the topic needs windowedSerde(…) for its keys, or the stream map(…) first'>
    : TypeMismatch<'The keys of the stream do not match the keys of the topic contract', { stream: K; topic: KIn }>

/** Passes for stores that a topic can fill. */
export type FilledByTopic<S> = S extends FillableStore
  ? unknown
  : TypeMessage<'A topic fills a store of keys and values: keyValueStore, timestampedKeyValueStore or keyValueStoreWithHeaders'>

/** As `FilledByTopic`, for stores that every instance holds whole. */
export type FilledByWholeTopic<S> = S extends FillableStore | FillableWindows
  ? unknown
  : TypeMessage<'A topic fills a store of keys and values, of windows or of sessions: versions are not kept by global stores'>

type FillableWindows =
  | WindowStore<Any, Any>
  | HeadersWindowStore<Any, Any>
  | SessionStore<Any, Any>
  | HeadersSessionStore<Any, Any>
type FillableStore = KeyValueStore<Any, Any> | TimestampedKeyValueStore<Any, Any> | HeadersKeyValueStore<Any, Any>
// biome-ignore lint/suspicious/noExplicitAny: what a store holds is between its processor and those who read it
type Any = any

/** Passes where final results are asked for rows of windows. */
export type ClosesFor<K, S> = S extends { readonly until: 'windowCloses' }
  ? K extends { readonly window: unknown }
    ? unknown
    : TypeMessage<'Only rows of windows have a close; without windows use untilTimeLimit'>
  : unknown
