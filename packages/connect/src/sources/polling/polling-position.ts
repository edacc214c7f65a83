import { connectError } from '../../errors.ts'
import type { StoredPosition } from '../../runtime/connector.ts'
import type { RowKey } from './polling-database.ts'
import type { PublishedRows } from './position-ranges.ts'

const version = 1

/** Where polling stands that deletes what it has published: the rows that its last transaction holds. */
export interface DeletingPosition {
  readonly mode: 'delete'
  readonly published: PublishedRows
}

/**
 * Where polling stands that leaves rows in the table. Published are the rows of all transactions that `seen` sees; while
 * there are too many new ones for one transaction of Kafka, also those that `next` sees up to position `upTo`.
 */
export interface KeepingPosition {
  readonly mode: 'keep'
  readonly database: string
  readonly seen: string
  readonly next?: string
  readonly upTo?: number
  /** Of the published rows the one of the youngest transaction. */
  readonly last?: RowKey & { readonly txid: string }
  /** The server's when that was published. */
  readonly timeline?: number
}

/** The same snapshot without transactions beyond one, of which nothing was published. */
export function snapshotUpTo(snapshot: string, txid: string): string {
  const [xmin, xmax, list = ''] = snapshot.split(':')
  const end = BigInt(txid) + 1n
  if (BigInt(xmax!) <= end) return snapshot
  const running = list.split(',').filter((xid) => xid !== '' && BigInt(xid) < end)
  return `${BigInt(xmin!) < end ? xmin : end}:${end}:${running.join(',')}`
}

export type PollingPosition = DeletingPosition | KeepingPosition

export function encodePosition(position: PollingPosition): StoredPosition {
  return { version, ...position }
}

/** @throws CONNECT_POSITION_INVALID */
export function decodePosition(stored: StoredPosition, connector: string): PollingPosition {
  const { version: found, mode } = stored
  if (found === version && (mode === 'delete' || mode === 'keep')) return stored as unknown as PollingPosition
  const message = `the stored position of ${connector} is of version ${found} and mode ${String(mode)}`
  throw connectError('CONNECT_POSITION_INVALID', message, { connector })
}

/** Refuses a position of the other way of removing rows, which says nothing about this one. */
export function positionOfOtherMode(name: string): Error {
  const message = `the stored position of ${name} belongs to another \`removal\``
  return connectError('CONNECT_POSITION_INVALID', message, { connector: name })
}
