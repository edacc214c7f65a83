import { serdes, topic } from '@millrace/contracts'
import { type Topology, topology } from '@millrace/streams'

export const sale = topic('sale', { key: serdes.string, value: serdes.json<number>() })
export const customer = topic('customer', { key: serdes.string, value: serdes.json<string>() })
export const named = topic('named', { key: serdes.string, value: serdes.json<string>() })

/** Sales with the names of their customers, which are waited for when so told. */
export default function customersApp(args?: unknown): Topology {
  const { maxMs } = (args ?? {}) as { maxMs?: number }
  const app = topology('customers-app')
  app
    .stream(sale)
    .leftJoin(app.table(customer, { store: 'customers' }), (cents, name) => `${cents} of ${name}`, {
      name: 'with-customer',
      ...(maxMs !== undefined && { waitForTable: { maxMs } }),
    })
    .to(named)
  return app
}

/** Both topics in order of time. */
export function mergedApp(): Topology {
  const app = topology('merged-app')
  app
    .stream(sale)
    .merge(app.stream(customer).mapValues((name) => name.length))
    .mapValues((value) => `${value}`)
    .to(named)
  return app
}
