import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { startPostgres } from '@millrace/conformance/postgres'
import { kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import { startBroker } from '../../../packages/broker/src/index.ts'
import { postgresOutbox, runSource } from '../../../packages/connect/src/index.ts'
import { customer, order } from '../src/contracts.ts'
import { startLoad } from '../src/load.ts'

const postgres = await startPostgres()
const broker = await startBroker({ memory: true })
const kafka = kafkaClient({ brokers: broker.brokers })
const urls = { customers: await postgres.createDatabase('customers'), orders: await postgres.createDatabase('orders') }
const children: any[] = []
const service = async (name: string, url: string) => {
  const c = spawn(process.execPath, ['--conditions=source', `/work/main/examples/shop/src/services/${name}.ts`], {
    env: { ...process.env, DATABASE_URL: url, BROKERS: broker.brokers },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(c)
  c.on('exit', (code, s) => console.log(name, 'exit', code, s))
  const [line] = await once(createInterface(c.stdout!), 'line')
  return line.split(' ').at(-1)
}
const customersUrl = await service('customers', urls.customers)
const ordersUrl = await service('orders', urls.orders)
const s1 = runSource(postgresOutbox({ name: 'customers', url: urls.customers, topics: [customer] }), {
  client: kafka,
} as any)
const s2 = runSource(postgresOutbox({ name: 'orders', url: urls.orders, topics: [order] }), { client: kafka } as any)
const t = performance.now()
const load = startLoad({
  customersUrl,
  ordersUrl,
  brokers: broker.brokers,
  seed: 1,
  signal: new AbortController().signal,
  orders: 2000,
})
const iv = setInterval(
  () => console.log(JSON.stringify(load.totals), (s1 as any).status?.()?.state, (s2 as any).status?.()?.state),
  1000,
)
console.log(await load.done, performance.now() - t)
clearInterval(iv)
await new Promise((r) => setTimeout(r, 1500))
const c = new pg.Client(urls.customers),
  o = new pg.Client(urls.orders)
await c.connect()
await o.connect()
const known = new Set((await c.query('select id from customers')).rows.map((r) => r.id))
const rows = (await o.query('select id, customer_id, status from orders')).rows
console.log(
  'orders',
  rows.length,
  'cancelled',
  rows.filter((r) => r.status === 'cancelled').length,
  'orphans',
  rows.filter((r) => r.status === 'placed' && !known.has(r.customer_id)).length,
)
console.log(
  'outbox left',
  (await c.query('select from outbox')).rowCount,
  (await o.query('select from outbox')).rowCount,
)
console.log(
  await kafka.admin
    .listOffsets([0, 1, 2, 3].map((partition) => ({ topic: 'order', partition, spec: 'latest' })) as any)
    .catch((e) => e.message),
)
await c.end()
await o.end()
for (const x of children) x.kill('SIGTERM')
await Promise.all(children.map((x) => once(x, 'exit')))
await s1.close()
await s2.close()
await kafka.close()
await broker.close()
await postgres.close()
console.log('done')
