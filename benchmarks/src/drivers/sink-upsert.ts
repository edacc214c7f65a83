// Our sinks at their defaults; the work of Debezium's JDBC sink in src/support/debezium.ts.
import { clickHouseSink, mysqlSink, postgresSink, runSink, type SinkConnector } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import type { UpsertedRow } from '../support/upserted-rows.ts'

const [brokers = '', name = '', input = '', url = '', table = ''] = process.argv.slice(2)
// The peer needs a schema in each value; we read past it.
const contract = topic(input, { key: serdes.string, value: serdes.json<{ payload: UpsertedRow }>() })
type Value = { readonly payload: UpsertedRow }
const columns = (text: string, integer: string) => ({
  customer_id: { type: text, value: ({ payload }: Value) => payload.customer_id },
  amount_cents: { type: integer, value: ({ payload }: Value) => payload.amount_cents },
  currency: { type: text, value: ({ payload }: Value) => payload.currency },
  status: { type: text, value: ({ payload }: Value) => payload.status },
  note: { type: text, value: ({ payload }: Value) => payload.note },
})
const place = { name, url, table, key: 'id' } as const

function sinkOf(protocol: string): SinkConnector {
  switch (protocol) {
    case 'mysql:':
      return mysqlSink(contract, { ...place, mode: 'upsert', columns: columns('text', 'integer') })
    case 'http:':
      return clickHouseSink(contract, { ...place, columns: columns('String', 'Int32') })
    default:
      return postgresSink(contract, { ...place, mode: 'upsert', columns: columns('text', 'integer') })
  }
}

const client = kafkaClient({ brokers, clientId: 'bench-sink' })
const running = runSink(sinkOf(new URL(url).protocol), { client })
// For the message of a run that stalls.
setInterval(() => console.error(JSON.stringify(running.status())), 10_000)
process.once('SIGTERM', () => void running.close())
await running.finished
await client.close()
process.exit()
