import type { LimitTable } from '@millrace/base/internal'
import type { HeartbeatOptions } from './heartbeat.ts'
import type { NotificationOptions } from './signals/notifications.ts'
import type { SignalOptions } from './signals/signal.ts'

/** How much log the server may keep for the source's slot, and what happens beyond. */
export interface LogBudget {
  /** Default 8 GiB. */
  readonly maxBytes?: number
  /**
   * `warn`, the default: say so and go on. `drop-slot`: give up the slot before the server's disk is full; the source then
   * fails, or with `snapshot: 'when-needed'` publishes its tables anew.
   */
  readonly whenReached?: 'warn' | 'drop-slot'
}

/** Bounds of a PostgreSQL source. */
export const sourceLimits = {
  bufferMaxBytes: {
    default: 8 * 1024 * 1024,
    min: 64 * 1024,
    max: 1024 ** 3,
    reached: 'The replication connection is not read until half of the buffered changes are in Kafka.',
  },
  statusIntervalMs: {
    default: 10_000,
    min: 100,
    max: 30_000,
    reached: 'The server is told what is confirmed; its wal_sender_timeout must be longer.',
  },
  receiveTimeoutMs: {
    default: 60_000,
    min: 1_000,
    max: 3_600_000,
    reached: 'A server that was silent for so long counts as lost; the source connects again.',
  },
  budgetCheckIntervalMs: {
    default: 10_000,
    min: 100,
    max: 3_600_000,
    reached: 'It is looked again how much log the server keeps for the slot.',
  },
  snapshotTransactionMaxBytes: {
    default: 1024 ** 3,
    min: 0,
    max: 1024 ** 4,
    reached: 'The larger tables of an initial snapshot are read in parts beside the stream, not in one transaction.',
  },
  chunkMaxRows: { default: 10_000, min: 1, max: 1_000_000, reached: 'The next part of a snapshot is read.' },
  chunkMaxBytes: {
    default: 4 * 1024 * 1024,
    min: 1_024,
    max: 1024 ** 3,
    reached: 'The next part of a snapshot is read.',
  },
  heartbeatIntervalMs: {
    default: 10_000,
    min: 100,
    max: 3_600_000,
    reached: 'A source without changes commits its position, so that the server can remove log of other tables.',
  },
} as const satisfies LimitTable

export type SourceLimits = { readonly [Name in keyof typeof sourceLimits]?: number }

export type SnapshotMode = 'initial' | 'never' | 'always' | 'when-needed' | 'initial-only'

/** Options that every PostgreSQL source takes. */
export interface PostgresSourceOptions {
  /** Names the stored position, the transactional id and, unless given, slot and publication. Stable for ever. */
  readonly name?: string
  /** `postgres://user:password@host:port/database`, of the server itself and not of a pooler. */
  readonly url: string
  /** Replication slot, created when missing. Default `millrace_<name>`. */
  readonly slot?: string
  /** Whether a standby may take over with the slot. Default true; needs PostgreSQL 17. */
  readonly failover?: boolean
  /** Publication, created when missing. Default: as the slot. */
  readonly publication?: string
  /** What a publication that is missing is created for. Default `tables`, those of the source; `never` refuses to start. */
  readonly createPublication?: 'tables' | 'all-tables' | 'never'
  /**
   * What to do with the rows that are there already. `initial`, the default: publish them at the very first start.
   * `never`: begin with the changes. `always`: publish all rows at every start. `when-needed`: as `initial`, and once more
   * when changes were lost (the slot is gone or was moved), where the others refuse to start. `initial-only`: publish the
   * rows and no changes; takes no slot.
   */
  readonly snapshot?: SnapshotMode
  /** SQL conditions by table; snapshots read only the rows that meet them. */
  readonly snapshotFilters?: Readonly<Record<string, string>>
  /** Where commands for the running source come from: reading tables again, pausing that, stopping it. */
  readonly signals?: SignalOptions
  /** Who is told about snapshots and signals. */
  readonly notifications?: NotificationOptions
  readonly heartbeat?: HeartbeatOptions
  /** How much log the server may keep for the slot. Default: a warning beyond 8 GiB. */
  readonly logBudget?: LogBudget
  readonly limits?: SourceLimits
}

/** Of Debezium's connector alone. */
export interface CaptureOptions extends PostgresSourceOptions {
  /** Whether new tables are added to a publication that was named. Default: to one that was not. */
  readonly extendsPublication?: boolean
}

/** Rules for `checkOptions` of the options that every PostgreSQL source takes. */
export const sourceOptionRules = {
  name: 'string',
  url: 'string',
  slot: 'string',
  failover: 'boolean',
  publication: 'string',
  createPublication: { oneOf: ['tables', 'all-tables', 'never'] },
  snapshot: { oneOf: ['initial', 'never', 'always', 'when-needed', 'initial-only'] },
  snapshotFilters: 'object',
  signals: 'object',
  notifications: 'object',
  heartbeat: 'object',
  logBudget: 'object',
  limits: 'object',
} as const

/** What PostgreSQL takes as the name of a slot: at most 63 of a to z, 0 to 9 and underscore. */
export function slotNameFor(connector: string): string {
  return `millrace_${connector.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')}`.slice(0, 63)
}
