export type { Dialect } from './dialect.ts'
export {
  type ExpireInboxOptions,
  expireInbox,
  type Inbox,
  type InboxOptions,
  inbox,
  inboxExpireMaxRows,
  inboxRetentionMs,
} from './inbox.ts'
export { type InboxMigrationOptions, inboxMigration } from './inbox-migration.ts'
export type { InboxStore, InboxStoreOptions } from './inbox-store.ts'
export type { AppendOptions } from './message-row.ts'
export { type Outbox, outbox } from './outbox.ts'
export { type OutboxMigrationOptions, outboxMigration, type PayloadType } from './outbox-migration.ts'
export type { OutboxOptions } from './outbox-statement.ts'
export type { SqlTransaction } from './transaction.ts'
