import type { AnyTopicContract, KeyInput, Serde, ValueInput } from '@millrace/contracts'
import type { FixedKeyProcessorSupplier, ProcessorSupplier } from '../processing/processor-api.ts'
import type { RecordContext } from '../record-context.ts'
import type { StoreBuilder } from '../stores/store-builders.ts'
import type { JoinWindows } from '../windows/join-windows.ts'
import type { SessionWindows } from '../windows/session-window.ts'
import type { SlidingWindows } from '../windows/sliding-window.ts'
import type { FinalResults, TimeLimit } from '../windows/suppression.ts'
import type { Windowed, Windows } from '../windows/windows.ts'
import type { AnyCallback, AnyJoinOptions, StreamJoinMisuse, TableJoinMisuse } from './join-misuse.ts'
import type { KeptAs } from './kept-as.ts'
import type { ClosesFor, FitsTopic, Misuse, SameKey, Sync } from './type-error.ts'

/**
 * What callbacks of a stream are given: value, key and where the record came from. The key is null for a record that
 * has none. Values are shared with state stores: return new ones, never change one in place.
 */
export type Callback<K, V, R> = (value: V, key: K, context: RecordContext) => R

export interface NameOption {
  /** Name of the step in `describe()`, metrics and errors; made from its position otherwise. */
  readonly name?: string
}

/**
 * How a key that a callback made is written to internal topics and stores: strings are text unless told otherwise. (While
 * the compiler does not know the key's type yet it stands for unknown, and must not be refused.)
 */
export type KeySerdeOption<K> = unknown extends K
  ? { readonly key?: Serde<K, never> }
  : [K] extends [string]
    ? { readonly key?: Serde<K, never> }
    : { readonly key: Serde<K, never> }

type PredicateRule = 'A predicate takes (value, key, context) and returns true or false, no promise'
type GroupByRule =
  'groupBy takes (value, key) => the new key, no promise, the name of its topic, and the serde of keys that are no text: { name: string, key: serdes.int32, value? }'
type TableGroupByRule =
  'groupBy of a table takes (value, key) => [the new key, the new value], the name of its topic, and the serde of keys that are no text: { name: string, key: serdes.int32, value? }'

export interface GroupOptions<V> {
  /**
   * Name of the repartition topic, `<application>-<name>-repartition`. It must not change when the program does, or
   * what lies in the topic is lost: so it is asked for.
   */
  readonly name: string
  /** How values are written to the repartition topic; as they were read where nothing changed them, JSON otherwise. */
  readonly value?: Serde<V, never>
}

export interface StoreOptions<V> extends KeptAs {
  /**
   * Name of the store, of its changelog (`<application>-<store>-changelog`), and of queries. Give it one: a name made
   * from the position changes with the program.
   */
  readonly store?: string
  /** How values are kept; JSON unless told otherwise. */
  readonly value?: Serde<V, never>
  readonly name?: string
}

/** How the rows of a table are kept. */
export interface RowOptions<V> extends StoreOptions<V> {
  /**
   * Keeps the versions of rows, each for so long (by stream time) after the next one has taken its place; `store` must be
   * named. Streams are then joined with the row that was valid at the time of their record.
   */
  readonly historyRetentionMs?: number
}

export interface RepartitionOptions<K, V> {
  /** Name of the topic, `<application>-<name>-repartition`. */
  readonly name: string
  /** Number of partitions; that of the input unless given. */
  readonly partitions?: number
  readonly key?: Serde<K, never>
  readonly value?: Serde<V, never>
}

/** What an aggregate begins with: a value, or a function that makes one for each key. */
export type Initial<A> = A | (() => A)

export type Predicates<K, V> = Readonly<Record<string, Callback<K, V, boolean> | 'otherwise'>>

