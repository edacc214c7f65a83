import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { inboxMigration, outboxMigration } from '@millrace/outbox'
import { millraceError } from '../../errors.ts'
import { withDatabase } from '../database.ts'

/** `millrace migrate`: creates the outbox and inbox tables where they are missing; safe to repeat. */
export async function migrateCommand(flags: { readonly url?: string; readonly print?: boolean }): Promise<void> {
  const statements = [outboxMigration(), inboxMigration()]
  if (flags.print) {
    console.log(statements.join('\n'))
    return
  }
  const url = databaseUrl(flags.url)
  await withDatabase(url, async (client) => {
    for (const statement of statements) await client.query(statement)
  })
  console.log('the outbox and inbox tables are there')
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
  if (!/^(postgres(ql)?|socket):|^\//.test(url)) {
    throw millraceError('DATABASE_URL_MISSING', `the database is given as something that is no postgres:// URL`)
  }
  return url
}

function dotenv(): Record<string, string | undefined> {
  return existsSync('.env') ? parseEnv(readFileSync('.env', 'utf8')) : {}
}
