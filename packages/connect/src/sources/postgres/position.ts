import { connectError } from '../../errors.ts'
import type { StoredPosition } from '../../runtime/connector.ts'
import type { HistoryMark } from './history-check.ts'
import { formatLsn, parseLsn } from './lsn.ts'
import type { SignalState } from './signals/signals.ts'
import { decodeProgress, type SnapshotProgress } from './snapshots/progress.ts'

/**
 * How far a source has come. Everything of transactions whose commit record lies before `lsn` is in Kafka, and of the
 * one whose commit record is at `lsn` the first `index` events. Between transactions `index` is 0 and `lsn` is where the
 * last one ended: the next commit record may begin exactly there, so that one is still to come.
 */
export interface PostgresPosition {
  readonly lsn: bigint
  readonly index: number
  /** pg_control's identifier of the server that the position is about. */
  readonly systemId: string
  /** The server's timeline: it changes when a standby is promoted. */
  readonly timeline?: number
  readonly history?: HistoryMark
  /** Where the last transaction or message that came ended; everything else between it and `lsn` was of no concern. */
  readonly lastCommitLsn?: bigint
  /** Present from an initial snapshot until the stream has passed it. */
  readonly handover?: Handover
  /** Present while a snapshot is read beside the stream. */
  readonly snapshot?: SnapshotProgress
  /** `schema.table` of the tables whose rows were or are to be published; a table that is not among them is new. */
  readonly tables?: readonly string[]
  /** Present while records of rows that vanished unnoticed have to be looked for. */
  readonly vanished?: VanishedSearch
  readonly signals?: SignalState
  /** Of an outbox: the highest `position` among its published rows. */
  readonly youngest?: string
  /** Identities of the publications that the stream was read through, by their names. */
  readonly publications?: Readonly<Record<string, number>>
  /** What stood for the tables in the catalog, see `TableMarks`. */
  readonly marks?: readonly string[]
}

/**
 * A resynchronisation publishes every row anew. Keys that lie in the topics before these offsets, and not behind them, are
 * of rows that were deleted while nobody could see it.
 */
export interface VanishedSearch {
  /** By topic, the end of each partition when the resynchronisation began. */
  readonly ends: Readonly<Record<string, readonly number[]>>
}

/**
 * What the initial snapshot has published already and the stream brings again. Tables: the transactions that the snapshot
 * saw, as `pg_current_snapshot()` prints it. Outbox: the ids of its youngest rows, since there a transaction may be seen
 * while some of its rows are not: they are deleted as soon as a slot is there to read them from.
 */
export interface Handover {
  readonly seen: { readonly snapshot: string } | { readonly ids: readonly string[] }
  /** The end of the log when the snapshot was taken. */
  readonly untilLsn: bigint
}

const version = 1

export function encodePosition(position: PostgresPosition): StoredPosition {
  const { lsn, index, systemId, lastCommitLsn, handover, snapshot, tables, vanished, signals, publications } = position
  const { marks, youngest, timeline, history } = position
  return {
    version,
    lsn: formatLsn(lsn),
    index,
    systemId,
    ...(timeline !== undefined && { timeline }),
    ...(history && { history: [history.xid, formatLsn(history.lsn), formatLsn(history.at)] }),
    ...(lastCommitLsn !== undefined && { lastCommitLsn: formatLsn(lastCommitLsn) }),
    ...(handover && { handover: { ...handover.seen, untilLsn: formatLsn(handover.untilLsn) } }),
    ...(snapshot && { snapshot }),
    ...(tables && { tables }),
    ...(vanished && { vanished }),
    ...(signals && { signals }),
    ...(publications && { publications }),
    ...(marks && { marks }),
    ...(youngest !== undefined && { youngest }),
  }
}

/** @throws CONNECT_POSITION_INVALID */
export function decodePosition(stored: StoredPosition, connector: string): PostgresPosition {
  const invalid = (reason: string): Error =>
    connectError('CONNECT_POSITION_INVALID', `the stored position of ${connector} ${reason}`, { connector })
  if (stored.version !== version)
    throw invalid(`has format version ${String(stored.version)}; this one reads ${version}`)
  const { lsn, index, systemId, lastCommitLsn, handover, snapshot, tables, vanished, signals, publications } =
    stored as Record<string, unknown>
  const { marks, youngest, timeline, history } = stored as Record<string, unknown>
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0 || typeof systemId !== 'string') {
    throw invalid('has no event index or no server identifier')
  }
  try {
    return {
      lsn: parseLsn(String(lsn)),
      index,
      systemId,
      ...(typeof timeline === 'number' && { timeline }),
      ...(Array.isArray(history) && { history: decodeHistory(history) }),
      ...(lastCommitLsn !== undefined && { lastCommitLsn: parseLsn(String(lastCommitLsn)) }),
      ...(handover !== undefined && { handover: decodeHandover(handover) }),
      ...(snapshot !== undefined && { snapshot: decodeProgress(snapshot) }),
      ...(Array.isArray(tables) && { tables: tables.map(String) }),
      ...(vanished !== undefined && { vanished: decodeVanished(vanished) }),
      ...(signals !== undefined && { signals: decodeSignals(signals) }),
      ...(publications !== undefined && { publications: decodePublications(publications) }),
      ...(Array.isArray(marks) && { marks: marks.map(String) }),
      ...(youngest !== undefined && { youngest: BigInt(youngest as string).toString() }),
    }
  } catch (error) {
    throw invalid(error instanceof TypeError ? error.message : 'holds something that is no log sequence number')
  }
}

function decodeHandover(stored: unknown): Handover {
  const { snapshot, ids, untilLsn } = stored as Record<string, unknown>
  const seen = Array.isArray(ids) ? { ids: ids.map(String) } : { snapshot: String(snapshot) }
  return { seen, untilLsn: parseLsn(String(untilLsn)) }
}

function decodeHistory([xid, lsn, at]: readonly unknown[]): HistoryMark {
  return { xid: Number(xid), lsn: parseLsn(String(lsn)), at: parseLsn(String(at)) }
}

function decodeVanished(stored: unknown): VanishedSearch {
  const { ends } = stored as { ends?: Record<string, unknown[]> }
  if (typeof ends !== 'object' || ends === null) throw new TypeError('names no offsets of a resynchronisation')
  return { ends: Object.fromEntries(Object.entries(ends).map(([topic, offsets]) => [topic, offsets.map(Number)])) }
}

function decodeSignals(stored: unknown): SignalState {
  const { seen, offset } = stored as { seen?: unknown; offset?: unknown }
  if (!Array.isArray(seen)) throw new TypeError('names no signals')
  return { seen: seen.map(String), ...(typeof offset === 'number' && { offset }) }
}

function decodePublications(stored: unknown): Record<string, number> {
  if (typeof stored !== 'object' || stored === null) throw new TypeError('names no publications')
  return Object.fromEntries(Object.entries(stored).map(([name, id]) => [name, Number(id)]))
}