/** Records one after another. Every step returns a new stream; none changes the one it is called on. */
export interface KStream<K, V> {
  filter<S extends V>(
    predicate: (value: V, key: K, context: RecordContext) => value is S,
    options?: NameOption,
  ): KStream<K, S>
  filter(predicate: Callback<K, V, boolean>, options?: NameOption): KStream<K, V>
  /** What is no predicate does not compile, for the reason that the message gives. */
  filter(this: Misuse<PredicateRule>, fn: AnyCallback, options?: unknown): never
  filterNot(predicate: Callback<K, V, boolean>, options?: NameOption): KStream<K, V>
  /** What is no predicate does not compile, for the reason that the message gives. */
  filterNot(this: Misuse<PredicateRule>, fn: AnyCallback, options?: unknown): never
  /** A new key and value for every record; what groups or joins afterwards goes through a repartition topic. */
  map<K2, V2>(
    fn: Callback<K, V, readonly [K2, V2]>,
    options?: NameOption & { readonly key?: Serde<K2, never> },
  ): KStream<K2, V2>
  mapValues<V2>(fn: Callback<K, V, Sync<V2>>, options?: NameOption): KStream<K, V2>
  flatMap<K2, V2>(
    fn: Callback<K, V, Iterable<readonly [K2, V2]>>,
    options?: NameOption & { readonly key?: Serde<K2, never> },
  ): KStream<K2, V2>
  flatMapValues<V2>(fn: Callback<K, V, Iterable<V2>>, options?: NameOption): KStream<K, V2>
  /** A new key for every record. It marks the stream for repartitioning, even where the key stays the same. */
  selectKey<K2>(
    fn: Callback<K, V, Sync<K2>>,
    options?: NameOption & { readonly key?: Serde<K2, never> },
  ): KStream<K2, V>
  /** Calls back for every record and hands it on unchanged. */
  peek(fn: Callback<K, V, void>, options?: NameOption): KStream<K, V>
  /** Calls back for every record; the end of a stream that goes nowhere else. */
  forEach(fn: Callback<K, V, void>, options?: NameOption): void
  /**
   * Writes a line for every record, tombstones too, as Kafka Streams does: `[label]: key, value`. The label is the name of
   * the step before unless given; `format` makes what stands behind it.
   *
   * @example
   * orders.print(console.log, { label: 'orders' })
   */
  print(
    write: (line: string) => void,
    options?: NameOption & { readonly label?: string; readonly format?: (value: V | null, key: K) => string },
  ): void
  /** Both streams as one, in no order between them. */
  merge(other: KStream<K, V>, options?: NameOption): KStream<K, V>
  /** What fits this does not compile, for the reason that the message gives. */
  merge(
    this: Misuse<'Streams that are merged have keys of the same type and values of the same type: map one of them first'>,
    other: unknown,
    options?: unknown,
  ): never
  /**
   * One stream per predicate: a record goes to the first that takes it, or to the one declared `'otherwise'`, or nowhere.
   *
   * @example
   * const { large, rest } = orders.split({ large: (o) => o.amount > 1_000, rest: 'otherwise' })
   */
  split<P extends Predicates<K, V>>(predicates: P, options?: NameOption): { readonly [B in keyof P]: KStream<K, V> }
  /** Groups by the key as it is; through a repartition topic only where a step before has changed the key. */
  groupByKey(options?: {
    readonly name?: string
    readonly key?: Serde<K, never>
    readonly value?: Serde<V, never>
  }): KGroupedStream<K, V>
  /** Groups by a key that is made from the record, through a repartition topic. */
  groupBy<K2>(
    fn: Callback<K, V, Sync<K2>>,
    options: GroupOptions<V> & KeySerdeOption<NoInfer<K2>>,
  ): KGroupedStream<K2, V>
  /** What fits this does not compile, for the reason that the message gives. */
  groupBy(this: Misuse<GroupByRule>, fn: AnyCallback, options?: unknown): never
  /** Writes the stream to an internal topic and reads it back from there; records without key are dropped and counted. */
  repartition(options: RepartitionOptions<K, V>): KStream<K, V>
  /** Reads the stream as a table: the last value of a key counts, a tombstone deletes. */
  toTable(options?: RowOptions<NonNullable<V>> & { readonly key?: Serde<K, never> }): KTable<K, NonNullable<V>>
  /**
   * Looks up the row of the record's key, as the table is at that moment; records that find none are dropped. Changes of
   * the table alone make no output.
   */
  join<KT, VT, R>(
    table: KTable<KT, VT> & SameKey<K, KT>,
    fn: (value: V, row: VT, key: K) => Sync<R>,
    options?: JoinOptions<K, V>,
  ): KStream<K, R>
  /**
   * A result for every two records of the same key that lie close enough in time. Records without key or value have no
   * partner.
   *
   * @example
   * orders.join(payments, (o, p) => ({ ...o, paid: p.amount }), { within: joinWindows({ differenceMs: 60_000 }) })
   */
  join<KO, VO, R>(
    other: KStream<KO, VO> & SameKey<K, KO>,
    fn: (value: NonNullable<V>, other: NonNullable<VO>, key: K) => Sync<R>,
    options: StreamJoinOptions<K, V, VO>,
  ): KStream<K, R>
  /**
   * Looks up the row of a global table under a key made from the record, as the table is at that moment. The stream is
   * not repartitioned and keeps its key.
   *
   * @example
   * orders.join(app.globalTable(country), (o, c) => ({ ...o, vat: c.vat }), { mapKey: (o) => o.country })
   */
  join<KG, VG, R>(
    table: GlobalKTable<KG, VG>,
    fn: (value: NonNullable<V>, row: VG, key: K, mappedKey: KG) => Sync<R>,
    options: GlobalJoinOptions<K, V, KG>,
  ): KStream<K, R>
  /** What fits none of these does not compile, for the reason that the message gives. */
  join<O>(other: O & StreamJoinMisuse<K, O>, fn: AnyCallback, options?: unknown): never
  /** As `join`, with null for rows that are not there. */
  leftJoin<KT, VT, R>(
    table: KTable<KT, VT> & SameKey<K, KT>,
    fn: (value: V, row: VT | null, key: K) => Sync<R>,
    options?: JoinOptions<K, V>,
  ): KStream<K, R>
  /**
   * As `join`, and a result with null for every record of this stream that found no partner, once its window and grace
   * have passed by stream time.
   */
  leftJoin<KO, VO, R>(
    other: KStream<KO, VO> & SameKey<K, KO>,
    fn: (value: NonNullable<V>, other: NonNullable<VO> | null, key: K) => Sync<R>,
    options: StreamJoinOptions<K, V, VO>,
  ): KStream<K, R>
  leftJoin<KG, VG, R>(
    table: GlobalKTable<KG, VG>,
    fn: (value: NonNullable<V>, row: VG | null, key: K, mappedKey: KG | null) => Sync<R>,
    options: GlobalJoinOptions<K, V, KG>,
  ): KStream<K, R>
  /** What fits none of these does not compile, for the reason that the message gives. */
  leftJoin<O>(other: O & StreamJoinMisuse<K, O>, fn: AnyCallback, options?: unknown): never
  /** As `leftJoin`, for records of both streams. */
  outerJoin<KO, VO, R>(
    other: KStream<KO, VO> & SameKey<K, KO>,
    fn: (value: NonNullable<V> | null, other: NonNullable<VO> | null, key: K) => Sync<R>,
    options: StreamJoinOptions<K, V, VO>,
  ): KStream<K, R>
  /**
   * Hands records to a processor: any number of records for each, state, and calls at intervals. Keys and values that it
   * makes are those of its context, `ProcessorContext<KOut, VOut>`; the same as before unless it says otherwise.
   *
   * @example
   * orders.process(
   *   (context: ProcessorContext<string, number>) => {
   *     const totals = context.store(totalsStore)
   *     return {
   *       process({ key, value }) {
   *         totals.put(key, (totals.get(key) ?? 0) + value.amount)
   *         context.forward({ key, value: totals.get(key)! })
   *       },
   *     }
   *   },
   *   { stores: [totalsStore] },
   * )
   */
  process<KOut = K, VOut = V>(
    supplier: ProcessorSupplier<K, V, KOut, VOut>,
    options?: ProcessOptions & { readonly key?: Serde<KOut, never>; readonly value?: Serde<NonNullable<VOut>, never> },
  ): KStream<KOut, VOut>
  /** As `process`, for processors that keep keys: what groups or joins afterwards needs no repartition topic. */
  processValues<VOut = V>(
    supplier: FixedKeyProcessorSupplier<K, V, VOut>,
    options?: ProcessOptions & { readonly value?: Serde<NonNullable<VOut>, never> },
  ): KStream<K, VOut>
  /** Writes to the contract's topic; compiles only where keys and values agree with it. */
  to<C extends AnyTopicContract>(contract: C & FitsTopic<K, V, KeyInput<C>, ValueInput<C>>, options?: NameOption): void
  /**
   * Writes each record to one of several topics, whichever the callback returns. They are named beforehand, so that they
   * exist before the first record does.
   *
   * @example
   * orders.toOneOf([large, small], (o) => (o.amount > 1_000 ? large : small))
   */
  toOneOf<C extends AnyTopicContract>(
    contracts: readonly (C & FitsTopic<K, V, KeyInput<C>, ValueInput<C>>)[],
    choose: Callback<K, V, C>,
    options?: NameOption,
  ): void
}

