import { after, before, describe } from 'node:test'
import mysql, { type Connection } from 'mysql2/promise'
import { mysqlDialect } from '../../packages/connect/src/sinks/mysql/dialect.ts'
import { registerSqlSinkTests } from '../../packages/connect/test/support/sql-sink-suite.ts'
import { mariaDbUnavailable, startMariaDb, type TestMariaDb } from '../support/mariadb.ts'

describe('the MySQL sink on MariaDB', { skip: mariaDbUnavailable() }, () => {
  let server: TestMariaDb
  let db: Connection

  before(async () => {
    server = await startMariaDb()
    db = await mysql.createConnection({ uri: server.url(), supportBigNumbers: true, dateStrings: true })
  })

  after(async () => {
    await db?.end()
    await server?.close()
  })

  registerSqlSinkTests(
    () => ({
      dialect: () => mysqlDialect(server.url()),
      query: async (sql) => {
        const [rows] = await db.query(sql)
        return rows as Record<string, unknown>[]
      },
      types: { text: 'longtext', keyText: 'varchar(255)', double: 'double' },
    }),
    (name) => `\`${name}\``,
  )
})
