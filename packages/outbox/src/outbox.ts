import { type AnyTopicContract, type KeyInput, type ValueInput, whenReady } from '@millrace/contracts'
import { outboxError } from './errors.ts'
import { type Executor, execute, executeSync, type SyncExecutor } from './executor.ts'
import { type AppendOptions, messageRow } from './message-row.ts'
import { type OutboxOptions, statementFor } from './outbox-statement.ts'
import { pgExecutor, type SqlTransaction } from './transaction.ts'

export interface Outbox {
  /**
   * Writes a message in the caller's transaction: it reaches the topic if, and only if, that transaction commits. `null`
   * as value is a tombstone. Key and value are checked against the contract before anything is written.
   *
   * Messages with one key arrive in the order in which their transactions wrote them, as long as those transactions
   * serialise on something: usually the row of the aggregate, which both of them update or lock before they append.
   *
   * @returns the event's id, which readers find in the header `id`
   * @throws CONTRACT_MISMATCH, OUTBOX_KEY_NOT_TEXT, OUTBOX_INVALID_HEADER, OUTBOX_NOT_A_TRANSACTION, OUTBOX_TABLE_MISSING
   */
  append<C extends AnyTopicContract>(
    contract: C,
    key: KeyInput<C>,
    value: ValueInput<C> | null,
    options?: AppendOptions,
  ): Promise<{ readonly id: string }>
}

/** The same over a driver whose calls return results instead of promises. */
export interface SyncOutbox {
  /** As `Outbox.append`; a contract whose schema is still on its way from a registry is refused. */
  append<C extends AnyTopicContract>(
    contract: C,
    key: KeyInput<C>,
    value: ValueInput<C> | null,
    options?: AppendOptions,
  ): { readonly id: string }
}

/**
 * The transactional outbox of a service that uses `pg`. For other clients see `@millrace/outbox/kysely` and its siblings.
 *
 * @example
 * const client = await pool.connect()
 * await client.query('begin')
 * await client.query('insert into orders values ($1, $2)', [row.id, row.amount])
 * await outbox(client).append(order, row.id, row)
 * await client.query('commit')
 */
export function outbox(tx: SqlTransaction, options: OutboxOptions = {}): Outbox {
  return outboxOn(pgExecutor(tx), options)
}

export function outboxOn(executor: Executor, options: OutboxOptions): Outbox {
  const statementOf = statementFor(executor.dialect, options)
  return {
    async append(contract, key, value, given = {}) {
      const row = await whenReady(() => messageRow(contract, key, value, given))
      const count = await execute(executor, options.table ?? 'outbox', statementOf(row))
      checkCaptured(count, options)
      return { id: row.id }
    },
  }
}

export function syncOutboxOn(executor: SyncExecutor, options: OutboxOptions): SyncOutbox {
  const statementOf = statementFor(executor.dialect, options)
  return {
    append(contract, key, value, given = {}) {
      const row = messageRow(contract, key, value, given)
      executeSync(executor, options.table ?? 'outbox', statementOf(row))
      return { id: row.id }
    },
  }
}

/** An insert changes its row or fails; a message to the log is left out where no slot captures the database. */
function checkCaptured(count: number, options: OutboxOptions): void {
  if (options.via !== 'log' || count > 0) return
  const slot = options.slot === undefined ? 'a slot whose name begins with millrace_' : `slot "${options.slot}"`
  throw outboxError('OUTBOX_NOT_CAPTURED', `${slot} does not exist, so nothing captures messages in the log`)
}
