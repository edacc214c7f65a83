import type { Header, HeaderInput } from '@millrace/protocol'
import type { AskedByKind } from '../dsl/type-misuse.ts'
import type { StoreBuilder } from '../stores/store-builders.ts'
import type { Cancellable, PunctuationOptions, Punctuator } from './punctuations.ts'

/** A record as a processor is given it. */
export interface ProcessorRecord<K, V> {
  readonly key: K
  readonly value: V
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: readonly Header[]
}

/** A record that a processor hands on; time and headers are those of the record in hand unless given. */
export interface ForwardedRecord<K, V> {
  readonly key: K
  readonly value: V
  readonly timestamp?: number
  readonly headers?: readonly HeaderInput[]
}

/** Marks a record whose key is the one that it came with; `{ ...record, value }` keeps the mark. */
export const fixedKey: unique symbol = Symbol('fixed key')

/** A record of `processValues`: what is made from it keeps its key. */
export interface FixedKeyRecord<K, V> extends ProcessorRecord<K, V> {
  readonly [fixedKey]: K
}

/** Where the record in hand was read. */
export interface SourceOfRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface ForwardOptions {
  /** Name of the one step that is to get the record; all that follow this one get it otherwise. */
  readonly to?: string
}

/** What every processor is given for as long as its task runs. */
export interface ProcessingContext {
  readonly applicationId: string
  /** Sub-topology and partition, as `0_1`. */
  readonly taskId: string
  /** Where the record in hand was read; undefined while a punctuation is at work. */
  readonly source: SourceOfRecord | undefined
  /** The greatest timestamp that the task has seen, in epoch milliseconds; -1 before the first record. */
  readonly streamTimeMs: number
  /** The clock, in epoch milliseconds. */
  readonly wallClockMs: number
  /**
   * A store that the step was connected to, by what declared it or by its name; by name, tables and other key-value
   * stores are `TimestampedKeyValueStore`s. A global table need not be connected: by its store's name it is a
   * `ReadOnlyKeyValueStore`.
   *
   * @throws STREAMS_STORE_NOT_CONNECTED
   */
  store<S>(store: StoreBuilder<S>): AskedByKind<S>
  store<S>(store: string): AskedByKind<S>
  /** Has `punctuator` called at intervals, between records and within the transaction. */
  schedule(options: PunctuationOptions, punctuator: Punctuator): Cancellable
  /** Asks for a commit soon, before the interval is over. */
  commit(): void
}

/** The context of a processor that makes keys of type `K` and values of type `V`. */
export interface ProcessorContext<K, V> extends ProcessingContext {
  /** Hands a record on, at once: when this returns, the steps that follow have processed it. */
  forward(record: ForwardedRecord<K, V>, options?: ForwardOptions): void
}

/** The context of a processor that keeps keys and makes values of type `V`. */
export interface FixedKeyProcessorContext<K, V> extends ProcessingContext {
  /** Hands on a record that was made from one that came in: `forward({ ...record, value })`. */
  forward(record: ForwardedRecord<K, V> & { readonly [fixedKey]: K }, options?: ForwardOptions): void
}

/** One at work in one task; made anew when the task moves or begins again after an aborted transaction. */
export interface RecordProcessor<R> {
  process(record: R): void
  /** Called when the task closes, and before it begins again; stores can still be read, and nothing be handed on. */
  close?(): void
}

type Supplied<Context, R> =
  | ((context: Context) => RecordProcessor<R>)
  | {
      /** Stores that the processor brings along; they need not be named where it is used. */
      readonly stores?: readonly StoreBuilder<unknown>[]
      readonly create: (context: Context) => RecordProcessor<R>
    }

/**
 * Makes the processor of a task: a function of the context, or an object with one and the stores that it needs.
 *
 * @example
 * const addUp = (context: ProcessorContext<string, number>) => {
 *   const totals = context.store(totalsStore)
 *   return {
 *     process({ key, value }: ProcessorRecord<string, Order>) {
 *       const total = (totals.get(key) ?? 0) + value.amount
 *       totals.put(key, total)
 *       context.forward({ key, value: total })
 *     },
 *   }
 * }
 */
export type ProcessorSupplier<K, V, KOut, VOut> = Supplied<ProcessorContext<KOut, VOut>, ProcessorRecord<K, V>>

/** As `ProcessorSupplier`, for processors that keep keys. */
export type FixedKeyProcessorSupplier<K, V, VOut> = Supplied<FixedKeyProcessorContext<K, VOut>, FixedKeyRecord<K, V>>
