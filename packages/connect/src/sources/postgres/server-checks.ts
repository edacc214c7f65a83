import type { MillraceError } from '@millrace/base'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { connectClient } from '../../postgres/driver.ts'
import { quoteIdentifier, quoteTable, tableText } from '../../postgres/identifiers.ts'
import type { CapturedTable } from './capture.ts'
import { bytesText, retainedBytes } from './log-budget.ts'
import { parseLsn } from './lsn.ts'

/** Logical messages, and `pgoutput` as it is read here, come with PostgreSQL 14. */
const oldestVersion = 140_000

/** What stands in the way of logical replication on this server, for this user. */
export async function serverProblems(client: Client): Promise<MillraceError[]> {
  const { rows } = await client.query<{
    wal_level: string
    version: number
    version_text: string
    user: string
    may_replicate: boolean
  }>(`
    select current_setting('wal_level') as wal_level, current_setting('server_version_num')::int as version,
           current_setting('server_version') as version_text, current_user as user,
           (r.rolsuper or r.rolreplication
            or coalesce((select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = 'rds_replication'),
                        false)) as may_replicate
      from pg_roles r where r.rolname = current_user`)
  const { wal_level: walLevel, user, may_replicate: mayReplicate } = rows[0]!
  const problems: MillraceError[] = []
  const { version, version_text: versionText } = rows[0]!
  if (version < oldestVersion) {
    problems.push(connectError('POSTGRES_VERSION', `the server is PostgreSQL ${versionText}`, { version: versionText }))
  }
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

/** Whether there is room for another slot. */
export async function slotsProblem(client: Client, slot: string): Promise<MillraceError[]> {
  const { rows } = await client.query<{ used: number; max: number; idle: string | null }>(
    `select count(*)::int as used, current_setting('max_replication_slots')::int as max,
            string_agg(slot_name, ', ') filter (where not active) as idle
       from pg_replication_slots`,
  )
  const { used, max, idle } = rows[0]!
  if (used < max) return []
  const unread = idle === null ? '' : `; nobody reads ${idle}`
  return [connectError('POSTGRES_SLOTS_EXHAUSTED', `all ${max} replication slots are in use${unread}`, { slot })]
}

/** What cannot be captured of tables as they are defined. */
export function describeTables(tables: readonly CapturedTable[]): string[] {
  return tables.flatMap(({ relation, primaryKey, hasReplicaIdentity, unsentIdentity, isPartitioned }) => {
    const table = tableText(relation)
    if (isPartitioned && hasReplicaIdentity) return [partitionsText(table)]
    if (unsentIdentity !== undefined) return [`${unsentText(table, unsentIdentity)}: only its inserts are captured`]
    if (!hasReplicaIdentity) {
      const remedy = `ALTER TABLE ${quoteTable(relation)} ADD PRIMARY KEY (…), or REPLICA IDENTITY FULL`
      return [`table ${table} has no replica identity: only its inserts are captured; ${remedy}`]
    }
    if (primaryKey.length === 0 && relation.replicaIdentity === 'f') {
      return [`table ${table} has no primary key: its records have no key, and its snapshots are read in one piece`]
    }
    return []
  })
}

function partitionsText(table: string): string {
  return `table ${table} is partitioned: TRUNCATE, ATTACH, DETACH and DROP of a partition are in no log, so that rows which come or go by them do not in the topics; delete rows where that matters`
}

/** Why the replica identity of a table is of no use, and what to do. */
export function unsentText(table: string, column: string): string {
  const remedy = 'ALTER TABLE … REPLICA IDENTITY USING INDEX a unique index of other columns that are NOT NULL'
  return `the replica identity of table ${table} has the generated column ${column}, which PostgreSQL does not send (${remedy})`
}

/** What is in order, and what is worth a thought although capture works. */
export async function describeServer(client: Client, slot: string, isOutbox: boolean): Promise<string[]> {
  const { rows } = await client.query<{
    version: string
    encoding: string
    slots: number
    slots_max: number
    keep: string
    is_slot: boolean
    is_active: boolean | null
    failover: boolean | null
  }>(
    `select current_setting('server_version') as version, current_setting('server_encoding') as encoding,
            (select count(*)::int from pg_replication_slots) as slots,
            current_setting('max_replication_slots')::int as slots_max,
            current_setting('max_slot_wal_keep_size') as keep,
            s.slot_name is not null as is_slot, s.active as is_active, (to_jsonb(s) ->> 'failover')::boolean as failover
       from (select 1) one left join pg_replication_slots s on s.slot_name = $1`,
    [slot],
  )
  const found = rows[0]!
  const sentences = [`PostgreSQL ${found.version}: capture reads its log (pgoutput)`]
  if (found.encoding === 'SQL_ASCII') {
    sentences.push(
      'the encoding of the database is SQL_ASCII, which takes any bytes: a text that is not UTF-8 ends the source; ' +
        'only a new database with ENCODING UTF8 keeps such texts out',
    )
  }
  const retained = await retainedBytes(client, slot)
  if (found.is_slot) {
    const kept = retained === undefined ? '' : `, keeps ${bytesText(retained)} of log`
    const standby = found.failover === true ? ', is kept on standbys that synchronise slots' : ''
    sentences.push(`slot ${slot} is ${found.is_active ? 'being read' : 'not being read'}${kept}${standby}`)
  } else {
    sentences.push(`slot ${slot} will be created: ${found.slots} of ${found.slots_max} slots are in use`)
  }
  if (found.keep === '-1') {
    sentences.push(
      'while the source is away the server keeps log without bound: max_slot_wal_keep_size = -1; ' +
        `ALTER SYSTEM SET max_slot_wal_keep_size bounds it, and a slot that loses its log then ${isOutbox ? 'loses the events that only the log holds' : 'needs a new snapshot'}`,
    )
  }
  return sentences
}

/** Where the server's log ends. */
export async function logEnd(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn')
  return parseLsn(rows[0]!.lsn)
}

export interface ServerIdentity {
  readonly systemId: string
  readonly timeline: number
  /** Where the log of each earlier timeline was left for the next one, as far as the server's own history goes. */
  readonly history: ReadonlyMap<number, bigint>
}

/**
 * The server's own identity, asked over a replication connection: whatever keeps one from being opened shows before a slot
 * is created, which would then hold the server's log with nobody to read it.
 */
export async function serverIdentity(url: string, applicationName: string): Promise<ServerIdentity> {
  const client = await connectClient(url, applicationName, true)
  try {
    const { systemId, timeline } = await identifySystem(client)
    return { systemId, timeline, history: await timelineHistory(client, timeline) }
  } finally {
    await client.end().catch(() => {})
  }
}

/** Over a replication connection. */
export async function identifySystem(client: Client): Promise<{ systemId: string; timeline: number }> {
  const { rows } = await client.query<{ systemid: string; timeline: unknown }>('IDENTIFY_SYSTEM')
  return { systemId: rows[0]!.systemid, timeline: Number(rows[0]!.timeline) }
}

/** The first timeline has no history. Each line of a later one's: a timeline, where it was left, why. */
async function timelineHistory(client: Client, timeline: number): Promise<Map<number, bigint>> {
  if (timeline === 1) return new Map()
  const { rows } = await client.query<{ content: unknown }>(`TIMELINE_HISTORY ${timeline}`)
  const lines = String(rows[0]?.content).matchAll(/^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/gim)
  return new Map(Array.from(lines, ([, left, lsn]) => [Number(left), parseLsn(lsn!)]))
}
