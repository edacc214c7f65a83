import { serdes, topic } from '@millrace/contracts'
import { type Topology, topology, tumbling } from '@millrace/streams'

export interface Order {
  readonly id: string
  readonly customer: string
  readonly cents: number
}

export interface Totals {
  readonly orders: number
  readonly cents: number
}

export const customer = topic('customer', { key: serdes.string, value: serdes.json<{ country: string }>() })
export const order = topic('order', { key: serdes.string, value: serdes.json<Order>() })
/** Every order once, with its customer's country. */
export const orderView = topic('order-view', { key: serdes.string, value: serdes.json<Order & { country: string }>() })
/** Per customer, every update. */
export const totals = topic('totals', { key: serdes.string, value: serdes.json<Totals>() })
/** Per store, country and window start, every update. */
export const revenue = topic('revenue', { key: serdes.string, value: serdes.json<Totals>() })

const dayMs = 86_400_000

export const windows = [
  { store: 'revenue-minute', sizeMs: 60_000 },
  { store: 'revenue-hour', sizeMs: 3_600_000 },
  { store: 'revenue-day', sizeMs: dayMs },
  { store: 'revenue-week', sizeMs: 7 * dayMs },
] as const

export const none: Totals = { orders: 0, cents: 0 }
export const add = (sum: Totals, { cents }: { readonly cents: number }): Totals => ({
  orders: sum.orders + 1,
  cents: sum.cents + cents,
})

/** The shop: a stream-table join behind a repartition, totals per customer, revenue per country in four windows. */
export function shopApp(): Topology {
  const app = topology('shop')
  const customers = app.table(customer, { store: 'customers' })
  const orders = app
    .stream(order)
    .selectKey((o) => o.customer, { name: 'by-customer' })
    .join(customers, (o, c) => ({ ...o, country: c.country }), { name: 'with-customer' })
  orders.selectKey((o) => o.id, { name: 'by-order' }).to(orderView)
  orders.groupByKey().aggregate({ initial: none, store: 'customer-totals' }, add).to(totals)
  const byCountry = orders.groupBy((o): string => o.country, { name: 'by-country' })
  for (const { store, sizeMs } of windows) {
    byCountry
      .window(tumbling({ sizeMs, graceMs: 60 * dayMs }))
      .aggregate({ initial: none, store }, add)
      .toStream({ tombstones: false })
      .selectKey((_, windowed) => `${store}/${windowed.key}/${windowed.window.start}`)
      .to(revenue)
  }
  return app
}
