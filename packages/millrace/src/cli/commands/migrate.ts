import { inboxMigration, outboxMigration } from '@millrace/outbox'
import { withDatabase } from '../database.ts'

/** `millrace migrate`: creates the outbox and inbox tables where they are missing; safe to repeat. */
export async function migrateCommand(flags: { readonly url: string; readonly print?: boolean }): Promise<void> {
  const statements = [outboxMigration(), inboxMigration()]
  if (flags.print) {
    console.log(statements.join('\n'))
    return
  }
  await withDatabase(flags.url, async (client) => {
    for (const statement of statements) await client.query(statement)
  })
  console.log('the outbox and inbox tables are there')
}
