// The outbox and the inbox in the transactions of Kysely, Drizzle, TypeORM and Knex.
import { DatabaseSync } from 'node:sqlite'
import * as drizzle from '@millrace/outbox/drizzle'
import * as forKnex from '@millrace/outbox/knex'
import * as kysely from '@millrace/outbox/kysely'
import * as typeorm from '@millrace/outbox/typeorm'
import { sql } from 'drizzle-orm'
import { drizzle as drizzleMysql, type MySql2Database } from 'drizzle-orm/mysql2'
import { drizzle as drizzlePg, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { drizzle as drizzleProxy, type SqliteRemoteDatabase } from 'drizzle-orm/sqlite-proxy'
import knex, { type Knex } from 'knex'
import {
  CamelCasePlugin,
  Kysely,
  type Dialect as KyselyDialect,
  sql as kyselySql,
  MysqlDialect,
  PostgresDialect,
  SqliteDialect,
  type Transaction,
} from 'kysely'
import { createPool as createCallbackPool } from 'mysql2'
import { createPool } from 'mysql2/promise'
import pg from 'pg'
import { DataSource, type EntityManager } from 'typeorm'
import { mariaDbUnavailable } from '../support/mariadb.ts'
import { registerOutboxTests } from './contract-suite.ts'
import { databases, type Fresh } from './databases.ts'

const all = databases()
const onMariaDb = { skip: mariaDbUnavailable() }

interface Schema {
  effect: { name: string }
}

const kyselyClient = (make: (fresh: Fresh) => KyselyDialect, dialect: 'postgres' | 'mysql' | 'sqlite') => async () => {
  const fresh = await all.fresh(dialect)
  const db = new Kysely<Schema>({ dialect: make(fresh), plugins: [new CamelCasePlugin()] })
  fresh.closing(() => db.destroy())
  return {
    query: fresh.query,
    close: fresh.close,
    store: () => kysely.inboxStore(db),
    transaction: <T>(work: (tx: Transaction<Schema>) => Promise<T>) => db.transaction().execute(work),
    outbox: kysely.outbox<Schema>,
    inbox: kysely.inbox<Schema>,
    effect: (tx: Transaction<Schema>, name: string) => tx.insertInto('effect').values({ name }).execute(),
    broken: (tx: Transaction<Schema>) => kyselySql`select nothing from nowhere`.execute(tx),
    outside: db as unknown as Transaction<Schema>,
  }
}

registerOutboxTests(
  'Kysely on PostgreSQL',
  kyselyClient(({ url }) => new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }), 'postgres'),
)
registerOutboxTests(
  'Kysely on MariaDB',
  kyselyClient(({ url }) => new MysqlDialect({ pool: createCallbackPool(url) }), 'mysql'),
  onMariaDb,
)
registerOutboxTests(
  'Kysely on SQLite',
  kyselyClient(({ url }) => new SqliteDialect({ database: asBetterSqlite3(new DatabaseSync(url)) }), 'sqlite'),
)

/** Kysely asks for the interface of `better-sqlite3`. */
function asBetterSqlite3(db: DatabaseSync): ConstructorParameters<typeof SqliteDialect>[0]['database'] {
  return {
    close: () => db.close(),
    prepare(text: string) {
      const statement = db.prepare(text)
      return {
        reader: statement.columns().length > 0,
        all: (values: readonly unknown[]) => statement.all(...(values as never[])),
        run: (values: readonly unknown[]) => {
          const { changes, lastInsertRowid } = statement.run(...(values as never[]))
          return { changes: Number(changes), lastInsertRowid: BigInt(lastInsertRowid) }
        },
        iterate: (values: readonly unknown[]) => statement.iterate(...(values as never[])),
      }
    },
  } as ConstructorParameters<typeof SqliteDialect>[0]['database']
}

type PgTx = Parameters<Parameters<NodePgDatabase['transaction']>[0]>[0]
registerOutboxTests<PgTx>('Drizzle on PostgreSQL', async () => {
  const { url, query, closing, close } = await all.fresh('postgres')
  const pool = new pg.Pool({ connectionString: url })
  closing(() => pool.end())
  const db = drizzlePg(pool)
  return {
    query,
    close,
    store: () => drizzle.inboxStore(db),
    transaction: (work) => db.transaction(work),
    outbox: drizzle.outbox,
    inbox: drizzle.inbox,
    effect: (tx, name) => tx.execute(sql`insert into effect values (${name})`),
    broken: (tx) => tx.execute(sql`select nothing from nowhere`),
    outside: db as unknown as PgTx,
  }
})

