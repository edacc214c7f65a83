import { streamsError } from '../../errors.ts'
import { daysFromCivil } from './civil-days.ts'

const dayMs = 86_400_000

/** What the clocks on the wall of a time zone show. Days are counted from 1970-01-01. */
export interface ZoneClock {
  /** The local day of an instant. */
  dayOf(instantMs: number): number
  /** The first instant of a local day. */
  startOfDay(day: number): number
}

/**
 * Reads a zone's rules from `Intl`, the copy of the time zone database that Node carries.
 *
 * @throws STREAMS_TOPOLOGY_INVALID for a zone that it does not know
 */
export function zoneClock(timeZone: string): ZoneClock {
  const format = formatFor(timeZone)
  /** Local date and time as milliseconds, as if they were UTC. */
  const localOf = (instantMs: number): number => {
    const parts: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(instantMs)) parts[type] = Number(value)
    const days = daysFromCivil(parts.year!, parts.month!, parts.day!)
    return days * dayMs + ((parts.hour! * 60 + parts.minute!) * 60 + parts.second!) * 1_000
  }
  const dayOf = (instantMs: number): number => Math.floor(localOf(instantMs) / dayMs)
  return {
    dayOf,
    startOfDay(day) {
      const midnight = day * dayMs
      // Offsets before and after any change of the clocks near that midnight; the earlier instant comes first.
      const offsets = [midnight - 36 * 3_600_000, midnight + 36 * 3_600_000].map((at) => localOf(at) - at)
      const candidates = offsets.map((offset) => midnight - offset).sort((a, b) => a - b)
      const exact = candidates.find((instant) => localOf(instant) === midnight)
      return exact ?? firstInstantOf(day, candidates[0]! - dayMs, candidates[1]! + dayMs, dayOf)
    },
  }
}

/** Where clocks skip midnight, the day begins when they have been put forward: the first instant that shows it. */
function firstInstantOf(day: number, before: number, after: number, dayOf: (instantMs: number) => number): number {
  let low = before
  let high = after
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (dayOf(middle) < day) low = middle
    else high = middle
  }
  return high
}

function formatFor(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-u-ca-iso8601', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (cause) {
    const message = `calendarWindow: '${timeZone}' is no time zone that Node knows; give an IANA name, 'Europe/Berlin'`
    throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { timeZone }, cause)
  }
}
