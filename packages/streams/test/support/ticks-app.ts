import { serdes, topic } from '@millrace/contracts'
import { sessionWindow, type Topology, topology, tumbling } from '@millrace/streams'

export const tick = topic('tick', { key: serdes.string, value: serdes.string })
export const price = topic('price', { key: serdes.string, value: serdes.string })
export const ticks = topic('ticks', { key: serdes.string, value: serdes.json<number>() })

/** Counts records by key: a count of one key is the number of records read where it is the only one. */
export default function ticksApp(): Topology {
  const app = topology('ticks')
  const grouped = app.stream(tick).groupByKey()
  grouped.count({ store: 'count' })
  grouped.window(tumbling({ sizeMs: 60_000, graceMs: 0 })).count({ store: 'per-minute' })
  grouped.window(sessionWindow({ gapMs: 60_000, graceMs: 0 })).count({ store: 'visits' })
  app.table(price, { store: 'prices', historyRetentionMs: 600_000 })
  return app
}
