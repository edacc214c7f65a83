// Our capture of a table as Debezium's events, at its defaults; the work of Debezium in src/support/debezium.ts.
import { postgresTables, runSource } from '@millrace/connect'
import { kafkaClient } from '@millrace/kafka'

const [brokers = '', name = '', topic = '', url = ''] = process.argv.slice(2)
const client = kafkaClient({ brokers, clientId: 'bench-capture' })
const tables = [{ table: 'orders', topic }]
const running = runSource(postgresTables({ name, url, format: 'debezium', tables }), { client })
process.once('SIGTERM', () => void running.close())
await running.finished
await client.close()
process.exit()
