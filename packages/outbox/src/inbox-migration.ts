import { checkOptions } from '@millrace/base/internal'
import type { Dialect } from './dialect.ts'
import { quoteOwned, quoteTable } from './identifier.ts'
import type { InboxOptions } from './inbox.ts'

export interface InboxMigrationOptions extends InboxOptions {
  /** Default `postgres`; `mysql` is for MariaDB as well. */
  readonly dialect?: Dialect
}

/** Of the table's layout; a comment on the table carries it. */
export const inboxVersion = 1

/** SQL that creates the inbox table; it can be run again. For `mysql` it is one statement, elsewhere several. */
export function inboxMigration(options: InboxMigrationOptions = {}): string {
  return `${inboxStatements(options).join('\n\n')}\n`
}

/** The same, each statement on its own. */
export function inboxStatements(options: InboxMigrationOptions = {}): string[] {
  checkOptions('inboxMigration', options, { table: 'string', dialect: { oneOf: ['postgres', 'mysql', 'sqlite'] } })
  const { table = 'inbox', dialect = 'postgres' } = options
  const [index, key] = ['handled_at', 'consumer_event_id'].map((suffix) => quoteOwned(table, suffix, dialect))
  return tables[dialect](quoteTable(table, dialect), index!, key!)
}

const comment = `millrace inbox, version ${inboxVersion}`

const tables: Readonly<Record<Dialect, (name: string, index: string, key: string) => string[]>> = {
  // No primary key of two columns: drizzle-kit reads those in any order, and then proposes to make them anew.
  postgres: (name, index, key) => [
    `create table if not exists ${name} (
  consumer text not null,
  event_id text not null,
  handled_at timestamptz not null default clock_timestamp()
);`,
    `create unique index if not exists ${key} on ${name} (consumer, event_id);`,
    // What a primary key would do as well: a publication of all tables would otherwise forbid to delete old rows.
    `alter table ${name} replica identity using index ${key};`,
    `create index if not exists ${index} on ${name} (handled_at);`,
    `comment on table ${name} is '${comment}';`,
  ],
  // Bytes, since text would be compared without regard to trailing spaces, and often to case.
  mysql: (name, index) => [
    `create table if not exists ${name} (
  consumer varbinary(255) not null,
  event_id varbinary(255) not null,
  handled_at datetime(6) not null,
  primary key (consumer, event_id),
  key ${index} (handled_at)
) engine=innodb default charset=utf8mb4 comment='${comment}';`,
  ],
  sqlite: (name, index) => [
    `create table if not exists ${name} ( -- ${comment}
  consumer text not null,
  event_id text not null,
  handled_at integer not null,
  primary key (consumer, event_id)
);`,
    `create index if not exists ${index} on ${name} (handled_at);`,
  ],
}
