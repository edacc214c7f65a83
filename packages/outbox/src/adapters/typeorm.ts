import { affectedRows } from '../affected-rows.ts'
import type { Dialect } from '../dialect.ts'
import { outboxError } from '../errors.ts'
import { type Executor, notATransaction } from '../executor.ts'
import { type ExpireInboxOptions, expireInboxOn, type Inbox, type InboxOptions, inboxOn } from '../inbox.ts'
import { type InboxStore, type InboxStoreOptions, inboxStoreOn } from '../inbox-store.ts'
import { type Outbox, outboxOn } from '../outbox.ts'
import type { OutboxOptions } from '../outbox-statement.ts'

/** `EntityManager` of TypeORM. */
export interface TypeOrmManager {
  query(query: string, parameters?: unknown[]): Promise<unknown>
  readonly connection: { readonly options: { readonly type: string } }
  readonly queryRunner?: { readonly isTransactionActive: boolean } | undefined
}

/** `DataSource` of TypeORM. */
export interface TypeOrmDataSource<M extends TypeOrmManager = TypeOrmManager> {
  readonly manager: M
  transaction(work: (manager: M) => Promise<void>): Promise<void>
}

/**
 * The outbox in a transaction of TypeORM, on PostgreSQL, MySQL, MariaDB or SQLite.
 *
 * @example
 * await dataSource.transaction(async (manager) => {
 *   await manager.insert(Order, row)
 *   await outbox(manager).append(order, row.id, row)
 * })
 */
export function outbox(manager: TypeOrmManager, options: OutboxOptions = {}): Outbox {
  return outboxOn(executorOf(manager, true), options)
}

/** The inbox in a transaction of TypeORM. */
export function inbox(manager: TypeOrmManager, options: InboxOptions = {}): Inbox {
  return inboxOn(executorOf(manager, true), options)
}

/** Forgets events that were handled long ago; how many. */
export function expireInbox(dataSource: TypeOrmDataSource, options: ExpireInboxOptions = {}): Promise<number> {
  return expireInboxOn(executorOf(dataSource.manager, false), options)
}

/**
 * For `consume` of `@millrace/handlers`: handlers get an entity manager inside a transaction. On SQLite they wait for each other; give this
 * a data source of its own there, since TypeORM has one connection that all of its transactions share.
 */
export function inboxStore<M extends TypeOrmManager>(
  dataSource: TypeOrmDataSource<M>,
  options: InboxStoreOptions = {},
): InboxStore<M> {
  return inboxStoreOn(
    {
      transaction: (work) => dataSource.transaction(work),
      executorOf: (manager) => executorOf(manager, true),
      executor: executorOf(dataSource.manager, false),
    },
    options,
  )
}

function executorOf(manager: TypeOrmManager, isTransactionDue: boolean): Executor {
  return {
    dialect: dialectOf(manager),
    check() {
      if (isTransactionDue && manager.queryRunner?.isTransactionActive !== true) {
        throw notATransaction(
          'an entity manager outside of a transaction was given: take that of `dataSource.transaction`',
        )
      }
    },
    run: async ({ text, values }) => affectedRows(await manager.query(text, [...values])),
  }
}

const dialects: Readonly<Record<string, Dialect>> = {
  postgres: 'postgres',
  'aurora-postgres': 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  'aurora-mysql': 'mysql',
  sqlite: 'sqlite',
  'better-sqlite3': 'sqlite',
  sqljs: 'sqlite',
}

function dialectOf({ connection }: TypeOrmManager): Dialect {
  const dialect = dialects[connection.options.type]
  if (dialect) return dialect
  throw outboxError('OUTBOX_DIALECT_UNKNOWN', `TypeORM's data source is of type ${connection.options.type}`)
}
