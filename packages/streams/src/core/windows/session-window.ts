import { wholeMs } from './windows.ts'

export interface SessionWindowOptions {
  /** Longest silence within a session: a record that comes later than this after the last one begins a new session. */
  readonly gapMs: number
  /** How long after its end and the gap a session still takes records, by stream time; 0 unless given. */
  readonly graceMs?: number
}

/** How records are joined to sessions. Made by `sessionWindow`. */
export interface SessionWindows {
  readonly kind: 'session'
  readonly description: string
  readonly gapMs: number
  readonly graceMs: number
}

/**
 * Windows of activity: records of a key belong to one session as long as none comes later than `gapMs` after the one
 * before. A session reaches from the time of its first record to that of its last, both inclusive; a record between two
 * sessions that is close enough to both makes them one.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 * @example
 * app.stream(click).groupByKey().window(sessionWindow({ gapMs: 30 * 60_000 })).count({ store: 'clicks-per-visit' })
 */
export function sessionWindow({ gapMs, graceMs = 0 }: SessionWindowOptions): SessionWindows {
  return {
    kind: 'session',
    description: `session(gap of ${gapMs} ms)`,
    gapMs: wholeMs('sessionWindow', 'gapMs', gapMs, 1),
    graceMs: wholeMs('sessionWindow', 'graceMs', graceMs, 0),
  }
}
