import { connectError } from '../../errors.ts'
import type { SourceFigures, SourceOutput, SourcePull, SourceSession } from '../../runtime/connector.ts'
import type { PollingDatabase, RowKey } from './polling-database.ts'
import { encodePosition, type PollingPosition, positionOfOtherMode } from './polling-position.ts'
import { Poller, type PollingParts } from './polling-session.ts'
import { digestOf, type PublishedRows, publishedRows } from './position-ranges.ts'

/**
 * Polling that deletes what it has published. There is no mark up to which rows are done, so a row that becomes visible
 * late, with a position below others that are long gone, is found like any other.
 *
 * What if the process dies right here: before the Kafka transaction commits, the rows are still in the table; after it and
 * before they are deleted, the position in that very transaction says which they are, and they are deleted first of all.
 */
export class DeletingSession implements SourceSession {
  readonly #database: PollingDatabase
  readonly #poller: Poller
  #published: readonly RowKey[] = []

  private constructor(database: PollingDatabase, parts: PollingParts) {
    this.#database = database
    this.#poller = new Poller(parts)
  }

  static async open(
    database: PollingDatabase,
    position: PollingPosition | undefined,
    parts: PollingParts,
  ): Promise<DeletingSession> {
    try {
      if (position && position.mode !== 'delete') throw positionOfOtherMode(parts.name)
      if (position) await removeRest(database, position.published)
      return new DeletingSession(database, parts)
    } catch (error) {
      await database.close()
      throw error
    }
  }

  async pull(output: SourceOutput, maxWaitMs: number): Promise<SourcePull | undefined> {
    const rows = await this.#poller.until(() => this.#database.read({}, this.#poller.parts.limits), maxWaitMs)
    if (rows.length === 0) return undefined
    this.#poller.publish(rows, output)
    this.#published = rows.map(({ position, id }) => ({ position, id }))
    const published = publishedRows(this.#published)
    return { position: encodePosition({ mode: 'delete', published }), transaction: 'commit' }
  }

  async commit(): Promise<void> {
    if (this.#published.length > 0) await removeAll(this.#database, this.#published)
    this.#published = []
  }

  figures(): SourceFigures {
    return this.#poller.figures()
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

/** Rows that stay would be published again and again. @throws CONNECT_OUTBOX_NOT_REMOVED */
async function removeAll(database: PollingDatabase, rows: readonly RowKey[]): Promise<void> {
  if ((await database.remove(rows)) >= rows.length) return
  // Somebody else may have deleted some.
  const ids = new Set(rows.map(({ id }) => id))
  const left = (await database.find(publishedRows(rows).ranges)).filter(({ id }) => ids.has(id))
  if (left.length === 0) return
  const message = `${left.length} of ${rows.length} published rows are still there after they were deleted, the first at position ${left[0]!.position}`
  throw connectError('CONNECT_OUTBOX_NOT_REMOVED', message, { position: left[0]!.position })
}

/** Rows that a predecessor published and did not come to delete. */
async function removeRest(database: PollingDatabase, { ranges, digest }: PublishedRows): Promise<void> {
  if (ranges.length === 0) return
  const rows = await database.find(ranges)
  // They are deleted in one statement: either all are there, or none, or these are not the rows that were published.
  if (rows.length > 0 && digestOf(rows) === digest) await removeAll(database, rows)
}
