import { isMillraceError } from '@millrace/base'
import { inbox } from '@millrace/outbox'
import { handlerError } from './errors.ts'

/** A client of the inbox's database inside an open transaction; `Client` and `PoolClient` of `pg` fit. */
export interface HandlerTransaction {
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>
}

/** A client that was taken from a pool. */
export interface PooledClient extends HandlerTransaction {
  /** Gives the client back; true closes it instead. */
  release(destroy?: boolean): void
}

/** The pool of the database in which effects and inbox stand; `Pool` of `pg` fits. */
export interface InboxPool {
  connect(): Promise<PooledClient>
}

/** The connection broke or could not be had: nothing can be said about the message. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable'
}

/** Both are event emitters in `pg`; without a listener a connection that breaks while idle ends the process. */
export interface ErrorEmitter {
  on?(event: 'error', listener: (error: Error) => void): unknown
  off?(event: 'error', listener: (error: Error) => void): unknown
}

/**
 * Runs `effect` and notes the event in one transaction. False when the event was handled before; then `effect` did not
 * run.
 *
 * What if the process dies right here: before the commit, neither effect nor note exist and the message comes again;
 * after it, both exist, the message comes again because its offset was not committed, and the note stops it. A commit
 * whose answer is lost is one of the two, and the next attempt finds out which.
 */
export async function inTransactionOnce(
  pool: InboxPool,
  options: { readonly table: string; readonly consumer: string; readonly eventId: string },
  effect: (tx: HandlerTransaction) => Promise<void>,
): Promise<boolean> {
  const client = await connect(pool)
  const emitter = client as ErrorEmitter
  // A connection that breaks also fails the query that runs; this keeps its event from ending the process.
  const ignore = (): void => {}
  emitter.on?.('error', ignore)
  let isBroken = true
  let isLate = false
  try {
    await client.query('begin')
    const isNew = await inbox(client, { table: options.table }).claim(options.consumer, options.eventId)
    if (isNew) await effect(client)
    await commit(client)
    isBroken = false
    return isNew
  } catch (error) {
    // A rollback would wait behind the statement that takes too long; closing the connection does not.
    isLate = isMillraceError(error) && error.code === 'HANDLER_TIMEOUT'
    if (isLate) throw error
    // Only a connection that answers can roll back: that tells a failed effect from a lost database, whatever it threw.
    isBroken = !(await answersRollback(client))
    throw isBroken ? new DatabaseUnavailable('the connection to the inbox’s database broke', { cause: error }) : error
  } finally {
    emitter.off?.('error', ignore)
    client.release(isBroken)
    if (isLate) await endStatement(pool, client)
  }
}

/**
 * Ends the statement that a closed connection left running. A server notices such a connection only when the statement is
 * over; until then its transaction holds the note of the event, and the next attempt would wait for it.
 */
async function endStatement(
  pool: InboxPool,
  { processID }: PooledClient & { readonly processID?: number },
): Promise<void> {
  if (processID === undefined) return
  try {
    const client = await pool.connect()
    const text = `select pg_terminate_backend(pid) from pg_stat_activity
      where pid = $1 and state = 'active' and datname = current_database() and usename = current_user`
    await client.query(text, [processID]).finally(() => client.release())
  } catch {
    // Then the next attempt waits.
  }
}

/**
 * PostgreSQL answers the commit of a transaction in which a statement failed with a rollback, and calls it no error. It
 * comes to that when the handler swallows the error of a statement.
 */
async function commit(client: PooledClient): Promise<void> {
  const { command } = (await client.query('commit')) as { command?: unknown }
  if (command !== 'ROLLBACK') return
  throw handlerError(
    'HANDLER_TRANSACTION_ABORTED',
    'a statement of the handler failed, so its transaction was rolled back',
  )
}

async function connect(pool: InboxPool): Promise<PooledClient> {
  try {
    return await pool.connect()
  } catch (cause) {
    throw new DatabaseUnavailable('no connection to the inbox’s database could be had', { cause })
  }
}

async function answersRollback(client: PooledClient): Promise<boolean> {
  try {
    await client.query('rollback')
    return true
  } catch {
    return false
  }
}