export interface ProcessOptions extends NameOption {
  /** Stores that the processor may use: what declares them, or names of those that other steps declare. */
  readonly stores?: readonly (StoreBuilder<unknown> | string)[]
}

export interface JoinOptions<K, V> {
  readonly name?: string
  /**
   * How long records wait, by stream time, for rows that come late; the table must keep versions (`historyRetentionMs`) for
   * as long. Their results then come out in order of time.
   */
  readonly graceMs?: number
  /**
   * Holds records that are later than the table until it has reached their time: until its topic has had a record as
   * late. Without it a stream that is read faster than the table finds rows missing that are still to come. A record
   * waits no longer than until stream time has passed it by `maxMs`.
   */
  readonly waitForTable?: { readonly maxMs: number }
  /** For the repartition topic of a stream whose key was changed. */
  readonly key?: Serde<K, never>
  readonly value?: Serde<V, never>
}

export interface StreamJoinOptions<K, V, VO> {
  /** How far apart in time two records may be, and how long to wait for late ones. */
  readonly within: JoinWindows
  /** Name of the steps; repartition topics are `<name>-left` and `<name>-right`. */
  readonly name?: string
  /** First part of the names of the stores that records wait in, and of their changelogs. */
  readonly store?: string
  /** How records are written to those stores and to repartition topics; as they were read, else text keys and JSON. */
  readonly key?: Serde<K, never>
  readonly value?: Serde<NonNullable<V>, never>
  readonly otherValue?: Serde<NonNullable<VO>, never>
}

