/** A row of the outbox, its values as bytes and texts. */
export interface PolledRow extends RowKey {
  readonly aggregateType: string
  readonly aggregateId: string | null
  readonly type: string | null
  readonly payload: Buffer | null
  /** JSON. */
  readonly headers: string | null
  readonly timestampMs: number | undefined
  /** Of the transaction that wrote it, where a read is about transactions. */
  readonly txid?: string
}

export interface RowKey {
  /** Grows with each insert and never comes back. */
  readonly position: number
  readonly id: string
}

/** First and last of positions that follow each other without a gap. */
export type PositionRange = readonly [number, number]

/** Which rows a read is about: those beyond a position, where given, and on PostgreSQL of certain transactions. */
export interface ReadScope {
  readonly afterPosition?: number
  /** Only rows of transactions that this snapshot (`pg_snapshot`) does not see. */
  readonly unseenBy?: string
  /** Only rows of transactions that this snapshot sees. */
  readonly seenBy?: string
}

export interface ReadLimits {
  readonly maxRows: number
  /** Of payloads together; one row is read whatever its size. */
  readonly maxBytes: number
}

/** What a database that is polled can do. All of it throws errors of ours. */
export interface PollingDatabase {
  /** In the order of their positions, as one statement sees them. */
  read(scope: ReadScope, limits: ReadLimits): Promise<PolledRow[]>
  /** Deletes rows for good, and counts them. */
  remove(rows: readonly RowKey[]): Promise<number>
  /** Which of these positions still have rows, in their order. */
  find(ranges: readonly PositionRange[]): Promise<RowKey[]>
  /** Whether another instance of the same connector is at work. */
  occupied?(): Promise<boolean>
  close(): Promise<void>
}

/** What only PostgreSQL can: tell which transactions a statement sees. */
export interface SnapshotDatabase extends PollingDatabase {
  /** Names the server and its data; what was restored from a dump has another one. */
  identity(): Promise<string>
  /** Changes when a standby is promoted; undefined on one that is not. */
  timeline(): Promise<number | undefined>
  /** Whether the row is there; `older`: it is not, but one from before it. */
  survival(row: RowKey): Promise<'there' | 'older' | 'gone'>
  /** `pg_current_snapshot()`. */
  snapshot(): Promise<string>
  /** Deletes rows that the snapshot's oldest transaction is beyond and that are older than this. */
  expire(snapshot: string, olderThanMs: number, maxRows: number): Promise<number>
}

/** The columns of an outbox table that are never missing; `headers` and `timestamp` may be. */
export const requiredColumns = ['position', 'id', 'aggregatetype', 'aggregateid', 'type', 'payload'] as const
