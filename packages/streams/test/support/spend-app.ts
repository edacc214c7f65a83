import { serdes, topic } from '@millrace/contracts'
import { type Topology, topology, tumbling } from '@millrace/streams'

export const order = topic('order', {
  key: serdes.string,
  value: serdes.json<{ customer: string; cents: number }>(),
})
export const spend = topic('spend', { key: serdes.string, value: serdes.json<number>() })

/** Cents per customer, in all and by the minute. */
export default function spendApp(): Topology {
  const app = topology('spend')
  const byCustomer = app.stream(order).groupBy((o): string => o.customer, { name: 'by-customer' })
  byCustomer.reduce((total: number, o) => total + o.cents, { initial: 0, store: 'totals' }).to(spend)
  byCustomer
    .window(tumbling({ sizeMs: 60_000, graceMs: 86_400_000 }))
    .reduce((total: number, o) => total + o.cents, { initial: 0, store: 'per-minute' })
  return app
}
