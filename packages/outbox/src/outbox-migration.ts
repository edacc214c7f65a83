import { checkOptions } from '@millrace/base/internal'
import type { Dialect } from './dialect.ts'
import { quoteBeside, quoteOwned, quoteTable, quoteText } from './identifier.ts'

/**
 * What the column `payload` is. `bytea` keeps the bytes that the contract's serde made, whatever they are; `jsonb` is
 * Debezium's default and rewrites JSON (order of fields, spaces, numbers); `json` and `text` keep text as it is. In MySQL
 * they are `longblob`, `json`, `json` and `longtext`, in SQLite `blob` and `text`.
 */
export type PayloadType = 'bytea' | 'jsonb' | 'json' | 'text'

export interface OutboxMigrationOptions {
  /** Default `postgres`; `mysql` is for MariaDB as well. */
  readonly dialect?: Dialect
  /** Table, or schema and table. Default `outbox`. */
  readonly table?: string
  /** Default `bytea`. Give the same to `outbox`. */
  readonly payload?: PayloadType
  /**
   * Whether rows stay in the table. By default they are deleted in the transaction that wrote them, once a logical
   * replication slot captures the database: capture reads the write-ahead log and never the table, so that it stays empty
   * and needs no cleaning job. Set it for relays that poll.
   */
  readonly keepRows?: boolean
  /**
   * Name of the replication slot that captures this table, where that is none which `postgresOutbox` made: by default it is
   * a ready slot whose name begins with `millrace_`, with a publication of its name that has inserts of this table and no
   * updates. Any other slot, of other tables or another tool, captures nothing for us.
   */
  readonly slot?: string
}

/** Of the table's layout; a comment on the table carries it. */
export const outboxVersions: Readonly<Record<Dialect, number>> = { postgres: 2, mysql: 1, sqlite: 1 }

/**
 * SQL that creates the outbox table: Debezium's default columns and three or four more. It can be run again; statements need no
 * parameters and fit into one migration file. For `mysql` it is one statement.
 *
 * @example
 * await client.query(outboxMigration())
 */
export function outboxMigration(options: OutboxMigrationOptions = {}): string {
  return `${outboxStatements(options).join('\n\n')}\n`
}

/** The same, each statement on its own. */
export function outboxStatements(options: OutboxMigrationOptions = {}): string[] {
  checkOptions('outboxMigration', options, {
    dialect: { oneOf: ['postgres', 'mysql', 'sqlite'] },
    table: 'string',
    payload: { oneOf: ['bytea', 'jsonb', 'json', 'text'] },
    keepRows: 'boolean',
    slot: 'string',
  })
  const { dialect = 'postgres', table = 'outbox', payload = 'bytea' } = options
  if (dialect === 'postgres') return postgres(options)
  const name = quoteTable(table, dialect)
  const index = quoteOwned(table, 'id', dialect)
  if (dialect === 'mysql') return [mysql(name, index, mysqlPayloads[payload])]
  return sqlite(name, index, payload === 'bytea' ? 'blob' : 'text')
}

/**
 * What brings a table of an earlier layout to the current one, each statement on its own. Version 2 on PostgreSQL added the index
 * on `position`, and its trigger asks more exactly whether rows are captured; where rows are kept, nothing calls that function.
 */
export function outboxUpgrade(from: number, dialect: Dialect, table = 'outbox'): string[] {
  if (dialect !== 'postgres' || from >= outboxVersions.postgres) return []
  const [deletes] = deletion(table, quoteTable(table), quoteOwned(table, 'delete_captured'), undefined)
  return [indexOn('position', table), deletes!, commentOn(table)]
}

const commentOf = (dialect: Dialect): string => `millrace outbox, version ${outboxVersions[dialect]}`

function commentOn(table: string): string {
  return `comment on table ${quoteTable(table)} is '${commentOf('postgres')}';`
}

function indexOn(column: string, table: string): string {
  return `create index if not exists ${quoteOwned(table, column)} on ${quoteTable(table)} (${column});`
}

