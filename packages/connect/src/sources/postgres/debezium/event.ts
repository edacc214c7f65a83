import type { ConnectSchema } from '../../../data/schema.ts'
import type { SourceOutput } from '../../../runtime/connector.ts'
import type { RowView } from '../row.ts'
import type { TableShape } from './table-shape.ts'

/** Where a change comes from; `ts` is the time of its commit, in microseconds. */
export interface EventSource {
  readonly tsMicros: number
  readonly snapshot: string
  /** End of the transaction before this one. */
  readonly lastCommitLsn: number | undefined
  readonly lsn: number | undefined
  readonly schema: string
  readonly table: string
  readonly xid: number | undefined
  /** Of the slot; undefined where nobody asked for it. */
  readonly xmin: number | undefined
  readonly origin: { readonly name: string; readonly lsn: number } | undefined
}

/** The place of an event among those of its transaction and of its table there. */
export interface TransactionBlock {
  readonly id: string
  readonly totalOrder: number
  readonly tableOrder: number
}

export interface RowEvent {
  readonly shape: TableShape
  readonly operation: 'c' | 'u' | 'd' | 'r' | 't'
  /** The row whose key is the record's. */
  readonly keyRow: RowView | undefined
  readonly before: RowView | undefined
  readonly after: RowView | undefined
  /** Where a value that was not logged again is found. */
  readonly old: RowView | undefined
  readonly source: EventSource
  readonly block: TransactionBlock | undefined
  /** Of a changed key: the row that has the other one. */
  readonly otherKey: { readonly header: string; readonly row: RowView } | undefined
}

/** An event that is not about a row: a message, the begin or end of a transaction. */
export interface PlainEvent {
  readonly topic: string
  readonly timestampMs: number
  readonly keySchema: ConnectSchema
  readonly key: unknown
  readonly valueSchema: ConnectSchema
  readonly value: unknown
}

/** How events leave: as bytes, or as data for transforms and converters. Rows are valid only during the call. */
export interface EventWriter {
  row(event: RowEvent, timestampMs: number, output: SourceOutput): void
  /** After a delete, with the same key and headers. */
  tombstone(event: RowEvent, timestampMs: number, output: SourceOutput): void
  plain(event: PlainEvent, output: SourceOutput): void
}

export function sequenceText(source: EventSource): string {
  const last = source.lastCommitLsn === undefined ? 'null' : `"${source.lastCommitLsn}"`
  return `[${last},${source.lsn === undefined ? 'null' : `"${source.lsn}"`}]`
}

/** The headers that every event about a row has, which name the connector and its run. */
export function contextHeaders(name: string, runId: string): readonly (readonly [string, string])[] {
  return [
    ['__debezium.context.connectorLogicalName', name],
    ['__debezium.context.taskId', '0'],
    ['__debezium.context.connectorName', 'postgresql'],
    ['__debezium.context.runId', runId],
  ]
}
