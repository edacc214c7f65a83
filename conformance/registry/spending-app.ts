import { serdes, topic } from '@millrace/contracts'
import type { SchemaRegistry } from '@millrace/registry'
import { avro } from '@millrace/registry/avro'
import { topology } from '@millrace/streams'

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

/** The same application as `streams` in `java/Peer.java`. */
export function spendingApp(registry: SchemaRegistry) {
  const customer = avro(registry, 'string')
  const order = topic('order', { key: serdes.string, value: avro(registry, orderSchema) })
  const spend = topic('spend', { key: customer, value: avro(registry, spendSchema) })
  const app = topology('spending')
  app
    .stream(order)
    .groupBy(({ customer: name }) => name, { name: 'by-customer', key: customer, value: order.value })
    .aggregate({ initial: { cents: 0n }, store: 'totals', value: spend.value }, (total, { cents }) => ({
      cents: total.cents + cents,
    }))
    .to(spend)
  return { app, order, spend }
}
