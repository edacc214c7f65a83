import type { Dialect } from '@millrace/outbox'
import { prismaSchemaPaths } from './detect.ts'
import { existing, type Project, type ProjectFile } from './project.ts'
import { stamp } from './statements.ts'

const outboxComment = '/// Messages on their way to Kafka, written by @millrace/outbox.'
const inboxComment = '/// Events that were handled, noted by @millrace/outbox.'

const models: Readonly<Record<Dialect, string>> = {
  postgres: `${outboxComment}
model MillraceOutbox {
  id            String              @id @db.Uuid
  aggregatetype String
  aggregateid   String
  type          String
  payload       Bytes?
  headers       Json?
  timestamp     DateTime            @default(dbgenerated("clock_timestamp()")) @db.Timestamptz(6)
  position      BigInt              @default(autoincrement())
  txid          Unsupported("xid8") @default(dbgenerated("pg_current_xact_id()"))

  @@index([position], map: "outbox_position")
  @@map("outbox")
}

${inboxComment}
model MillraceInbox {
  consumer  String
  eventId   String   @map("event_id")
  handledAt DateTime @default(dbgenerated("clock_timestamp()")) @map("handled_at") @db.Timestamptz(6)

  @@unique([consumer, eventId], map: "inbox_consumer_event_id")
  @@index([handledAt], map: "inbox_handled_at")
  @@map("inbox")
}
`,
  mysql: `${outboxComment}
model MillraceOutbox {
  position      BigInt  @id @default(autoincrement())
  id            String  @unique(map: "outbox_id") @db.Char(36)
  aggregatetype String  @db.VarChar(255)
  aggregateid   String  @db.Text
  type          String  @db.VarChar(255)
  payload       Bytes?  @db.LongBlob
  headers       String? @db.LongText
  timestamp     BigInt?

  @@map("outbox")
}

${inboxComment}
model MillraceInbox {
  consumer  Bytes    @db.VarBinary(255)
  eventId   Bytes    @map("event_id") @db.VarBinary(255)
  handledAt DateTime @map("handled_at") @db.DateTime(6)

  @@id([consumer, eventId])
  @@index([handledAt], map: "inbox_handled_at")
  @@map("inbox")
}
`,
  sqlite: `${outboxComment}
model MillraceOutbox {
  position      Int     @id @default(autoincrement())
  id            String  @unique(map: "outbox_id")
  aggregatetype String
  aggregateid   String
  type          String
  payload       Bytes?
  headers       String?
  /// Milliseconds since 1970; more than Prisma's Int holds, so read it with a raw query.
  timestamp     Int?

  @@map("outbox")
}

${inboxComment}
model MillraceInbox {
  consumer  String
  eventId   String @map("event_id")
  /// Milliseconds since 1970; more than Prisma's Int holds, so read it with a raw query.
  handledAt Int    @map("handled_at")

  @@id([consumer, eventId])
  @@index([handledAt], map: "inbox_handled_at")
  @@map("inbox")
}
`,
}

/**
 * A migration with the tables and the models that describe them: a table that Prisma finds in the migrations and not in the
 * schema it would drop.
 */
export function prismaFiles({ dialect, now, migration: { from, up } }: Project): ProjectFile[] {
  const schema = existing(...prismaSchemaPaths) ?? prismaSchemaPaths[0]
  const provider = dialect === 'postgres' ? 'postgresql' : dialect
  const isFolder = !schema.endsWith('.prisma')
  const migration = {
    path: `prisma/migrations/${stamp(now)}_millrace_outbox/migration.sql`,
    text: `${up.join('\n\n')}\n`,
  }
  const own = isFolder ? `${schema}/millrace.prisma` : schema
  if (from !== undefined)
    return [
      migration,
      { path: own, text: '', edit: withIndex, byHand: `add ${index} to the model of the table outbox` },
    ]
  return [
    migration,
    { path: 'prisma/migrations/migration_lock.toml', text: `provider = "${provider}"\n` },
    isFolder ? { path: own, text: models[dialect] } : { path: own, text: `\n${models[dialect]}`, appends: true },
  ]
}

const index = '@@index([position], map: "outbox_position")'

/** The schema with the index on positions; undefined where it has no model of the outbox that could get it. */
function withIndex(schema: string): string | undefined {
  if (schema.includes(index)) return schema
  const edited = schema.replace(/(\n(\s*)txid\s+Unsupported\("xid8"\)[^\n]*\n)\s*\n?/, `$1\n$2${index}\n$2`)
  return edited === schema ? undefined : edited
}
