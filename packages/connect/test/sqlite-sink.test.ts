import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe } from 'node:test'
import { sqliteDialect } from '../src/sinks/sqlite/dialect.ts'
import { registerSqlSinkTests } from './support/sql-sink-suite.ts'

describe('the SQLite sink', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sqlite-'))
  const file = join(folder, 'reporting.db')
  const database = new DatabaseSync(file, { timeout: 1_000 })
  database.exec('pragma journal_mode = wal')

  after(() => {
    database.close()
    rmSync(folder, { recursive: true })
  })

  registerSqlSinkTests(
    () => ({
      dialect: () => sqliteDialect(file),
      query: async (sql) => database.prepare(sql).all(),
      types: { text: 'text', keyText: 'text', double: 'real' },
    }),
    (name) => `"${name}"`,
  )
})
