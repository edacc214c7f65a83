// Our sink into PostgreSQL, at its defaults; the work of Debezium's JDBC sink in src/support/debezium.ts.
import { postgresSink, runSink } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import type { UpsertedRow } from '../support/upserted-rows.ts'

const [brokers = '', name = '', input = '', url = '', table = ''] = process.argv.slice(2)
// The peer needs a schema in each value; we read past it.
const contract = topic(input, { key: serdes.string, value: serdes.json<{ payload: UpsertedRow }>() })
const client = kafkaClient({ brokers, clientId: 'bench-sink' })
const sink = postgresSink(contract, {
  name,
  url,
  table,
  mode: 'upsert',
  key: 'id',
  columns: {
    customer_id: { type: 'text', value: ({ payload }) => payload.customer_id },
    amount_cents: { type: 'integer', value: ({ payload }) => payload.amount_cents },
    currency: { type: 'text', value: ({ payload }) => payload.currency },
    status: { type: 'text', value: ({ payload }) => payload.status },
    note: { type: 'text', value: ({ payload }) => payload.note },
  },
})
const running = runSink(sink, { client })
process.once('SIGTERM', () => void running.close())
await running.finished
await client.close()
process.exit()
