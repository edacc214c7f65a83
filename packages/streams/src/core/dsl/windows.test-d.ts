import { serdes, topic } from '@millrace/contracts'
import {
  type KTable,
  sessionWindow,
  slidingWindow,
  topology,
  tumbling,
  unlimited,
  untilTimeLimit,
  untilWindowCloses,
  type Windowed,
  windowedSerde,
} from '../../index.ts'

// Checked by the compiler alone: nothing here runs.

interface Order {
  customerId: string
  amount: number
}
const order = topic('order', { key: serdes.string, value: serdes.json<Order>() })
const visit = topic('visit', { key: serdes.string, value: serdes.string })
const numbered = topic('numbered', { key: serdes.int32, value: serdes.string })
const app = topology('types')
const grouped = app.stream(order).groupByKey()
const visits = sessionWindow({ gapMs: 1 })
const minute = tumbling({ sizeMs: 1 })

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Equal<A, B>): void {}

const total = (sum: number, o: Order): number => sum + o.amount
const merge = (one: number, other: number): number => one + other

const sessions = grouped.window(visits).aggregate({ initial: 0, merge }, total)
same<typeof sessions, KTable<Windowed<string>, number>>(true)
const reduced = grouped.window(visits, { emit: 'onClose' }).reduce((a) => a)
same<typeof reduced, KTable<Windowed<string>, Order>>(true)
const sliding = grouped.window(slidingWindow({ differenceMs: 1 })).count()
same<typeof sliding, KTable<Windowed<string>, number>>(true)
grouped.window(unlimited()).count()

// @ts-expect-error an aggregate of sessions must say how two become one
grouped.window(visits).aggregate({ initial: 0 }, total)
// @ts-expect-error and so must one that is reduced to another type
grouped.window(visits).reduce(total, { initial: 0 })
// @ts-expect-error two sessions become one of the same type
grouped.window(visits).aggregate({ initial: 0, merge: () => 'none' }, total)
// @ts-expect-error there are two ways to emit
grouped.window(minute, { emit: 'sometimes' })

const finals = sessions.suppress(untilWindowCloses({ buffer: 'unbounded' }))
same<typeof finals, KTable<Windowed<string>, number>>(true)
finals.to(topic('finals', { key: windowedSerde(serdes.string, visits), value: serdes.json<number>() }))
grouped.count().suppress(untilTimeLimit({ afterMs: 1, buffer: { maxRecords: 1 } }))
// @ts-expect-error Only rows of windows have a close; without windows use untilTimeLimit
grouped.count().suppress(untilWindowCloses({ buffer: 'unbounded' }))
// @ts-expect-error a final result cannot come early
untilWindowCloses({ buffer: { maxRecords: 1, whenFull: 'emitEarly' } })

const both = grouped
  .cogroup((seen: { spent: number; visits: number }, o) => ({ ...seen, spent: seen.spent + o.amount }))
  .and(app.stream(visit).groupByKey(), (seen, page) => ({ ...seen, visits: seen.visits + page.length }))
const rows = both.aggregate({ initial: { spent: 0, visits: 0 } })
same<typeof rows, KTable<string, { spent: number; visits: number }>>(true)
const windowed = both.window(minute).aggregate({ initial: { spent: 0, visits: 0 } })
same<typeof windowed, KTable<Windowed<string>, { spent: number; visits: number }>>(true)
// @ts-expect-error The two sides of a join must have keys of the same type
both.and(app.stream(numbered).groupByKey(), (seen) => seen)
// @ts-expect-error an aggregate of another type
both.aggregate({ initial: 0 })
// @ts-expect-error sessions of several streams must say how two become one
both.window(visits).aggregate({ initial: { spent: 0, visits: 0 } })
// @ts-expect-error A callback of a topology must not return a promise
both.and(app.stream(visit).groupByKey(), async (seen) => seen)
