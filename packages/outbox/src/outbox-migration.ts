import { checkOptions } from '@millrace/base/internal'
import { quoteBeside, quoteOwned, quoteTable, quoteText } from './identifier.ts'

/**
 * What the column `payload` is. `bytea` keeps the bytes that the contract's serde made, whatever they are; `jsonb` is
 * Debezium's default and rewrites JSON (order of fields, spaces, numbers); `json` and `text` keep text as it is.
 */
export type PayloadType = 'bytea' | 'jsonb' | 'json' | 'text'

export interface OutboxMigrationOptions {
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
   * Name of the replication slot that captures this table. Default: any ready slot of the database whose name begins with
   * `millrace_`, as those do that Millrace creates; a subscription's or another tool's slot captures nothing for us.
   */
  readonly slot?: string
}

/** Of the table's layout; a comment on the table carries it. */
export const outboxVersion = 1

/**
 * SQL that creates the outbox table: Debezium's default columns and four more. It can be run again; statements need no
 * parameters and fit into one migration file.
 *
 * @example
 * await client.query(outboxMigration())
 */
export function outboxMigration(options: OutboxMigrationOptions = {}): string {
  checkOptions('outboxMigration', options, {
    table: 'string',
    payload: { oneOf: ['bytea', 'jsonb', 'json', 'text'] },
    keepRows: 'boolean',
    slot: 'string',
  })
  const { table = 'outbox', payload = 'bytea', keepRows = false } = options
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
    `comment on table ${name} is 'millrace outbox, version ${outboxVersion}';`,
    `drop trigger if exists ${trigger} on ${name};`,
  ]
  if (!keepRows) statements.push(...deletion(table, name, trigger, options.slot))
  return `${statements.join('\n\n')}\n`
}

/**
 * Deletes a row right after its insertion. The log keeps both, and a publication of inserts shows only the first.
 *
 * The check for a slot guards what is written before capture exists: without it, those rows would be gone when the slot is
 * created, and no log would show them. `confirmed_flush_lsn` is set when the slot has become consistent. A slot that is
 * still being created is visible too, but misses transactions which commit before it is consistent; one that runs when
 * it becomes so is decoded whole.
 */
function deletion(table: string, name: string, trigger: string, slot: string | undefined): string[] {
  const functionName = quoteBeside(table, 'delete_captured')
  const ready = `slot_type = 'logical' and confirmed_flush_lsn is not null and database = current_database()`
  const named = ` and slot_name ${slot === undefined ? `like 'millrace\\_%'` : `= ${quoteText(slot)}`}`
  return [
    `create or replace function ${functionName}() returns trigger language plpgsql as $millrace$
begin
  if exists (select from pg_catalog.pg_replication_slots where ${ready}${named}) then
    delete from ${name} where id = new.id;
  end if;
  return null;
end
$millrace$;`,
    `create trigger ${trigger} after insert on ${name} for each row execute function ${functionName}();`,
  ]
}
