import { serdes, topic } from '@millrace/contracts'
import { rangeQuery, type Topology, topology, tumbling, windowRangeQuery } from '@millrace/streams'
import { customer, type Order, order } from '../contracts.ts'
import { graceMs, liveFromMs, ordersOf } from '../events.ts'
import type { SimulatedApplication } from '../simulated-application.ts'
import { add, expectedOf, none, shopDifferences, type Totals, windows } from './shop-expectations.ts'

/** Every order once, with its customer's country. */
const orderView = topic('order-view', { key: serdes.string, value: serdes.json<Order & { country: string }>() })
/** Per customer, every update. */
const totals = topic('totals', { key: serdes.string, value: serdes.json<Totals>() })
/** Per store, country and window start, every update. */
const revenue = topic('revenue', { key: serdes.string, value: serdes.json<Totals>() })

/** A stream-table join behind a repartition, totals per customer, revenue per country in four windows. */
function shopApp(): Topology {
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
      .window(tumbling({ sizeMs, graceMs }))
      .aggregate({ initial: none, store }, add)
      .toStream({ tombstones: false })
      .selectKey((_, windowed) => `${store}/${windowed.key}/${windowed.window.start}`)
      .to(revenue)
  }
  return app
}

export const shop: SimulatedApplication = {
  id: 'shop',
  topology: shopApp,
  inputs: ['customer', 'order'],
  customersMove: false,
  outputs: [orderView, totals, revenue].map((contract) => ({ contract, compared: 'own' })),
  reference: 'whole',
  check: (outputs, events) => shopDifferences(outputs, expectedOf(ordersOf(events), events)),
  stores: [
    { name: 'customers', queries: [rangeQuery<unknown>({})] },
    { name: 'customer-totals', queries: [rangeQuery<unknown>({})] },
    { name: 'revenue-minute', queries: [windowRangeQuery<unknown>({ fromMs: liveFromMs })] },
  ],
}
