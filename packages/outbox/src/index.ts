export {
  type ExpireInboxOptions,
  expireInbox,
  type Inbox,
  type InboxOptions,
  inbox,
  inboxExpireMaxRows,
  inboxMigration,
  inboxRetentionMs,
} from './inbox.ts'
export { type AppendOptions, type Outbox, type OutboxOptions, outbox } from './outbox.ts'
export { type OutboxMigrationOptions, outboxMigration, type PayloadType } from './outbox-migration.ts'
export type { SqlTransaction } from './transaction.ts'
