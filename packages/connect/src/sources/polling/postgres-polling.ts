import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { connectClient } from '../../postgres/driver.ts'
import { parseTableName, quoteTable } from '../../postgres/identifiers.ts'
import { postgresError } from '../../postgres/postgres-errors.ts'
import { applicationName, isSibling } from '../postgres/application-name.ts'
import { checkColumns, tableMissing } from './outbox-columns.ts'
import type { PolledRow, PositionRange, ReadLimits, ReadScope, RowKey, SnapshotDatabase } from './polling-database.ts'
import type { KeepingPosition } from './polling-position.ts'
import { readText } from './read-text.ts'

/** How often it is looked whether anything deletes rows before they are read. */
const keptIntervalMs = 1_000

interface Layout {
  readonly columns: string
  readonly idType: string
  readonly length: (column: string) => string
}

/** An outbox in PostgreSQL, over ordinary connections: poolers and standbys' masters without `wal_level = logical` will do. */
export async function openPostgres(url: string, tableName: string, connector: string): Promise<SnapshotDatabase> {
  const ownName = applicationName(connector)
  const client = await connectClient(url, ownName)
  try {
    const name = parseTableName(tableName)
    const layout = await layoutOf(client, tableName, name)
    await checkKept(client, quoteTable(name))
    return new PostgresPolling(client, quoteTable(name), ownName, layout)
  } catch (error) {
    await client.end().catch(() => {})
    throw postgresError(error, `reading the columns of ${tableName}`)
  }
}

