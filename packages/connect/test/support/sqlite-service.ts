import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { outboxMigration } from '@millrace/outbox'
import { outbox } from '@millrace/outbox/sqlite'
import type { PolledService } from './polling-suite.ts'

/** A service on a file of SQLite, whose path needs care. */
export async function sqliteService(): Promise<PolledService> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace polling-'))
  const path = join(folder, 'service #1.db')
  const db = new DatabaseSync(path)
  db.exec('pragma journal_mode = wal; pragma busy_timeout = 5000; pragma synchronous = off')
  db.exec(outboxMigration({ dialect: 'sqlite' }))
  db.exec('create table counter (id text primary key, n integer not null)')
  // One writer at a time, as SQLite has it.
  let last: Promise<unknown> = Promise.resolve()
  return {
    url: `sqlite:${path}`,
    async begin() {
      const before = last
      const turn = Promise.withResolvers<void>()
      last = turn.promise
      await before
      db.exec('begin immediate')
      const end = async (statement: string): Promise<void> => {
        db.exec(statement)
        turn.resolve()
      }
      return {
        outbox: { append: async (...message) => outbox(db).append(...message) },
        bump: async (key) => {
          const [row] = db.prepare('update counter set n = n + 1 where id = ? returning n').all(key)
          return Number(row!.n) - 1
        },
        commit: () => end('commit'),
        rollback: () => end('rollback'),
      }
    },
    rows: async () => Number(db.prepare('select count(*) as n from outbox').get()!.n),
    query: async (sql) => db.exec(sql),
    close: async () => {
      db.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
