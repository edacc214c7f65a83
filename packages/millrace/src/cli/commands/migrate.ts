import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { Dialect } from '@millrace/outbox'
import { millraceError } from '../../errors.ts'
import { withDatabase, withMysql, withSqlite } from '../database.ts'
import { createStatements } from '../init/statements.ts'

/** `millrace migrate`: creates the outbox and inbox tables where they are missing; safe to repeat. */
export async function migrateCommand(flags: { readonly url?: string; readonly print?: boolean }): Promise<void> {
  if (flags.print) {
    const url = flags.url || process.env.DATABASE_URL || dotenv().DATABASE_URL
    console.log(createStatements(dialectOf(url ?? '')).join('\n\n'))
    return
  }
  const url = databaseUrl(flags.url)
  const dialect = dialectOf(url)
  const run = { postgres: withDatabase, mysql: withMysql, sqlite: withSqlite }[dialect]
  await run(url, async (client: { query(sql: string): Promise<unknown> }) => {
    for (const statement of createStatements(dialect)) await client.query(statement)
  })
  console.log('the outbox and inbox tables are there')
}

function dialectOf(url: string): Dialect {
  if (/^(mysql|mariadb):/.test(url)) return 'mysql'
  return /^(sqlite|file):/.test(url) ? 'sqlite' : 'postgres'
}

/**
 * The flag, or DATABASE_URL from the environment or from `.env` here. Never the defaults of the driver: a shell expands a
 * variable that is only in `.env` to nothing, and the tables would go into whichever database listens on this machine.
 */
function databaseUrl(flag: string | undefined): string {
  if (flag === '') {
    throw millraceError('DATABASE_URL_MISSING', '--url is empty: the shell has no such variable')
  }
  const url = flag ?? (process.env.DATABASE_URL || dotenv().DATABASE_URL)
  if (!url) throw millraceError('DATABASE_URL_MISSING', 'neither --url nor DATABASE_URL names a database')
  // A bare word would be taken for the name of a database on a host called "base".
  if (!/^(postgres(ql)?|socket|mysql|mariadb|sqlite|file):|^\//.test(url)) {
    const message = 'the database is given as something that is no URL of PostgreSQL, MySQL or SQLite'
    throw millraceError('DATABASE_URL_MISSING', message)
  }
  return url
}

function dotenv(): Record<string, string | undefined> {
  return existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}
}
