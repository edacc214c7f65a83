import { affectedRows } from './affected-rows.ts'
import { type Executor, notATransaction } from './executor.ts'

/**
 * A database transaction, as far as the outbox and the inbox need one. `Client` and `PoolClient` of `pg` fit as they are;
 * any other client of PostgreSQL does when three lines map its call to this one.
 */
export interface SqlTransaction {
  query(
    text: string,
    values: unknown[],
  ): Promise<{ readonly rowCount: number | null; readonly rows: readonly unknown[] }>
}

/** What `pg` tells about itself; other clients tell nothing and are trusted. */
interface PgTraits {
  readonly totalCount?: unknown
  readonly idleCount?: unknown
  /** `I` while no transaction is open, `E` after an error in one (pg 8.17 and later). */
  getTransactionStatus?(): string | null
}

/**
 * Refuses what is visibly not a transaction: a pool, which would put every statement on another connection, and a client
 * on which nothing was begun. Either would commit the message without the business row, or the other way round.
 */
export function pgExecutor(tx: SqlTransaction): Executor {
  return {
    dialect: 'postgres',
    check() {
      const traits = tx as PgTraits
      if (traits.totalCount !== undefined && traits.idleCount !== undefined) {
        throw notATransaction('a pool was given where a client with an open transaction is needed')
      }
      if (traits.getTransactionStatus?.() === 'I') {
        throw notATransaction('no transaction is open on the client: await its `begin` first')
      }
    },
    run: async ({ text, values }) => affectedRows(await tx.query(text, [...values])),
  }
}
