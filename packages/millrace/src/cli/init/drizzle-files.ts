import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Dialect } from '@millrace/outbox'
import { drizzleConfig, drizzleOut } from './detect.ts'
import { existing, type Project, type ProjectFile } from './project.ts'

const head = `// The tables of @millrace/outbox, for drizzle-kit: without them it would propose to drop what it finds in the database.`

const schemas: Readonly<Record<Dialect, string>> = {
  postgres: `${head}
import { sql } from 'drizzle-orm'
import { bigint, customType, index, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core'

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' })

/** Messages on their way to Kafka. */
export const millraceOutbox = pgTable(
  'outbox',
  {
    id: uuid('id').primaryKey(),
    aggregatetype: text('aggregatetype').notNull(),
    aggregateid: text('aggregateid').notNull(),
    type: text('type').notNull(),
    payload: bytea('payload'),
    headers: jsonb('headers'),
    timestamp: timestamp('timestamp', { withTimezone: true }).notNull().default(sql\`clock_timestamp()\`),
    position: bigint('position', { mode: 'bigint' }).generatedAlwaysAsIdentity(),
    txid: xid8('txid').notNull().default(sql\`pg_current_xact_id()\`),
  },
  (table) => [index('outbox_position').on(table.position)],
)

/** Events that were handled. */
export const millraceInbox = pgTable(
  'inbox',
  {
    consumer: text('consumer').notNull(),
    eventId: text('event_id').notNull(),
    handledAt: timestamp('handled_at', { withTimezone: true }).notNull().default(sql\`clock_timestamp()\`),
  },
  (table) => [
    uniqueIndex('inbox_consumer_event_id').on(table.consumer, table.eventId),
    index('inbox_handled_at').on(table.handledAt),
  ],
)
`,
  mysql: `${head}
import {
  bigint,
  char,
  customType,
  datetime,
  index,
  longtext,
  mysqlTable,
  primaryKey,
  text,
  uniqueIndex,
  varbinary,
  varchar,
} from 'drizzle-orm/mysql-core'

const longblob = customType<{ data: Buffer }>({ dataType: () => 'longblob' })

/** Messages on their way to Kafka. */
export const millraceOutbox = mysqlTable(
  'outbox',
  {
    position: bigint('position', { mode: 'bigint' }).autoincrement().primaryKey(),
    id: char('id', { length: 36 }).notNull(),
    aggregatetype: varchar('aggregatetype', { length: 255 }).notNull(),
    aggregateid: text('aggregateid').notNull(),
    type: varchar('type', { length: 255 }).notNull(),
    payload: longblob('payload'),
    headers: longtext('headers'),
    timestamp: bigint('timestamp', { mode: 'number' }),
  },
  (table) => [uniqueIndex('outbox_id').on(table.id)],
)

/** Events that were handled. */
export const millraceInbox = mysqlTable(
  'inbox',
  {
    consumer: varbinary('consumer', { length: 255 }).notNull(),
    eventId: varbinary('event_id', { length: 255 }).notNull(),
    handledAt: datetime('handled_at', { fsp: 6 }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.consumer, table.eventId] }), index('inbox_handled_at').on(table.handledAt)],
)
`,
  sqlite: `${head}
import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** Messages on their way to Kafka. */
export const millraceOutbox = sqliteTable(
  'outbox',
  {
    position: integer('position').primaryKey({ autoIncrement: true }),
    id: text('id').notNull(),
    aggregatetype: text('aggregatetype').notNull(),
    aggregateid: text('aggregateid').notNull(),
    type: text('type').notNull(),
    payload: blob('payload', { mode: 'buffer' }),
    headers: text('headers'),
    timestamp: integer('timestamp'),
  },
  (table) => [uniqueIndex('outbox_id').on(table.id)],
)

/** Events that were handled. */
export const millraceInbox = sqliteTable(
  'inbox',
  {
    consumer: text('consumer').notNull(),
    eventId: text('event_id').notNull(),
    handledAt: integer('handled_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.consumer, table.eventId] }), index('inbox_handled_at').on(table.handledAt)],
)
`,
}

/**
 * The schema of the tables beside the project's own, which names it. What no schema of Drizzle can say, the trigger that keeps
 * an outbox on PostgreSQL empty, is in the SQL beside it; that creates the tables as well.
 */
export function drizzleFiles({ dialect, migration: { from, up } }: Project): ProjectFile[] {
  const schema = /\bschema['"]?\s*:\s*\[?\s*['"]([^'"]+)['"]/.exec(drizzleConfig())?.[1] ?? './src/db/schema.ts'
  const name = from === undefined ? 'millrace-outbox.sql' : `millrace-outbox-${from + 1}.sql`
  const sql = { path: join(drizzleOut(), name), text: `${up.join('\n\n')}\n` }
  const folder = folderOf(schema)
  if (from !== undefined) {
    const path = join(folder ?? dirname(schema), 'millrace-outbox.ts')
    return [{ path, text: '', edit: withIndex, byHand: `give millraceOutbox ${index}` }, sql]
  }
  if (folder !== undefined) return [{ path: join(folder, 'millrace-outbox.ts'), text: schemas[dialect] }, sql]
  return [
    { path: join(dirname(schema), 'millrace-outbox.ts'), text: schemas[dialect] },
    { path: join(schema), text: `export * from './millrace-outbox${importEnding(schema)}'\n`, appends: true },
    sql,
  ]
}

/** Where the config names a folder or a pattern, every file in it is part of the schema. */
function folderOf(schema: string): string | undefined {
  if (schema.includes('*')) return dirname(schema.slice(0, schema.indexOf('*') + 1))
  const isFolder = existing(schema) !== undefined && statSync(schema).isDirectory()
  return isFolder ? schema : undefined
}

/** The ending that the file's own imports have. */
function importEnding(schema: string): string {
  const text = existing(schema) === undefined ? '' : readFileSync(schema, 'utf8')
  return /from\s+['"]\.{1,2}\/[^'"]*(\.[jt]s)['"]/.exec(text)?.[1] ?? ''
}

const index = "(table) => [index('outbox_position').on(table.position)]"

/** The schema of the first layout with the index on positions, however a formatter has broken its lines. */
function withIndex(schema: string): string | undefined {
  if (schema.includes('outbox_position')) return schema
  const edited = schema.replace(/(pg_current_xact_id\(\)`\s*,?\s*\)\s*,?\s*\})\s*,?\s*\)/, `$1, ${index})`)
  return edited === schema ? undefined : edited
}
