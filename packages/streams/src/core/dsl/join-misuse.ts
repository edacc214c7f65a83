import type { SameKey, TypeMessage, TypeMismatch } from './type-error.ts'
import type { GlobalKTable, KStream, KTable } from './types.ts'

// biome-ignore lint/suspicious/noExplicitAny: infers keys and foreign keys, whatever the values are
type Any = any

/** What a callback is in the overload that nothing fits: it has no say in the message. */
export type AnyCallback = (...args: readonly Any[]) => unknown

/**
 * What is wrong with a join of a stream that fits no overload. It stands in the last one, which is the one that the
 * compiler speaks of.
 */
export type StreamJoinMisuse<K, O> =
  O extends GlobalKTable<Any, Any>
    ? TypeMessage<'A join with a global table takes (value, row, key, mappedKey) => result, no promise, and { mapKey: (value, key) => a key of the table }'>
    : O extends KStream<infer KO, Any>
      ? Unlike<
          K,
          KO,
          'A join of two streams takes (value, other, key) => result, no promise, and { within: joinWindows(…) }'
        >
      : O extends KTable<infer KO, Any>
        ? Unlike<K, KO, 'A join with a table takes (value, row, key) => result, no promise, and options of such a join'>
        : TypeMessage<'A stream is joined with a stream, a table or a global table'>

/** The same of a join of tables; `P` are its options. */
export type TableJoinMisuse<K, O, P> =
  O extends KTable<infer KO, Any>
    ? P extends { readonly foreignKey: infer ForeignKey }
      ? ForeignKeyMisuse<ForeignKey, KO>
      : Unlike<
          K,
          KO,
          'A join of tables takes (value, other, key) => result, no promise, and options of a store that fit the result'
        >
    : TypeMessage<'A table is joined with a table; a stream becomes one by toTable()'>

/** Options as written: their callback is given what the table has. */
export interface AnyJoinOptions<K, V> {
  readonly foreignKey?: (value: V, key: K) => unknown
  readonly [option: string]: unknown
}

type ForeignKeyMisuse<ForeignKey, KO> = ForeignKey extends (...args: Any) => infer F
  ? [F] extends [KO | null]
    ? TypeMessage<'A join by foreign key takes (value, other, key) => result, no promise, and { foreignKey: (value, key) => a key of the other table, or null }'>
    : TypeMismatch<
        'What foreignKey returns is no key of the other table, nor null',
        { foreignKey: NonNullable<F>; otherKey: KO }
      >
  : never

type Unlike<K, KO, Otherwise extends string> = unknown extends SameKey<K, KO> ? TypeMessage<Otherwise> : SameKey<K, KO>
