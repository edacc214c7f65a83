import type { Serde } from '@millrace/contracts'
import { streamsError } from '../../errors.ts'
import { checkedName } from '../dsl/graph-builder.ts'
import { type KeptAs, keptAs } from '../dsl/kept-as.ts'
import type { KeySerdeOption } from '../dsl/types.ts'
import type { ProcessorSetup } from '../processor.ts'
import { derivedKeySerde, derivedValueSerde } from '../serdes/derived-serdes.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SpecOf, StoreSpec } from '../topology/store-kinds.ts'
import { plainAccess } from './key-value-access.ts'
import { openAccess } from './open-access.ts'
import type { StateStore } from './state-store.ts'
import type {
  HeadersKeyValueStore,
  HeadersSessionStore,
  HeadersWindowStore,
  KeyValueStore,
  SessionStore,
  TimestampedKeyValueStore,
  VersionedKeyValueStore,
  WindowStore,
} from './user-stores.ts'
import { withHeadersSerde } from './value-headers.ts'

declare const access: unique symbol

/**
 * A store that processors share by name: what it is called, how it is kept, and what `context.store` hands out for it.
 * One builder may go to several processors of a topology.
 */
export interface StoreBuilder<out S> {
  readonly name: string
  /** What processors are given; a type alone. */
  readonly [access]?: S
}

/** How a store of any kind is kept. Without a word about it there is no cache in front, as in Kafka Streams. */
export interface StoreBuilderOptions<V> extends KeptAs {
  /** Name of the store, of its changelog (`<application>-<name>-changelog`), and of queries. */
  readonly name: string
  /** How values are written; JSON unless told otherwise. */
  readonly value?: Serde<V, never>
}

/** A builder as the planner and processors see it. */
export class DeclaredStore<S> implements StoreBuilder<S> {
  readonly spec: StoreSpec
  readonly open: (setup: ProcessorSetup) => S

  constructor(spec: StoreSpec, open: (setup: ProcessorSetup) => S) {
    this.spec = spec
    this.open = open
  }

  get name(): string {
    return this.spec.name
  }
}

/**
 * Declares a key-value store.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 * @example
 * const totals = keyValueStore<string, number>({ name: 'totals' })
 * orders.process(addUp, { stores: [totals] })
 */
export function keyValueStore<K, V>(
  options: StoreBuilderOptions<V> & KeySerdeOption<K>,
): StoreBuilder<KeyValueStore<K, V>> {
  const spec = keyValueSpecOf(options)
  const open = (setup: ProcessorSetup): unknown => plainAccess(setup.store<StateStore>(spec.name), setup.context)
  return new DeclaredStore(spec, open as (setup: ProcessorSetup) => KeyValueStore<K, V>)
}

/** Declares a key-value store whose values carry the time of the record that made them. */
export function timestampedKeyValueStore<K, V>(
  options: StoreBuilderOptions<V> & KeySerdeOption<K>,
): StoreBuilder<TimestampedKeyValueStore<K, V>> {
  const spec = keyValueSpecOf(options)
  return declared(spec)
}

/**
 * Declares a store of windows of equal length.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 * @example
 * const perMinute = windowStore<string, number>({ name: 'per-minute', sizeMs: 60_000, retentionMs: 3_600_000 })
 */
export function windowStore<K, V>(
  options: StoreBuilderOptions<V> &
    KeySerdeOption<K> & {
      /** Length of the windows; it tells where they end. */
      readonly sizeMs: number
      /** How long after its start a window is kept, by stream time. */
      readonly retentionMs: number
    },
): StoreBuilder<WindowStore<K, V>> {
  const spec = windowSpecOf(options)
  return declared(spec)
}

/**
 * Declares a store of sessions.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 * @example
 * const visits = sessionStore<string, number>({ name: 'visits', retentionMs: 86_400_000 })
 */
export function sessionStore<K, V>(
  options: StoreBuilderOptions<V> &
    KeySerdeOption<K> & {
      /** How long after its end a session is kept, by stream time. */
      readonly retentionMs: number
    },
): StoreBuilder<SessionStore<K, V>> {
  const spec = sessionSpecOf(options)
  return declared(spec)
}

