import { streamsError } from '../../errors.ts'
import { civilFromDays, daysFromCivil } from './civil-days.ts'
import { type Window, type Windows, wholeMs } from './windows.ts'
import { zoneClock } from './zone-clock.ts'

export interface CalendarWindowOptions {
  readonly unit: 'day' | 'week' | 'month'
  /** IANA name, 'Europe/Berlin'. */
  readonly timeZone: string
  /** First day of a week, 1 Monday to 7 Sunday; Monday unless given. */
  readonly weekStart?: 1 | 2 | 3 | 4 | 5 | 6 | 7
  /** How long after its end a window still takes records; 0 unless given. */
  readonly graceMs?: number
}

const dayMs = 86_400_000
/** What clocks put forward or back add to a window, with room: no zone has moved by more than a day. */
const shiftMs = dayMs
const knownWindowsMax = 64

/**
 * People's days, weeks and months: windows from local midnight to local midnight of a time zone. A day in which clocks
 * change has 23 or 25 hours (and one whose midnight is skipped begins later); no instant lies in two windows or none.
 *
 * @throws STREAMS_TOPOLOGY_INVALID for an unknown time zone
 * @example
 * calendarWindow({ unit: 'week', timeZone: 'Europe/Berlin', weekStart: 1, graceMs: 3_600_000 })
 */
export function calendarWindow({ unit, timeZone, weekStart = 1, graceMs = 0 }: CalendarWindowOptions): Windows {
  if (!Number.isInteger(weekStart) || weekStart < 1 || weekStart > 7) {
    throw streamsError(
      'STREAMS_TOPOLOGY_INVALID',
      `calendarWindow: weekStart is 1 (Monday) to 7 (Sunday), not ${weekStart}`,
    )
  }
  const longestDays = { day: 1, week: 7, month: 31 }[unit]
  if (longestDays === undefined) {
    throw streamsError('STREAMS_TOPOLOGY_INVALID', `calendarWindow: unit is day, week or month, not ${String(unit)}`)
  }
  const zone = zoneClock(timeZone)
  const known = new Map<number, Window>()
  let last: Window = { start: 0, end: 0 }
  const starts = [0]

  const windowAt = (timestampMs: number): Window => {
    if (timestampMs >= last.start && timestampMs < last.end) return last
    const [firstDay, nextDay] = span(unit, weekStart, zone.dayOf(timestampMs))
    const start = zone.startOfDay(firstDay)
    let window = known.get(start)
    if (window === undefined) {
      if (known.size >= knownWindowsMax) known.clear()
      window = { start, end: zone.startOfDay(nextDay) }
      known.set(start, window)
    }
    last = window
    return window
  }
  return {
    description: `calendar(${unit} in ${timeZone})`,
    graceMs: wholeMs('calendarWindow', 'graceMs', graceMs, 0),
    maxSizeMs: longestDays * dayMs + shiftMs,
    sizeMs: undefined,
    startsOf(timestampMs) {
      starts[0] = windowAt(timestampMs).start
      return starts
    },
    endOf: (startMs) => known.get(startMs)?.end ?? windowAt(startMs).end,
  }
}

/** First day of the window that the day lies in and of the next one; days are counted from 1970-01-01. */
function span(unit: CalendarWindowOptions['unit'], weekStart: number, day: number): [number, number] {
  switch (unit) {
    case 'day':
      return [day, day + 1]
    case 'week': {
      // 1970-01-01 was a Thursday, the fourth day of a week that begins on Monday.
      const first = day - positiveModulo(day + 4 - weekStart, 7)
      return [first, first + 7]
    }
    case 'month': {
      const { year, month } = civilFromDays(day)
      return [
        daysFromCivil(year, month, 1),
        month === 12 ? daysFromCivil(year + 1, 1, 1) : daysFromCivil(year, month + 1, 1),
      ]
    }
  }
}

function positiveModulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