export interface GlobalJoinOptions<K, V, KG> extends NameOption {
  /** The key to look up. Null finds no row. */
  readonly mapKey: Callback<K, NonNullable<V>, KG | null>
}

declare const globalRows: unique symbol

/**
 * A table of which every instance holds all rows, of all partitions: joined under any key, without repartitioning. All of
 * it is loaded before the first record of a stream is processed; from then on it is kept up to date, whatever the time
 * of the stream's records.
 */
export interface GlobalKTable<K, V> {
  readonly [globalRows]: readonly [key: K, value: V]
}

export interface KGroupedStream<K, V> {
  /** Number of records per key. */
  count(options?: Omit<RowOptions<number>, 'value'>): KTable<K, number>
  /** Folds the values of a key into one, which begins with `initial`, or else with the first value. */
  reduce(
    fn: (aggregate: V, value: V, key: K, context: RecordContext) => Sync<V>,
    options?: RowOptions<V> & { readonly initial?: never },
  ): KTable<K, V>
  reduce<A>(
    fn: (aggregate: A, value: V, key: K, context: RecordContext) => Sync<A>,
    options: RowOptions<A> & { readonly initial: Initial<A> },
  ): KTable<K, A>
  /** As `reduce`, with the options first: reads better where the initial value says what is being built. */
  aggregate<A>(
    options: RowOptions<A> & { readonly initial: Initial<A> },
    fn: (aggregate: A, value: V, key: K, context: RecordContext) => Sync<A>,
  ): KTable<K, A>
  /**
   * Begins one aggregate of several grouped streams, each with a fold of its own. Say the aggregate's type in the first.
   *
   * @example
   * orders.groupByKey()
   *   .cogroup((customer: Customer, order) => ({ ...customer, spent: customer.spent + order.amount }))
   *   .and(visits.groupByKey(), (customer) => ({ ...customer, visits: customer.visits + 1 }))
   *   .aggregate({ initial: { spent: 0, visits: 0 }, store: 'customers' })
   */
  cogroup<A>(fn: (aggregate: A, value: V, key: K, context: RecordContext) => Sync<NoInfer<A>>): CogroupedKStream<K, A>
  /** One aggregate per key and session. */
  window(windows: SessionWindows, options?: EmitOptions): SessionWindowedKStream<K, V>
  /** One aggregate per key and window. */
  window(windows: Windows | SlidingWindows, options?: EmitOptions): TimeWindowedKStream<K, V>
}

