import { affectedRows } from '../affected-rows.ts'
import { type Dialect, returnsRows } from '../dialect.ts'
import { outboxError } from '../errors.ts'
import { type Executor, notATransaction } from '../executor.ts'
import { type ExpireInboxOptions, expireInboxOn, type Inbox, type InboxOptions, inboxOn } from '../inbox.ts'
import { type InboxStore, type InboxStoreOptions, inboxStoreOn } from '../inbox-store.ts'
import { type Outbox, outboxOn } from '../outbox.ts'
import type { OutboxOptions } from '../outbox-statement.ts'

/** `Prisma.TransactionClient` and the client itself, of any generated schema. */
export interface PrismaTransaction {
  $executeRawUnsafe(query: string, ...values: unknown[]): PromiseLike<number>
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>
}

/** The client with the transactions that it hands out. */
export interface PrismaRoot<Tx extends PrismaTransaction> extends PrismaTransaction {
  $transaction(work: (tx: Tx) => Promise<void>, options?: { maxWait?: number; timeout?: number }): Promise<void>
}

export interface PrismaDialect {
  /** Default: what the client says. */
  readonly dialect?: Dialect
}

/**
 * The outbox in an interactive transaction of Prisma, on PostgreSQL, MySQL, MariaDB or SQLite.
 *
 * @example
 * await prisma.$transaction(async (tx) => {
 *   await tx.order.create({ data: row })
 *   await outbox(tx).append(order, row.id, row)
 * })
 */
export function outbox(tx: PrismaTransaction, options: OutboxOptions & PrismaDialect = {}): Outbox {
  const { dialect, ...rest } = options
  return outboxOn(executorOf(tx, true, dialect), rest)
}

/** The inbox in an interactive transaction of Prisma. */
export function inbox(tx: PrismaTransaction, options: InboxOptions & PrismaDialect = {}): Inbox {
  const { dialect, ...rest } = options
  return inboxOn(executorOf(tx, true, dialect), rest)
}

/** Forgets events that were handled long ago; how many. */
export function expireInbox(db: PrismaTransaction, options: ExpireInboxOptions & PrismaDialect = {}): Promise<number> {
  const { dialect, ...rest } = options
  return expireInboxOn(executorOf(db, false, dialect), rest)
}

/** Prisma ends transactions after five seconds by default; what limits a handler is its own `handlerTimeoutMs`. */
const transactionTimeoutMs = 600_000

/** For `consume` of `@millrace/handlers`: handlers get a transaction client of Prisma. */
export function inboxStore<Tx extends PrismaTransaction>(
  db: PrismaRoot<Tx>,
  options: InboxStoreOptions & PrismaDialect = {},
): InboxStore<Tx> {
  const { dialect, ...rest } = options
  return inboxStoreOn(
    {
      transaction: (work) => db.$transaction(work, { timeout: transactionTimeoutMs }),
      executorOf: (tx) => executorOf(tx, true, dialect),
      executor: executorOf(db, false, dialect),
    },
    rest,
  )
}

/**
 * What gives rows has to be a query: the number of an executed `select` is that of changed rows, and the driver adapter of
 * `better-sqlite3` executes nothing that returns any.
 */
function executorOf(db: PrismaTransaction, isTransactionDue: boolean, dialect: Dialect | undefined): Executor {
  return {
    dialect: dialect ?? dialectOf(db),
    check() {
      if (isTransactionDue && '$connect' in db) {
        throw notATransaction('the client was given where the `tx` of an interactive `$transaction` is needed')
      }
    },
    run: async (statement) => {
      const { text, values } = statement
      if (!returnsRows(statement)) return db.$executeRawUnsafe(text, ...values)
      return affectedRows(await db.$queryRawUnsafe(text, ...values))
    },
  }
}

const dialects: Readonly<Record<string, Dialect>> = {
  postgresql: 'postgres',
  postgres: 'postgres',
  mysql: 'mysql',
  sqlite: 'sqlite',
}

function dialectOf(db: PrismaTransaction): Dialect {
  const provider = (db as { readonly _activeProvider?: string })._activeProvider
  const dialect = provider === undefined ? undefined : dialects[provider]
  if (dialect) return dialect
  throw outboxError('OUTBOX_DIALECT_UNKNOWN', `Prisma's provider is ${provider ?? 'not told by this version'}`)
}
