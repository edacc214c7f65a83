import { serdes, topic } from '@millrace/contracts'
import { keyValueStoreWithHeaders, sessionWindow, type Topology, topology, tumbling } from '@millrace/streams'

interface Order {
  readonly customer: string
  readonly cents: number
}
export const order = topic('order', { key: serdes.string, value: serdes.json<Order>() })
export const price = topic('price', { key: serdes.string, value: serdes.json<number>() })
export const rate = topic('rate', { key: serdes.string, value: serdes.json<number>() })

const latest = keyValueStoreWithHeaders<string, Order>({ name: 'latest' })

/** Stores of every kind that a shop's other services ask for. */
export default function shop(): Topology {
  const app = topology('shop')
  app.table(price, { store: 'prices' })
  app.table(rate, { store: 'rates', historyRetentionMs: 86_400_000 })
  const orders = app.stream(order)
  orders.process((context) => ({ process: ({ key, value }) => context.store(latest).put(key, value) }), {
    stores: [latest],
    name: 'keep-latest',
  })
  const byCustomer = orders.groupBy((o): string => o.customer, { name: 'by-customer' })
  byCustomer.reduce((total: number, o) => total + o.cents, { initial: 0, store: 'totals' })
  byCustomer
    .window(tumbling({ sizeMs: 60_000, graceMs: 86_400_000 }))
    .reduce((total: number, o) => total + o.cents, { initial: 0, store: 'per-minute' })
  byCustomer
    .window(sessionWindow({ gapMs: 10_000, graceMs: 86_400_000 }))
    .aggregate({ initial: 0, merge: (a: number, b: number) => a + b, store: 'visits' }, (total, o) => total + o.cents)
  return app
}
