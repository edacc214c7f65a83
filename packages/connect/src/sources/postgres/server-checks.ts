import type { MillraceError } from '@millrace/base'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { connectClient } from '../../postgres/driver.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { parseLsn } from './lsn.ts'

/** What stands in the way of logical replication on this server, for this user. */
export async function serverProblems(client: Client): Promise<MillraceError[]> {
  const { rows } = await client.query<{ wal_level: string; user: string; may_replicate: boolean }>(`
    select current_setting('wal_level') as wal_level, current_user as user,
           (r.rolsuper or r.rolreplication
            or coalesce((select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = 'rds_replication'),
                        false)) as may_replicate
      from pg_roles r where r.rolname = current_user`)
  const { wal_level: walLevel, user, may_replicate: mayReplicate } = rows[0]!
  const problems: MillraceError[] = []
  if (walLevel !== 'logical') {
    const message = `wal_level of the server is "${walLevel}", logical decoding needs "logical"`
    problems.push(connectError('POSTGRES_WAL_LEVEL', message, { walLevel }))
  }
  if (!mayReplicate) {
    const message = `user ${quoteIdentifier(user)} may not start replication; run: ALTER ROLE ${quoteIdentifier(user)} REPLICATION`
    problems.push(connectError('POSTGRES_NO_REPLICATION_RIGHT', message, { user }))
  }
  return problems
}

/** Where the server's log ends. */
export async function logEnd(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn')
  return parseLsn(rows[0]!.lsn)
}

/**
 * The server's own identity, asked over a replication connection: whatever keeps one from being opened shows before a slot
 * is created, which would then hold the server's log with nobody to read it.
 */
export async function serverIdentity(url: string, applicationName: string): Promise<string> {
  const client = await connectClient(url, applicationName, true)
  try {
    const { rows } = await client.query<{ systemid: string }>('IDENTIFY_SYSTEM')
    return rows[0]!.systemid
  } finally {
    await client.end().catch(() => {})
  }
}
