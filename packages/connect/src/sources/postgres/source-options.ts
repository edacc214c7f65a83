import type { LimitTable } from '@millrace/base/internal'

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
  heartbeatIntervalMs: {
    default: 10_000,
    min: 100,
    max: 3_600_000,
    reached: 'A source without changes commits its position, so that the server can remove log of other tables.',
  },
} as const satisfies LimitTable

export type SourceLimits = { readonly [Name in keyof typeof sourceLimits]?: number }

/** Options that every PostgreSQL source takes. */
export interface PostgresSourceOptions {
  /** Names the stored position, the transactional id and, unless given, slot and publication. Stable for ever. */
  readonly name?: string
  /** `postgres://user:password@host:port/database`, of the server itself and not of a pooler. */
  readonly url: string
  /** Replication slot, created when missing. Default `millrace_<name>`. */
  readonly slot?: string
  /** Publication, created when missing. Default: as the slot. */
  readonly publication?: string
  /** What to do with the rows that are there at the very first start. Default `initial`: publish them first. */
  readonly snapshot?: 'initial' | 'never'
  readonly limits?: SourceLimits
}

/** What PostgreSQL takes as the name of a slot: at most 63 of a to z, 0 to 9 and underscore. */
export function slotNameFor(connector: string): string {
  return `millrace_${connector.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')}`.slice(0, 63)
}
