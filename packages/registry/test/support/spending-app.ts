import { serdes, topic } from '@millrace/contracts'
import { type SchemaRegistry, schemaRegistry } from '@millrace/registry'
import { avro } from '@millrace/registry/avro'
import { type Topology, topology } from '@millrace/streams'

export const orderSchema = {
  type: 'record',
  name: 'com.example.Order',
  fields: [
    { name: 'customer', type: 'string' },
    { name: 'cents', type: 'long' },
  ],
} as const

const spendSchema = {
  type: 'record',
  name: 'com.example.Spend',
  fields: [{ name: 'cents', type: 'long' }],
} as const

/** Sums what customers spend; every topic of it has schemas. `conformance/registry/java/Peer.java` has the same application. */
export function spending(registry: SchemaRegistry) {
  const order = topic('order', { key: serdes.string, value: avro(registry, orderSchema) })
  const spend = topic('spend', { key: avro(registry, 'string'), value: avro(registry, spendSchema) })
  const app = topology('spending')
  app
    .stream(order)
    .groupBy(({ customer }) => customer, { name: 'by-customer', key: avro(registry, 'string'), value: order.value })
    .aggregate({ initial: { cents: 0n }, store: 'totals', value: avro(registry, spendSchema) }, (total, { cents }) => ({
      cents: total.cents + cents,
    }))
    .to(spend)
  return { app, order, spend }
}

/** As worker threads load it. */
export default function spendingApp({ urls }: { readonly urls: string }): Topology {
  return spending(schemaRegistry({ urls })).app
}