type MysqlTx = Parameters<Parameters<MySql2Database['transaction']>[0]>[0]
registerOutboxTests<MysqlTx>(
  'Drizzle on MariaDB',
  async () => {
    const { url, query, closing, close } = await all.fresh('mysql')
    const pool = createPool(url)
    closing(() => pool.end())
    const db = drizzleMysql(pool) as unknown as MySql2Database
    return {
      query,
      close,
      store: () => drizzle.inboxStore(db),
      transaction: (work) => db.transaction(work),
      outbox: drizzle.outbox,
      inbox: drizzle.inbox,
      effect: (tx, name) => tx.execute(sql`insert into effect values (${name})`),
      broken: (tx) => tx.execute(sql`select nothing from nowhere`),
      outside: db as unknown as MysqlTx,
    }
  },
  onMariaDb,
)

type SqliteTx = Parameters<Parameters<SqliteRemoteDatabase['transaction']>[0]>[0]
registerOutboxTests<SqliteTx>('Drizzle on SQLite', async () => {
  const { url, query, closing, close } = await all.fresh('sqlite')
  const connection = new DatabaseSync(url)
  closing(() => connection.close())
  const db = drizzleProxy(async (text, values, method) => {
    const statement = connection.prepare(text)
    if (method === 'run') statement.run(...values)
    statement.setReturnArrays(true)
    return { rows: method === 'run' ? [] : (statement.all(...values) as unknown[]) }
  })
  // One connection, so one transaction at a time.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
  const transaction = <T>(work: (tx: SqliteTx) => Promise<T>): Promise<T> => inTurn(() => db.transaction(work))
  const root = Object.assign(Object.create(db) as typeof db, { transaction })
  return {
    query,
    close,
    store: () => drizzle.inboxStore<SqliteTx>(root),
    transaction,
    outbox: drizzle.outbox,
    inbox: drizzle.inbox,
    effect: (tx, name) => tx.run(sql`insert into effect values (${name})`),
    broken: (tx) => tx.run(sql`select nothing from nowhere`),
    outside: db as unknown as SqliteTx,
  }
})

const typeormClient = (dialect: 'postgres' | 'mysql', type: 'postgres' | 'mariadb') => async () => {
  const { url, query, closing, close } = await all.fresh(dialect)
  const source = await new DataSource({ type, url }).initialize()
  closing(() => source.destroy())
  const insert = dialect === 'postgres' ? 'insert into effect values ($1)' : 'insert into effect values (?)'
  return {
    query,
    close,
    store: () => typeorm.inboxStore<EntityManager>(source),
    transaction: <T>(work: (tx: EntityManager) => Promise<T>) => source.transaction(work),
    outbox: (tx: EntityManager) => typeorm.outbox(tx),
    inbox: (tx: EntityManager) => typeorm.inbox(tx),
    effect: (tx: EntityManager, name: string) => tx.query(insert, [name]),
    broken: (tx: EntityManager) => tx.query('select nothing from nowhere'),
    outside: source.manager,
  }
}

registerOutboxTests('TypeORM on PostgreSQL', typeormClient('postgres', 'postgres'))
registerOutboxTests('TypeORM on MariaDB', typeormClient('mysql', 'mariadb'), onMariaDb)

const knexClient = (dialect: 'postgres' | 'mysql', client: 'pg' | 'mysql2') => async () => {
  const { url, query, closing, close } = await all.fresh(dialect)
  const db = knex({ client, connection: url })
  closing(() => db.destroy())
  return {
    query,
    close,
    store: () => forKnex.inboxStore<Knex.Transaction>(db),
    transaction: <T>(work: (tx: Knex.Transaction) => Promise<T>) => db.transaction(work),
    outbox: (tx: Knex.Transaction) => forKnex.outbox(tx),
    inbox: (tx: Knex.Transaction) => forKnex.inbox(tx),
    effect: async (tx: Knex.Transaction, name: string) => tx('effect').insert({ name }),
    broken: async (tx: Knex.Transaction) => tx.raw('select nothing from nowhere'),
    outside: db as unknown as Knex.Transaction,
  }
}

registerOutboxTests('Knex on PostgreSQL', knexClient('postgres', 'pg'))
registerOutboxTests('Knex on MariaDB', knexClient('mysql', 'mysql2'), onMariaDb)
