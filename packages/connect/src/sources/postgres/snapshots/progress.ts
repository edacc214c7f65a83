/** One table that a running snapshot still has to read. */
export interface TableTask {
  /** `schema.table`. */
  readonly table: string
  /** SQL condition on its rows. */
  readonly filter?: string
  /** Column to read it in the order of, instead of its key alone. */
  readonly surrogateKey?: string
  /**
   * Transaction id below which all transactions must have ended first: what they changed before the table was published
   * is not in the stream.
   */
  readonly afterXid?: string
}

/**
 * How far a snapshot that runs beside the stream has come. It is part of the stored position, so that each part of it is
 * in Kafka exactly once and a restart goes on with the next.
 */
export interface SnapshotProgress {
  readonly id: string
  /** `blocking` holds the stream while it reads. */
  readonly kind: 'initial' | 'incremental' | 'blocking'
  /** The first one is under way. */
  readonly tables: readonly TableTask[]
  /** Key of the last row of the first table that is in Kafka, as PostgreSQL prints it. */
  readonly after?: readonly string[]
  /** The greatest key when the table was begun: later rows are in the stream. */
  readonly until?: readonly string[]
  readonly isPaused?: boolean
  /** Of the first table. */
  readonly rows: number
}

/** Reads what `JSON.stringify` made of it. @throws TypeError */
export function decodeProgress(stored: unknown): SnapshotProgress {
  const { id, kind, tables, after, until, isPaused, rows } = stored as Record<string, unknown>
  const isKnown = kind === 'initial' || kind === 'incremental' || kind === 'blocking'
  if (typeof id !== 'string' || !isKnown || !Array.isArray(tables) || typeof rows !== 'number') {
    throw new TypeError('is no progress of a snapshot')
  }
  return {
    id,
    kind,
    tables: tables.map(decodeTask),
    ...(Array.isArray(after) && { after: after.map(String) }),
    ...(Array.isArray(until) && { until: until.map(String) }),
    ...(isPaused === true && { isPaused }),
    rows,
  }
}

function decodeTask(stored: unknown): TableTask {
  const { table, filter, surrogateKey, afterXid } = stored as Record<string, unknown>
  if (typeof table !== 'string') throw new TypeError('names no table')
  return {
    table,
    ...(typeof filter === 'string' && { filter }),
    ...(typeof surrogateKey === 'string' && { surrogateKey }),
    ...(typeof afterXid === 'string' && { afterXid }),
  }
}

/**
 * With further tables at its end, begun when there is none. A table that is to come already is left out; one that is under
 * way is not, since rows of it that changed unseen may have been read.
 */
export function addTables(
  progress: SnapshotProgress | undefined,
  kind: SnapshotProgress['kind'],
  id: string,
  tables: readonly TableTask[],
): SnapshotProgress | undefined {
  if (!progress) return tables.length > 0 ? { id, kind, tables, rows: 0 } : undefined
  const isComing = ({ table, filter }: TableTask): boolean =>
    progress.tables
      .slice(1)
      .some((task) => task.table === table && (task.filter === undefined || task.filter === filter))
  const added = tables.filter((task) => !isComing(task))
  return added.length > 0 ? { ...progress, tables: [...progress.tables, ...added] } : progress
}
