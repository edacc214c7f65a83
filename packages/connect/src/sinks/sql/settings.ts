import type { DecodedRecord } from '../record-decoder.ts'
import type { WriteMode } from './dialect.ts'

/** A column type, or a type and where the value comes from. */
export type SinkColumn<K, V> = string | { readonly type: string; readonly value: (value: V, key: K) => unknown }

/** Where the columns of a row's key come from. */
export interface KeyChoice {
  /** `offset`: topic, partition and offset of the record. */
  readonly from: 'none' | 'key' | 'value' | 'headers' | 'offset'
  /** Names of columns, which are names of fields where fields are taken. Empty: all fields of the key or value. */
  readonly columns: readonly string[]
  /** The first column takes the record key as a whole; `auto` where that is no object. */
  readonly isWhole: boolean | 'auto'
}

/** What a SQL sink does with its records, whichever way it was configured. */
export interface SqlSinkSettings {
  readonly name: string
  readonly mode: WriteMode
  /** Name of the table for a record. @throws TypeError where the record does not say */
  readonly tableOf: (record: DecodedRecord) => string
  /** The one table, where it does not depend on records: it is looked at before there is one. */
  readonly table: string | undefined
  readonly key: KeyChoice
  /** Whether a table that the sink makes gets the key as its primary key. */
  readonly hasPrimaryKey: boolean
  readonly deletes: boolean
  /** What becomes of tombstones where nothing is deleted. */
  readonly tombstones: 'skip' | 'refuse'
  readonly truncates: boolean
  /** Whether Debezium's envelopes are taken apart. */
  readonly unwraps: boolean
  readonly creates: boolean
  /** Whether columns are added for new fields. */
  readonly evolves: boolean
  readonly columns: Readonly<Record<string, SinkColumn<unknown, unknown>>> | undefined
  readonly isIncluded: (topic: string, field: string) => boolean
  readonly columnName: (field: string) => string
  readonly maxBatchRows: number
}
