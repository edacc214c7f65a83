import type { ColumnConverter } from './column-converter.ts'
import type { BinaryMode } from './values/binary.ts'
import type { DecimalMode } from './values/decimals.ts'
import type { HstoreMode } from './values/hstore.ts'
import type { IntervalMode } from './values/interval.ts'
import type { TimeMode } from './values/temporal.ts'

/** How events of the format `debezium` look; the words are those of Debezium's options. */
export interface TableEventOptions {
  /** Default `precise`: base64 of the unscaled bytes. */
  readonly decimals?: DecimalMode
  /** Default `adaptive`: milliseconds or microseconds by the column's precision. */
  readonly times?: TimeMode
  /** Default `bytes`, which JSON has as base64. */
  readonly binary?: BinaryMode
  readonly hstore?: HstoreMode
  readonly intervals?: IntervalMode
  /** Columns of types that are not known: the bytes of their texts. Default true; false leaves them out. */
  readonly includeUnknown?: boolean
  /** Stands for a large value that was not logged. Default `__debezium_unavailable_value`. */
  readonly unavailableValue?: string
  /** Whether each key and value brings its schema along. Default false. */
  readonly schemas?: boolean
  /** Whether a delete is followed by a record without a value. Default true. */
  readonly tombstones?: boolean
  /** Operations that are left out: `c`, `u`, `d`, `t`. */
  readonly skip?: readonly ('c' | 'u' | 'd' | 't')[]
  /** Topic for begins and ends of transactions; events then have their place in theirs. */
  readonly transactionTopic?: string
  /** Topic for what applications write with `pg_logical_emit_message`. */
  readonly messageTopic?: string
  /** Columns that are expressed in a form of one's own, by `schema.table.column`. */
  readonly converters?: Readonly<Record<string, ColumnConverter>>
}
