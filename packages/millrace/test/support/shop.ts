import { serdes, topic } from '@millrace/contracts'
import { sessionWindow, type Topology, topology, tumbling } from '@millrace/streams'

export const order = topic('order', {
  key: serdes.string,
  value: serdes.json<{ customer: string; cents: number }>(),
})
export const price = topic('price', { key: serdes.string, value: serdes.json<number>() })

/** Stores of every kind that a shop's other services ask for. */
export default function shop(): Topology {
  const app = topology('shop')
  app.table(price, { store: 'prices' })
  const byCustomer = app.stream(order).groupBy((o): string => o.customer, { name: 'by-customer' })
  byCustomer.reduce((total: number, o) => total + o.cents, { initial: 0, store: 'totals' })
  byCustomer
    .window(tumbling({ sizeMs: 60_000, graceMs: 86_400_000 }))
    .reduce((total: number, o) => total + o.cents, { initial: 0, store: 'per-minute' })
  byCustomer
    .window(sessionWindow({ gapMs: 10_000, graceMs: 86_400_000 }))
    .aggregate({ initial: 0, merge: (a: number, b: number) => a + b, store: 'visits' }, (total, o) => total + o.cents)
  return app
}
