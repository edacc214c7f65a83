import type { Client } from 'pg'
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
  /** Of a row that was read from the table: in Debezium's words, whether it is one of the first or last rows of a snapshot. */
  readonly snapshot?: SnapshotMark
  readonly commitTimeMicros?: number
  /** Of the change's own record in the log, as `16/B374D848`. */
  readonly lsn?: string
  /** Where the transaction before this one ended. */
  readonly lastCommitLsn?: bigint | undefined
  /** Where the change was made, if it came here by replication. */
  readonly origin?: { readonly name: string; readonly lsn: number } | undefined
  /** The event is in Kafka already; the mapper only counts it. */
  readonly isPublished?: boolean
}

export type SnapshotMark =
  | 'first'
  | 'first_in_data_collection'
  | 'true'
  | 'last_in_data_collection'
  | 'last'
  | 'incremental'

/** What the outbox and whole-table capture differ in: how a change becomes records. */
export interface CaptureMapper {
  change(change: RowChange, source: ChangeSource, output: SourceOutput): void
  truncate(relation: Relation, source: ChangeSource, output: SourceOutput): void
  /**
   * A table's description; its rows follow once this has resolved.
   *
   * @param from the connection that the table was found with, or the transaction in whose stream it came; then the mapper
   *   asks the catalog over a connection of its own
   */
  describe?(relation: Relation, from: { readonly client: Client } | { readonly xid: number }): Promise<void>
  close?(): Promise<void>
  /** Resolves once the last change is written, where the database had to be asked first; nothing else is read before. */
  settle?(output: SourceOutput): Promise<void> | undefined
  /**
   * A transaction begins of which not everything is in Kafka. A mapper that has this is given its events that are in Kafka
   * already, too, marked as `isPublished`.
   */
  begin?(transaction: { readonly xid: number; readonly commitTimeMs: number; readonly lsn: string }): void
  commit?(lsn: string, output: SourceOutput): void
  /**
   * Names a row that is only ever inserted. Where it is given, the stream leaves out the rows that the initial snapshot
   * published; otherwise the transactions that the snapshot saw.
   */
  idOf?(relation: Relation, row: RowView): string
  /** The highest number among the rows so far, where rows are numbered. */
  readonly youngest?: string | undefined
  /** What was written with `pg_logical_emit_message`; `source.xid` is 0 for one outside of transactions. */
  message?(message: LogicalMessage, source: ChangeSource, output: SourceOutput): void
  /** A row that was deleted while no slot kept the log, by its last record. Default: a tombstone. */
  vanished?(record: { topic: string; key: Buffer; value: Buffer }, source: ChangeSource, output: SourceOutput): void
  /** A row of a snapshot. */
  snapshotRow(relation: Relation, row: RowView, source: ChangeSource, output: SourceOutput): void
}

/** A table to capture, as it was found in the catalog. */
export interface CapturedTable {
  readonly relation: Relation
  readonly primaryKey: readonly string[]
  readonly isPartitioned: boolean
  /** Without it PostgreSQL refuses updates and deletes of a table that is published with them. */
  readonly hasReplicaIdentity: boolean
  /** A generated column that is part of the replica identity: the log leaves it out, so that there is none in effect. */
  readonly unsentIdentity?: string
}

/** A publication as the source needs it. */
export interface PublicationNeed {
  readonly name: string
  readonly tables: readonly CapturedTable[]
  readonly operations: readonly ('insert' | 'update' | 'delete' | 'truncate')[]
  /** Whether rows of partitions come under the name of the table above them. Default true. */
  readonly viaRoot?: boolean
}
