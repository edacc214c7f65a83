import { serdes, topic } from '@millrace/contracts'
import {
  hopping,
  rangeQuery,
  sessionWindow,
  slidingWindow,
  type Topology,
  topology,
  tumbling,
  untilTimeLimit,
  untilWindowCloses,
  type Windowed,
  windowRangeQuery,
} from '@millrace/streams'
import { order, payment } from '../contracts.ts'
import { dayMs, graceMs, liveFromMs } from '../events.ts'
import type { SimulatedApplication } from '../simulated-application.ts'

const text = { key: serdes.string, value: serdes.json<number>() }
/** Final counts by customer and window, once each. */
const finals = topic('finals', text)
/** Orders of a customer, told when no more have come for a while. */
const quiet = topic('quiet', text)
/** Cents of orders and payments, both by order. */
const books = topic('books', { key: serdes.string, value: serdes.json<{ ordered: number; paid: number }>() })

/**
 * Final results of all kinds of windows, held back by a buffer or by their own store; changes that are held back for a
 * time, and a few at most; and one aggregate of two streams.
 */
function boardApp(): Topology {
  const app = topology('board')
  const orders = app.stream(order)
  const grouped = orders.groupBy((o): string => o.customer, { name: 'by-customer' })
  const final =
    (kind: string) =>
    (_: unknown, { key, window }: Windowed<string>) =>
      `${key}/${kind}/${window.start}/${window.end}`
  grouped
    .window(hopping({ sizeMs: 2 * dayMs, advanceMs: dayMs, graceMs }))
    .count({ store: 'hopping' })
    .suppress(untilWindowCloses({ buffer: 'unbounded', name: 'until-closed' }))
    .toStream({ tombstones: false })
    .selectKey(final('hopping'))
    .to(finals)
  grouped
    .window(tumbling({ sizeMs: 3 * dayMs, graceMs }), { emit: 'onClose' })
    .count({ store: 'tumbling', storage: 'memory' })
    .toStream({ tombstones: false })
    .selectKey(final('tumbling'))
    .to(finals)
  grouped
    .window(slidingWindow({ differenceMs: 2 * dayMs, graceMs }), { emit: 'onClose' })
    .count({ store: 'sliding' })
    .toStream({ tombstones: false })
    .selectKey(final('sliding'))
    .to(finals)
  grouped
    .window(sessionWindow({ gapMs: dayMs, graceMs }), { emit: 'onClose' })
    .count({ store: 'sessions' })
    .toStream({ tombstones: false })
    .selectKey(final('session'))
    .to(finals)
  grouped
    .count({ store: 'counts' })
    .suppress(untilTimeLimit({ afterMs: 3 * dayMs, buffer: { maxRecords: 4 }, name: 'until-quiet' }))
    .to(quiet)
  orders
    .groupByKey()
    .cogroup((book: { ordered: number; paid: number }, o) => ({ ...book, ordered: book.ordered + o.cents }))
    .and(app.stream(payment).groupByKey(), (book, p) => ({ ...book, paid: book.paid + p.cents }))
    .aggregate({ initial: { ordered: 0, paid: 0 }, store: 'books' })
    .to(books)
  return app
}

export const board: SimulatedApplication = {
  id: 'board',
  topology: boardApp,
  inputs: ['order', 'payment'],
  customersMove: false,
  outputs: [
    { contract: finals, compared: 'exactly' },
    { contract: quiet, compared: 'last' },
    { contract: books, compared: 'last' },
  ],
  reference: 'whole',
  stores: [
    { name: 'books', queries: [rangeQuery<unknown>({})] },
    { name: 'counts', queries: [rangeQuery<unknown>({})] },
    { name: 'hopping', queries: [windowRangeQuery<unknown>({ fromMs: liveFromMs })] },
    { name: 'sliding', queries: [windowRangeQuery<unknown>({ fromMs: liveFromMs })] },
    { name: 'tumbling', queries: [windowRangeQuery<unknown>({ fromMs: liveFromMs })] },
  ],
}