/** Several streams with one aggregate. */
export interface CogroupedKStream<K, A> {
  /** Another stream that is folded into the aggregate; its topics must be partitioned as those of the others. */
  and<KO, V>(
    grouped: KGroupedStream<KO, V> & SameKey<K, KO>,
    fn: (aggregate: A, value: V, key: K, context: RecordContext) => Sync<NoInfer<A>>,
  ): CogroupedKStream<K, A>
  aggregate(options: RowOptions<A> & { readonly initial: Initial<A> }): KTable<K, A>
  window(windows: SessionWindows): {
    aggregate(options: WindowStoreOptions<A> & SessionOptions<K, A>): KTable<Windowed<K>, A>
  }
  window(windows: Windows | SlidingWindows): {
    aggregate(options: WindowStoreOptions<A> & { readonly initial: Initial<A> }): KTable<Windowed<K>, A>
  }
}

export interface EmitOptions {
  /**
   * `onUpdate` (unless told otherwise) hands every update on. `onClose` hands on one result a window, when stream time has
   * passed its end by the grace.
   */
  readonly emit?: 'onUpdate' | 'onClose'
}

export interface TimeWindowedKStream<K, V> {
  count(options?: Omit<WindowStoreOptions<number>, 'value'>): KTable<Windowed<K>, number>
  reduce(
    fn: (aggregate: V, value: V, key: K, context: RecordContext) => Sync<V>,
    options?: WindowStoreOptions<V> & { readonly initial?: never },
  ): KTable<Windowed<K>, V>
  reduce<A>(
    fn: (aggregate: A, value: V, key: K, context: RecordContext) => Sync<A>,
    options: WindowStoreOptions<A> & { readonly initial: Initial<A> },
  ): KTable<Windowed<K>, A>
  aggregate<A>(
    options: WindowStoreOptions<A> & { readonly initial: Initial<A> },
    fn: (aggregate: A, value: V, key: K, context: RecordContext) => Sync<A>,
  ): KTable<Windowed<K>, A>
}

export interface SessionOptions<K, A> {
  readonly initial: Initial<A>
  /** Makes one aggregate of those of two sessions that a record has joined, the earlier one first. */
  readonly merge: (one: A, other: A, key: K) => Sync<A>
}

export interface SessionWindowedKStream<K, V> {
  count(options?: Omit<WindowStoreOptions<number>, 'value'>): KTable<Windowed<K>, number>
  reduce<A>(
    fn: (aggregate: A, value: V, key: K, context: RecordContext) => Sync<A>,
    options: WindowStoreOptions<A> & SessionOptions<K, A>,
  ): KTable<Windowed<K>, A>
  /** Folds the values of a session into one, and those of sessions that become one. */
  reduce(fn: (aggregate: V, value: V, key: K) => Sync<V>, options?: WindowStoreOptions<V>): KTable<Windowed<K>, V>
  aggregate<A>(
    options: WindowStoreOptions<A> & SessionOptions<K, A>,
    fn: (aggregate: A, value: V, key: K, context: RecordContext) => Sync<A>,
  ): KTable<Windowed<K>, A>
}

export interface WindowStoreOptions<V> extends StoreOptions<V> {
  /**
   * How long after its start a window can be asked for, by stream time; a window's length and grace unless given, and
   * no less than that.
   */
  readonly retentionMs?: number
}

