import type { SourceOutput } from '../../runtime/connector.ts'
import type { LogicalMessage, RowChange } from './pgoutput.ts'
import type { Relation, RowView } from './row.ts'

/** The transaction a change belongs to. */
export interface ChangeSource {
  readonly commitLsn: bigint
  readonly commitTimeMs: number
  readonly xid: number
  /** Of the change within its transaction. */
  readonly index: number
}

/** What the outbox and whole-table capture differ in: how a change becomes records. */
export interface CaptureMapper {
  change(change: RowChange, source: ChangeSource, output: SourceOutput): void
  truncate(relation: Relation, source: ChangeSource, output: SourceOutput): void
  /**
   * Names a row that is only ever inserted. Where it is given, the stream leaves out the rows that the initial snapshot
   * published; otherwise the transactions that the snapshot saw.
   */
  idOf?(relation: Relation, row: RowView): string
  /** What was written with `pg_logical_emit_message`; `source.xid` is 0 for one outside of transactions. */
  message?(message: LogicalMessage, source: ChangeSource, output: SourceOutput): void
  /** A row of the initial snapshot. */
  snapshotRow(relation: Relation, row: RowView, source: ChangeSource, output: SourceOutput): void
}

/** A table to capture, as it was found in the catalog. */
export interface CapturedTable {
  readonly relation: Relation
  readonly primaryKey: readonly string[]
  /** Without it PostgreSQL refuses updates and deletes of a table that is published with them. */
  readonly hasReplicaIdentity: boolean
}

/** A publication as the source needs it. */
export interface PublicationNeed {
  readonly name: string
  readonly tables: readonly CapturedTable[]
  readonly operations: readonly ('insert' | 'update' | 'delete' | 'truncate')[]
}
