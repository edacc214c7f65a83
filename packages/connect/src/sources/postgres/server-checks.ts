import type { MillraceError } from '@millrace/base'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'

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

/** The server's own identity and how far its log reaches. */
export async function serverIdentity(client: Client): Promise<{ systemId: string; walLsn: string }> {
  const { rows } = await client.query<{ system_id: string; wal_lsn: string }>(
    'select system_identifier::text as system_id, pg_current_wal_insert_lsn()::text as wal_lsn from pg_control_system()',
  )
  return { systemId: rows[0]!.system_id, walLsn: rows[0]!.wal_lsn }
}
