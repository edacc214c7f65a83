import type { Serde } from '@millrace/contracts'
import { streamsError } from '../../errors.ts'
import { checkedName } from '../dsl/graph-builder.ts'
import type { KeySerdeOption } from '../dsl/types.ts'
import type { ProcessorSetup } from '../processor.ts'
import { derivedKeySerde, derivedValueSerde } from '../serdes/derived-serdes.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SpecOf, StoreSpec, StoreStorage } from '../topology/store-kinds.ts'
import { plainAccess, timestampedAccess } from './key-value-access.ts'
import type { StateStore } from './state-store.ts'
import type { KeyValueStore, TimestampedKeyValueStore, WindowStore } from './user-stores.ts'
import { windowAccess } from './window-access.ts'

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

/** How a store of any kind is kept. */
export interface StoreBuilderOptions<V> {
  /** Name of the store, of its changelog (`<application>-<name>-changelog`), and of queries. */
  readonly name: string
  /** How values are written; JSON unless told otherwise. */
  readonly value?: Serde<V, never>
  /**
   * `disk` (unless told otherwise) survives a restart; `memory` is restored from the changelog at every start; a
   * function supplies a byte store of its own.
   */
  readonly storage?: StoreStorage
  /** Whether the record cache stands in front; false unless told otherwise, as in Kafka Streams. */
  readonly cache?: boolean
  /**
   * Whether updates are logged, so that a lost disk loses nothing: true unless told otherwise. Settings are those of the
   * changelog topic, under Kafka's names.
   */
  readonly changelog?: boolean | Readonly<Record<string, string>>
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
  const open = (setup: ProcessorSetup): unknown => timestampedAccess(setup.store<StateStore>(spec.name), setup.context)
  return new DeclaredStore(spec, open as (setup: ProcessorSetup) => TimestampedKeyValueStore<K, V>)
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
  const { sizeMs, retentionMs } = options
  for (const [option, ms] of [
    ['sizeMs', sizeMs],
    ['retentionMs', retentionMs],
  ] as const) {
    if (Number.isSafeInteger(ms) && ms > 0) continue
    const message = `store '${options.name}': ${option} must be a whole number of milliseconds above 0, not ${ms}`
    throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { store: options.name })
  }
  if (retentionMs < sizeMs) {
    const message = `store '${options.name}': retentionMs (${retentionMs}) must be no less than sizeMs (${sizeMs})`
    throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { store: options.name })
  }
  const windowEnd = (startMs: number): number => startMs + sizeMs
  const spec: SpecOf<'window'> = {
    ...traitsOf(options),
    kind: 'window',
    retentionMs,
    windowSizeMs: sizeMs,
    windowEnd,
  }
  const open = (setup: ProcessorSetup): unknown => {
    return windowAccess(setup.store<StateStore>(spec.name), setup.context, spec, () => setup.drop('late'))
  }
  return new DeclaredStore(spec, open as (setup: ProcessorSetup) => WindowStore<K, V>)
}

type AnyOptions = StoreBuilderOptions<unknown> & { readonly key?: Serde<unknown, never> }

function keyValueSpecOf(options: AnyOptions): SpecOf<'keyValue'> {
  return { ...traitsOf(options), kind: 'keyValue' }
}

function traitsOf({ name, key, value, storage, cache = false, changelog = true }: AnyOptions): Omit<StoreSpec, 'kind'> {
  return {
    name: checkedName(name),
    keySerde: (key as AnySerde | undefined) ?? derivedKeySerde,
    valueSerde: (value as AnySerde | undefined) ?? derivedValueSerde,
    storage,
    cached: cache,
    changelog: changelog === true ? {} : changelog === false ? undefined : changelog,
  }
}
