import { integrity } from 'millrace'
import { customer, order } from './contracts.ts'

/** No placed order outlives its customer, although two services with a database each own them. */
export const ordersOfCustomers = integrity({
  topics: { orders: order, customers: customer },
  from: 'orders.customerId',
  to: 'customers.key',
  onDelete: 'cascade',
  where: (o) => o.status === 'placed',
  onMissing: 'repair',
  // Short, so that a run shows it; by default every minute.
  graceMs: 2_000,
  auditIntervalMs: 3_000,
})

export default ordersOfCustomers.topology