async function layoutOf(
  client: Client,
  tableName: string,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<Layout> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped`,
    [schema, name],
  )
  if (rows.length === 0) throw tableMissing(tableName)
  const types = new Map(rows.map((row) => [row.name, row.type]))
  checkColumns(tableName, [...types.keys()])
  const time = types.has('timestamp') ? `(extract(epoch from o."timestamp") * 1000)::float8` : 'null'
  const payload = types.get('payload') === 'bytea' ? 'o.payload' : `convert_to(o.payload::text, 'UTF8')`
  const columns = [
    'o.position::float8 as position',
    'o.id::text as id',
    'o.aggregatetype::text as "aggregateType"',
    'o.aggregateid::text as "aggregateId"',
    'o.type::text as type',
    `${payload} as payload`,
    `${types.has('headers') ? 'o.headers::text' : 'null'} as headers`,
    `${time} as "timestampMs"`,
  ]
  // Of text it counts characters, which is near enough.
  const length = (column: string): string =>
    types.get('payload') === 'bytea' ? `octet_length(${column})` : `length(${column}::text)`
  return { columns: columns.join(', '), idType: types.get('id')!, length }
}

/**
 * The outbox's trigger deletes rows that capture will find in the log. With a slot that counts as capture, a poller would never see
 * a row. Which slots count is what the trigger's function says: a named one, or those of Millrace, since version 2 of the table only
 * where their publication has it.
 */
async function checkKept(client: Client, table: string): Promise<void> {
  const { rows: triggers } = await client.query<{ source: string }>(
    `select p.prosrc as source from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
    where t.tgrelid = $1::regclass and t.tgname like '%\\_delete\\_captured' and t.tgenabled <> 'D'`,
    [table],
  )
  const source = triggers[0]?.source
  if (source === undefined) return
  const named = /slot_name = '((?:[^']|'')+)'/.exec(source)?.[1]?.replaceAll("''", "'")
  const { rows } = await client.query<{ slot: string }>(
    `select s.slot_name as slot from pg_catalog.pg_replication_slots s
    where s.slot_type = 'logical' and s.database = current_database()
    and case when $2::text is null then s.slot_name like 'millrace\\_%' else s.slot_name = $2 end
    and (not $3 or exists (select from pg_catalog.pg_publication p
      where p.pubinsert and ($2 is not null or p.pubname = s.slot_name and not p.pubupdate) and (p.puballtables
        or exists (select from pg_catalog.pg_publication_rel r where r.prpubid = p.oid and r.prrelid = $1::regclass))))`,
    [table, named ?? null, source.includes('pg_publication')],
  )
  const slot = rows[0]?.slot
  if (slot === undefined) return
  const message = `rows of ${table} are deleted as captured while replication slot "${slot}" exists, so polling would miss them`
  throw connectError('CONNECT_OUTBOX_NOT_KEPT', message, { table, slot })
}

class PostgresPolling implements SnapshotDatabase {
  readonly #client: Client
  readonly #table: string
  readonly #ownName: string
  readonly #layout: Layout
  #keptMs = performance.now()

  constructor(client: Client, table: string, ownName: string, layout: Layout) {
    this.#client = client
    this.#table = table
    this.#ownName = ownName
    this.#layout = layout
  }

  async read(scope: ReadScope, limits: ReadLimits): Promise<PolledRow[]> {
    // A slot may come to capture the table at any time.
    if (performance.now() - this.#keptMs >= keptIntervalMs) {
      await checkKept(this.#client, this.#table).catch((error: unknown) => {
        throw postgresError(error, 'looking for slots')
      })
      this.#keptMs = performance.now()
    }
    const values: unknown[] = [limits.maxRows, limits.maxBytes]
    const value = (given: unknown): string => `$${values.push(given)}`
    const conditions: string[] = []
    if (scope.afterPosition !== undefined) conditions.push(`position > ${value(scope.afterPosition)}`)
    if (scope.seenBy !== undefined) conditions.push(`pg_visible_in_snapshot(txid, ${value(scope.seenBy)}::pg_snapshot)`)
    if (scope.unseenBy !== undefined) {
      const snapshot = value(scope.unseenBy)
      conditions.push(`txid >= pg_snapshot_xmin(${snapshot}::pg_snapshot)`)
      conditions.push(`not pg_visible_in_snapshot(txid, ${snapshot}::pg_snapshot)`)
    }
    const text = readText({
      lookup: 'array of ids',
      table: this.#table,
      columns: `${this.#layout.columns}${scope.unseenBy === undefined ? '' : ', o.txid::text as txid'}`,
      where: conditions.join(' and '),
      length: this.#layout.length,
      maxRows: '$1',
      maxBytes: '$2',
    })
    const { rows } = await this.#query<PolledRow & { timestampMs: number | null }>('reading the outbox', text, values)
    return rows.map((row) => ({ ...row, timestampMs: row.timestampMs ?? undefined }))
  }

  async remove(rows: readonly RowKey[]): Promise<number> {
    const text = `delete from ${this.#table} where id = any($1::text[]::${this.#layout.idType}[])`
    return (await this.#query('deleting published rows', text, [rows.map((row) => row.id)])).rowCount ?? 0
  }

  async find(ranges: readonly PositionRange[]): Promise<RowKey[]> {
    const text = `select o.position::float8 as position, o.id::text as id from ${this.#table} o
      join unnest($1::bigint[], $2::bigint[]) as r(first, last) on o.position between r.first and r.last order by o.position`
    const values = [ranges.map(([first]) => first), ranges.map(([, last]) => last)]
    return (await this.#query<RowKey>('looking for published rows', text, values)).rows
  }

  async identity(): Promise<string> {
    const text = `select c.system_identifier::text || '/' || d.oid as identity from pg_control_system() c,
      pg_catalog.pg_database d where d.datname = current_database()`
    return (await this.#query<{ identity: string }>('asking for the identity', text)).rows[0]!.identity
  }

  async timeline(): Promise<number | undefined> {
    const text = `select case when not pg_is_in_recovery() then pg_walfile_name(pg_current_wal_insert_lsn()) end as name`
    const { rows } = await this.#query<{ name: string | null }>('asking for the timeline', text)
    const name = rows[0]?.name
    return name ? Number.parseInt(name.slice(0, 8), 16) : undefined
  }

  async survival({ id, position }: RowKey): Promise<'there' | 'older' | 'gone'> {
    const text = `select exists (select from ${this.#table} where position = $1 and id = $2::text::${this.#layout.idType}) as there,
      exists (select from ${this.#table} where position < $1) as older`
    const { rows } = await this.#query<{ there: boolean; older: boolean }>('looking for a row', text, [position, id])
    return rows[0]!.there ? 'there' : rows[0]!.older ? 'older' : 'gone'
  }

  async snapshot(): Promise<string> {
    const text = 'select pg_current_snapshot()::text as snapshot'
    return (await this.#query<{ snapshot: string }>('asking for a snapshot', text)).rows[0]!.snapshot
  }

  async expire(snapshot: string, olderThanMs: number, maxRows: number): Promise<number> {
    const text = `delete from ${this.#table} where id in (select id from ${this.#table}
      where txid < pg_snapshot_xmin($1::pg_snapshot) and "timestamp" < clock_timestamp() - $2 * interval '1 millisecond' limit $3)`
    const { rowCount } = await this.#query('deleting old rows', text, [snapshot, olderThanMs, maxRows])
    return rowCount ?? 0
  }

  async occupied(): Promise<boolean> {
    const text = 'select application_name as name from pg_catalog.pg_stat_activity where datname = current_database()'
    const { rows } = await this.#query<{ name: string }>('asking for other instances', text)
    return rows.some(({ name }) => isSibling(name, this.#ownName))
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => {})
  }

  async #query<Row extends object>(
    doing: string,
    text: string,
    values: unknown[] = [],
  ): Promise<{ rows: Row[]; rowCount: number | null }> {
    try {
      return await this.#client.query<Row>(text, values)
    } catch (error) {
      throw postgresError(error, doing)
    }
  }
}

/**
 * Refuses a snapshot of another server, or of a later state of this one: it would hide rows as published. The same server may
 * have lost its latest transactions, restored from a copy of its disk or replaced by a standby that lagged behind, and have
 * handed out their ids again: then the last row that was published is not there. Old rows may be gone because somebody
 * deletes them, and those before them with them.
 */
export async function checkSnapshot(
  database: SnapshotDatabase,
  stored: Pick<KeepingPosition, 'database' | 'seen' | 'last' | 'timeline'>,
  connector: string,
): Promise<void> {
  const current = await database.snapshot()
  const nextXid = (snapshot: string): bigint => BigInt(snapshot.split(':')[1] ?? '0')
  const isSame = (await database.identity()) === stored.database
  if (isSame && nextXid(stored.seen) <= nextXid(current)) {
    const survival = stored.last ? await database.survival(stored.last) : 'there'
    if (survival === 'there' || (survival === 'gone' && stored.timeline === (await database.timeline()))) return
  }
  const message = `the stored position of ${connector} is from ${isSame ? 'a later state of the database' : 'another database'}`
  throw connectError('CONNECT_OTHER_DATABASE', message, { connector })
}
