import { serdes, topic } from '@millrace/contracts'
import { integrity } from './integrity.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<{ customerId: string; placed: boolean }>() })
const customer = topic('customer', { key: serdes.string, value: serdes.json<{ name: string }>() })
const topics = { orders: order, customers: customer }

const declared = integrity({
  topics,
  from: 'orders.customerId',
  to: 'customers.key',
  onDelete: 'cascade',
  where: (value) => value.placed,
})
declared.violations.key.deserialize(new Uint8Array()).child satisfies string

// @ts-expect-error the field does not exist
integrity({ topics, from: 'orders.customer', to: 'customers.key', onDelete: 'report' })
// @ts-expect-error the topic is not among those given
integrity({ topics, from: 'orders.customerId', to: 'clients.key', onDelete: 'report' })
// @ts-expect-error only three things can become of them
integrity({ topics, from: 'orders.customerId', to: 'customers.key', onDelete: 'ignore' })
