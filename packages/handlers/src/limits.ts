import type { LimitTable } from '@millrace/base/internal'

/** What bounds a running handler. */
export const handlerLimits = {
  concurrency: {
    default: 4,
    min: 1,
    max: 1_000,
    reached: 'Messages of further partitions wait; an inbox needs one database connection for each.',
  },
  maxAttempts: {
    default: 5,
    min: 1,
    max: 1_000_000,
    reached: 'The message counts as failed and `onFailure` decides. Outages do not use up attempts.',
  },
  retryDelayMsMin: { default: 100, min: 0, max: 3_600_000, reached: 'The first pause between attempts.' },
  retryDelayMsMax: { default: 10_000, min: 0, max: 3_600_000, reached: 'Pauses between attempts grow no further.' },
  handlerTimeoutMs: {
    default: 60_000,
    min: 1,
    max: 24 * 3_600_000,
    reached: 'The attempt fails, its transaction is rolled back, its signal aborts.',
  },
  commitIntervalMs: {
    default: 1_000,
    min: 1,
    max: 600_000,
    reached: 'Offsets of finished messages are committed; a crash repeats at most what was finished since.',
  },
  fetchedAheadMax: {
    default: 2,
    min: 1,
    max: 100,
    reached: 'Reading of the partition pauses until one of its fetched blocks is finished.',
  },
  sessionTimeoutMs: {
    default: 45_000,
    min: 1_000,
    max: 1_800_000,
    reached: 'The group takes the instance for dead and gives its partitions to others.',
  },
  stopTimeoutMs: {
    default: 30_000,
    min: 0,
    max: 3_600_000,
    reached: 'Stopping and rebalancing go on without the message in flight.',
  },
  inboxRetentionMs: {
    default: 7 * 24 * 3_600_000,
    min: 60_000,
    max: 10 * 365 * 24 * 3_600_000,
    reached: 'Handled events are forgotten; a duplicate that comes later takes effect again.',
  },
} as const satisfies LimitTable

export type HandlerLimits = { readonly [Name in keyof typeof handlerLimits]: number }