/** Rows by key: the current value of each. Rows are never null; a null result deletes the row. */
export interface KTable<K, V> {
  filter(predicate: Callback<K, V, boolean>, options?: RowOptions<V>): KTable<K, V>
  filterNot(predicate: Callback<K, V, boolean>, options?: RowOptions<V>): KTable<K, V>
  mapValues<V2>(fn: Callback<K, V, Sync<V2>>, options?: RowOptions<NonNullable<V2>>): KTable<K, NonNullable<V2>>
  /**
   * A row for every row of this table that points at a row of the other one, whatever that one's keys are; every change
   * of either side is an update. Rows that point nowhere, with a null, have no result.
   *
   * @example
   * orders.join(customers, (o, c) => ({ ...o, country: c.country }), { foreignKey: (o) => o.customerId, store: 'enriched' })
   */
  join<KO, VO, R>(
    other: KTable<KO, VO>,
    fn: (value: V, other: VO, key: K) => Sync<R>,
    options: ForeignKeyJoinOptions<K, V, KO, NonNullable<R>>,
  ): KTable<K, NonNullable<R>>
  /** A row for every key that has one on both sides; every change of either side is an update. */
  join<KO, VO, R>(
    other: KTable<KO, VO> & SameKey<K, KO>,
    fn: (value: V, other: VO, key: K) => Sync<R>,
    options?: RowOptions<NonNullable<R>>,
  ): KTable<K, NonNullable<R>>
  /** What fits none of these does not compile, for the reason that the message gives. */
  join<O, P extends AnyJoinOptions<K, V>>(other: O & TableJoinMisuse<K, O, P>, fn: AnyCallback, options?: P): never
  /** As `join` by a foreign key, with null where a row points nowhere or at a row that is not there. */
  leftJoin<KO, VO, R>(
    other: KTable<KO, VO>,
    fn: (value: V, other: VO | null, key: K) => Sync<R>,
    options: ForeignKeyJoinOptions<K, V, KO, NonNullable<R>>,
  ): KTable<K, NonNullable<R>>
  /** A row for every key of this table, with null for rows that the other side does not have. */
  leftJoin<KO, VO, R>(
    other: KTable<KO, VO> & SameKey<K, KO>,
    fn: (value: V, other: VO | null, key: K) => Sync<R>,
    options?: RowOptions<NonNullable<R>>,
  ): KTable<K, NonNullable<R>>
  /** What fits none of these does not compile, for the reason that the message gives. */
  leftJoin<O, P extends AnyJoinOptions<K, V>>(other: O & TableJoinMisuse<K, O, P>, fn: AnyCallback, options?: P): never
  /** A row for every key that either side has. */
  outerJoin<KO, VO, R>(
    other: KTable<KO, VO> & SameKey<K, KO>,
    fn: (value: V | null, other: VO | null, key: K) => Sync<R>,
    options?: RowOptions<NonNullable<R>>,
  ): KTable<K, NonNullable<R>>
  /**
   * Holds updates back, so that one comes of many: for a time (`untilTimeLimit`), or until a window closes and its result
   * is final (`untilWindowCloses`).
   *
   * @example
   * perMinute.suppress(untilWindowCloses({ buffer: 'unbounded' })).to(finalCounts)
   */
  suppress<S extends TimeLimit | FinalResults>(rule: S & ClosesFor<K, S>): KTable<K, V>
  /** Regroups rows: an update of a row takes the old one out of its group and puts the new one into its own. */
  groupBy<K2, V2>(
    fn: Callback<K, V, readonly [K2, V2]>,
    options: GroupOptions<V2> & KeySerdeOption<NoInfer<K2>>,
  ): KGroupedTable<K2, V2>
  /** What fits this does not compile, for the reason that the message gives. */
  groupBy(this: Misuse<TableGroupByRule>, fn: AnyCallback, options?: unknown): never
  /** Updates as a stream; a deleted row is a null, unless those are left out. */
  toStream(options?: NameOption & { readonly tombstones?: true }): KStream<K, V | null>
  toStream(options: NameOption & { readonly tombstones: false }): KStream<K, V>
  /** Writes updates to the contract's topic, deletions as tombstones: `toStream()` and `to` in one. */
  to<C extends AnyTopicContract>(contract: C & FitsTopic<K, V, KeyInput<C>, ValueInput<C>>, options?: NameOption): void
}

export interface ForeignKeyJoinOptions<K, V, KO, R> extends RowOptions<R> {
  /** The key of the other table's row that a row points at; null for none. */
  readonly foreignKey: (value: V, key: K) => NoInfer<KO> | null
}

export interface KGroupedTable<K, V> {
  count(options?: Omit<RowOptions<number>, 'value'>): KTable<K, number>
  aggregate<A>(
    options: RowOptions<A> & {
      readonly initial: Initial<A>
      /** Puts a row in. */
      readonly add: (aggregate: A, value: V, key: K) => Sync<A>
      /** Takes a row out. */
      readonly subtract: (aggregate: A, value: V, key: K) => Sync<A>
    },
  ): KTable<K, A>
  reduce(
    options: RowOptions<V> & {
      readonly add: (aggregate: V, value: V, key: K) => Sync<V>
      readonly subtract: (aggregate: V, value: V, key: K) => Sync<V>
    },
  ): KTable<K, V>
}
