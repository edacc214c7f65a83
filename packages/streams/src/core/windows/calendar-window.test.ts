import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CalendarWindowOptions, calendarWindow } from './calendar-window.ts'

function at(options: CalendarWindowOptions, instant: string): [start: string, end: string] {
  const windows = calendarWindow(options)
  const start = windows.startsOf(Date.parse(instant))[0]!
  return [new Date(start).toISOString(), new Date(windows.endOf(start)).toISOString()]
}

test('a day begins at local midnight', () => {
  const options = { unit: 'day', timeZone: 'America/New_York' } as const
  assert.deepEqual(at(options, '2026-01-15T04:59:59Z'), ['2026-01-14T05:00:00.000Z', '2026-01-15T05:00:00.000Z'])
  assert.deepEqual(at(options, '2026-01-15T05:00:00Z'), ['2026-01-15T05:00:00.000Z', '2026-01-16T05:00:00.000Z'])
})

test('a day is 25 hours long when clocks go back', () => {
  const options = { unit: 'day', timeZone: 'Europe/Berlin' } as const
  assert.deepEqual(at(options, '2026-10-25T12:00:00Z'), ['2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'])
})

test('a day whose midnight is skipped begins when clocks have been put forward', () => {
  // Beirut goes from 00:00 to 01:00 on the last Sunday in March.
  const options = { unit: 'day', timeZone: 'Asia/Beirut' } as const
  assert.deepEqual(at(options, '2026-03-29T12:00:00Z'), ['2026-03-28T22:00:00.000Z', '2026-03-29T21:00:00.000Z'])
  assert.deepEqual(at(options, '2026-03-28T12:00:00Z'), ['2026-03-27T22:00:00.000Z', '2026-03-28T22:00:00.000Z'])
})

test('a midnight that comes twice begins the day at its first coming', () => {
  // Havana goes from 01:00 back to 00:00 on the first Sunday in November.
  const options = { unit: 'day', timeZone: 'America/Havana' } as const
  assert.deepEqual(at(options, '2026-11-01T12:00:00Z'), ['2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z'])
})

test('a day that a zone skipped is no window', () => {
  // Samoa went from 29 to 31 December 2011.
  const options = { unit: 'day', timeZone: 'Pacific/Apia' } as const
  assert.deepEqual(at(options, '2011-12-30T09:59:59Z'), ['2011-12-29T10:00:00.000Z', '2011-12-30T10:00:00.000Z'])
  assert.deepEqual(at(options, '2011-12-30T10:00:00Z'), ['2011-12-30T10:00:00.000Z', '2011-12-31T10:00:00.000Z'])
})

test('weeks begin on the day that is asked for', () => {
  const utc = { unit: 'week', timeZone: 'UTC' } as const
  assert.deepEqual(at(utc, '2026-11-22T12:00:00Z'), ['2026-11-16T00:00:00.000Z', '2026-11-23T00:00:00.000Z'])
  assert.deepEqual(at({ ...utc, weekStart: 7 }, '2026-11-22T12:00:00Z'), [
    '2026-11-22T00:00:00.000Z',
    '2026-11-29T00:00:00.000Z',
  ])
})

test('months have their own lengths, leap years included', () => {
  const utc = { unit: 'month', timeZone: 'UTC' } as const
  assert.deepEqual(at(utc, '2028-02-29T23:59:59Z'), ['2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z'])
  assert.deepEqual(at(utc, '2026-12-31T12:00:00Z'), ['2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'])
})

test('an unknown zone is refused when the window is declared', () => {
  assert.throws(() => calendarWindow({ unit: 'day', timeZone: 'Europe/Berlim' }), { code: 'STREAMS_TOPOLOGY_INVALID' })
})

test('every instant lies in one window, and windows follow each other without gap', () => {
  const zones = [
    'Europe/Berlin',
    'America/Sao_Paulo',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'Africa/Cairo',
    'Pacific/Apia',
  ]
  const instants = fc.integer({ min: 0, max: Date.parse('2040-01-01T00:00:00Z') })
  const units = fc.constantFrom('day' as const, 'week' as const, 'month' as const)
  fc.assert(
    fc.property(fc.constantFrom(...zones), units, instants, (timeZone, unit, instant) => {
      const windows = calendarWindow({ unit, timeZone })
      const start = windows.startsOf(instant)[0]!
      const end = windows.endOf(start)
      assert.ok(start <= instant && instant < end)
      assert.ok(end - start <= windows.maxSizeMs)
      // A fresh one, so that nothing remembered can make them agree.
      const fresh = calendarWindow({ unit, timeZone })
      assert.equal(fresh.startsOf(end)[0], end)
      assert.equal(fresh.startsOf(end - 1)[0], start)
      assert.equal(fresh.endOf(start), end)
    }),
    { numRuns: 300 },
  )
})
