import { topology, tumbling } from 'millrace'
import { customer, order, orderView, unknownCountry } from './contracts.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const windows = [
  { store: 'revenue-minute', sizeMs: minuteMs },
  { store: 'revenue-hour', sizeMs: hourMs },
  { store: 'revenue-day', sizeMs: dayMs },
  { store: 'revenue-week', sizeMs: 7 * dayMs },
]

/** Orders joined with customers; totals per customer; revenue per country by minute, hour, day and week. */
export default () => {
  const app = topology('shop')
  const customers = app.table(customer, { store: 'customers' })

  const orders = app
    .stream(order)
    .selectKey((o) => o.customerId, { name: 'by-customer' })
    .leftJoin(customers, (o, c) => ({ ...o, customerName: c?.name ?? null, country: c?.country ?? unknownCountry }), {
      name: 'with-customer',
    })

  orders.selectKey((o) => o.orderId, { name: 'by-order' }).to(orderView)

  orders
    .groupByKey({ name: 'customer-totals' })
    .aggregate(
      { initial: { orders: 0, revenueCents: 0, cancelledOrders: 0, cancelledCents: 0 }, store: 'customer-orders' },
      (totals, o) => addOrder(totals, o.status, o.amountCents),
    )

  const placedByCountry = orders.filter((o) => o.status === 'placed').groupBy((o) => o.country, { name: 'by-country' })
  for (const { store, sizeMs } of windows) {
    placedByCountry
      .window(tumbling({ sizeMs, graceMs: dayMs }))
      .aggregate({ initial: { orders: 0, cents: 0 }, store }, (sum, o) => ({
        orders: sum.orders + 1,
        cents: sum.cents + o.amountCents,
      }))
  }
  return app
}

interface Totals {
  readonly orders: number
  readonly revenueCents: number
  readonly cancelledOrders: number
  readonly cancelledCents: number
}

function addOrder(totals: Totals, status: 'placed' | 'cancelled', cents: number): Totals {
  return status === 'placed'
    ? { ...totals, orders: totals.orders + 1, revenueCents: totals.revenueCents + cents }
    : { ...totals, cancelledOrders: totals.cancelledOrders + 1, cancelledCents: totals.cancelledCents + cents }
}
