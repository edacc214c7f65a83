import { app, defineConfig, postgresOutbox, postgresSink } from 'millrace'
import { customer, order, orderView } from './contracts.ts'

const { CUSTOMERS_URL, ORDERS_URL, REPORTING_URL } = process.env
if (!CUSTOMERS_URL || !ORDERS_URL || !REPORTING_URL) {
  throw new Error('CUSTOMERS_URL, ORDERS_URL and REPORTING_URL name the databases; "npm start" sets them')
}

export default defineConfig({
  sources: [
    postgresOutbox({ name: 'customers', url: CUSTOMERS_URL, topics: [customer] }),
    postgresOutbox({ name: 'orders', url: ORDERS_URL, topics: [order] }),
  ],
  apps: [
    app('./topology.ts', { onDeserializationError: 'dead-letter' }),
    // What cannot be decoded is a dead letter of the first one already.
    app('./integrity.ts', { onDeserializationError: 'continue' }),
  ],
  sinks: [
    postgresSink(orderView, {
      url: REPORTING_URL,
      table: 'order_view',
      mode: 'upsert',
      key: 'orderId',
      columns: {
        orderId: 'text',
        customerId: 'text',
        customerName: 'text',
        country: 'text',
        amountCents: 'bigint',
        status: 'text',
        placedAt: 'bigint',
      },
    }),
  ],
})
