// Our capture of an outbox table, at its defaults; the work of Debezium in src/support/debezium.ts.
import { postgresOutbox, runSource } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'

const [brokers = '', name = '', output = '', url = ''] = process.argv.slice(2)
const contract = topic(output, { key: serdes.string, value: serdes.bytes })
const client = kafkaClient({ brokers, clientId: 'bench-capture' })
const running = runSource(postgresOutbox({ name, url, topics: [contract] }), { client })
process.once('SIGTERM', () => void running.close())
await running.finished
await client.close()
process.exit()