function postgres({ table = 'outbox', payload = 'bytea', keepRows = false, slot }: OutboxMigrationOptions): string[] {
  const name = quoteTable(table)
  const trigger = quoteOwned(table, 'delete_captured')
  const statements = [
    `create table if not exists ${name} (
  id uuid primary key,
  aggregatetype text not null,
  aggregateid text not null,
  type text not null,
  payload ${payload},
  headers jsonb,
  "timestamp" timestamptz not null default clock_timestamp(),
  position bigint generated always as identity,
  txid xid8 not null default pg_current_xact_id()
);`,
    // Who polls reads in this order, also where rows wait that no slot captures yet.
    indexOn('position', table),
    commentOn(table),
    `drop trigger if exists ${trigger} on ${name};`,
  ]
  if (!keepRows) return [...statements, ...deletion(table, name, trigger, slot)]
  // Of rows that stay, those are read that certain transactions wrote.
  return [...statements, indexOn('txid', table)]
}

/**
 * Deletes a row right after its insertion. The log keeps both, and a publication of inserts shows only the first.
 *
 * The check for a slot guards what is written before capture exists: without it, those rows would be gone when the slot is
 * created, and no log would show them. `confirmed_flush_lsn` is set when the slot has become consistent. A slot that is
 * still being created is visible too, but misses transactions which commit before it is consistent; one that runs when
 * it becomes so is decoded whole. One that lost its log captures nothing any more, and one whose publication does not have
 * this very table never did.
 */
function deletion(table: string, name: string, trigger: string, slot: string | undefined): string[] {
  const functionName = quoteBeside(table, 'delete_captured')
  const named = slot === undefined ? `s.slot_name like 'millrace\\_%'` : `s.slot_name = ${quoteText(slot)}`
  const publication = slot === undefined ? `p.pubname = s.slot_name and p.pubinsert and not p.pubupdate` : 'p.pubinsert'
  return [
    `create or replace function ${functionName}() returns trigger language plpgsql as $millrace$
begin
  if exists (
    select from pg_catalog.pg_replication_slots s, pg_catalog.pg_publication p
     where s.slot_type = 'logical' and s.confirmed_flush_lsn is not null and s.wal_status is distinct from 'lost'
       and s.database = current_database() and ${named} and ${publication}
       and (p.puballtables or exists (
         select from pg_catalog.pg_publication_rel r where r.prpubid = p.oid and r.prrelid = tg_relid))
  ) then
    delete from ${name} where id = new.id;
  end if;
  return null;
end
$millrace$;`,
    `create trigger ${trigger} after insert on ${name} for each row execute function ${functionName}();`,
  ]
}

const mysqlPayloads: Readonly<Record<PayloadType, string>> = {
  bytea: 'longblob',
  jsonb: 'json',
  json: 'json',
  text: 'longtext',
}

/** The time is in milliseconds: types of MySQL that hold one depend on the session's time zone or end in 2038. */
function mysql(name: string, idKey: string, payload: string): string {
  return `create table if not exists ${name} (
  \`position\` bigint not null auto_increment,
  \`id\` char(36) not null,
  \`aggregatetype\` varchar(255) not null,
  \`aggregateid\` text not null,
  \`type\` varchar(255) not null,
  \`payload\` ${payload},
  \`headers\` longtext,
  \`timestamp\` bigint,
  primary key (\`position\`),
  unique key ${idKey} (\`id\`)
) engine=innodb default charset=utf8mb4 comment='${commentOf('mysql')}';`
}

/** `autoincrement`, since a number must not come back after its row was deleted. */
function sqlite(name: string, index: string, payload: string): string[] {
  return [
    `create table if not exists ${name} ( -- ${commentOf('sqlite')}
  position integer primary key autoincrement,
  id text not null,
  aggregatetype text not null,
  aggregateid text not null,
  type text not null,
  payload ${payload},
  headers text,
  timestamp integer
);`,
    `create unique index if not exists ${index} on ${name} (id);`,
  ]
}