/**
 * Declares a store that keeps versions of its values (KIP-889). Versioned stores are not cached.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 * @example
 * const prices = versionedStore<string, number>({ name: 'prices', historyRetentionMs: 86_400_000 })
 */
export function versionedStore<K, V>(
  options: Omit<StoreBuilderOptions<V>, 'cache'> &
    KeySerdeOption<K> & {
      /** How long before stream time a version is kept after the next one has taken its place. */
      readonly historyRetentionMs: number
    },
): StoreBuilder<VersionedKeyValueStore<K, V>> {
  const { name, historyRetentionMs } = options
  checkMs(name, 'historyRetentionMs', historyRetentionMs)
  return declared({ ...traitsOf(options), kind: 'versioned', historyRetentionMs })
}

function checkMs(store: string, option: string, ms: number): void {
  if (Number.isSafeInteger(ms) && ms > 0) return
  const message = `store '${store}': ${option} must be a whole number of milliseconds above 0, not ${ms}`
  throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { store })
}

function windowSpecOf(
  options: AnyOptions & { readonly sizeMs: number; readonly retentionMs: number },
): SpecOf<'window'> {
  const { sizeMs, retentionMs } = options
  checkMs(options.name, 'sizeMs', sizeMs)
  checkMs(options.name, 'retentionMs', retentionMs)
  if (retentionMs < sizeMs) {
    const message = `store '${options.name}': retentionMs (${retentionMs}) must be no less than sizeMs (${sizeMs})`
    throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { store: options.name })
  }
  const windowEnd = (startMs: number): number => startMs + sizeMs
  return {
    ...traitsOf(options),
    kind: 'window',
    retentionMs,
    windowSizeMs: sizeMs,
    windowEnd,
  }
}

function sessionSpecOf(options: AnyOptions & { readonly retentionMs: number }): SpecOf<'session'> {
  const { name, retentionMs } = options
  checkMs(name, 'retentionMs', retentionMs)
  return { ...traitsOf(options), kind: 'session', retentionMs }
}

type AnyOptions = StoreBuilderOptions<unknown> & { readonly key?: Serde<unknown, never> }

function keyValueSpecOf(options: AnyOptions): SpecOf<'keyValue'> {
  return { ...traitsOf(options), kind: 'keyValue' }
}

function traitsOf({ name, key, value, cache = false, ...kept }: AnyOptions): Omit<StoreSpec, 'kind'> {
  return {
    name: checkedName(name),
    keySerde: (key as AnySerde | undefined) ?? derivedKeySerde,
    valueSerde: (value as AnySerde | undefined) ?? derivedValueSerde,
    ...keptAs({ ...kept, cache }),
  }
}

/**
 * Declares a key-value store whose values carry time and headers of the record that made them (KIP-1271). The changelog has
 * plain values, and the headers as its records'.
 *
 * @example
 * const latest = keyValueStoreWithHeaders<string, Order>({ name: 'latest' })
 */
export function keyValueStoreWithHeaders<K, V>(
  options: StoreBuilderOptions<V> & KeySerdeOption<K>,
): StoreBuilder<HeadersKeyValueStore<K, V>> {
  const spec = withHeaders(keyValueSpecOf(options))
  return declared(spec)
}

/** As `windowStore`, with headers. */
export function windowStoreWithHeaders<K, V>(
  options: Parameters<typeof windowStore<K, V>>[0],
): StoreBuilder<HeadersWindowStore<K, V>> {
  const spec = withHeaders(windowSpecOf(options))
  return declared(spec)
}

/** As `sessionStore`, with headers. */
export function sessionStoreWithHeaders<K, V>(
  options: Parameters<typeof sessionStore<K, V>>[0],
): StoreBuilder<HeadersSessionStore<K, V>> {
  const spec = withHeaders(sessionSpecOf(options))
  return declared(spec)
}

function declared<S>(spec: StoreSpec): StoreBuilder<S> {
  return new DeclaredStore(spec, (setup) => openAccess(spec, setup) as S)
}

function withHeaders<S extends StoreSpec>(spec: S): S {
  return { ...spec, valueSerde: withHeadersSerde(spec.valueSerde), hasHeaders: true }
}
