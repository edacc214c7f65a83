import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type StreamsInstance, startStreams, type Topology, topology, tumbling } from '@millrace/streams'
import { committedRecords, waitUntil } from './support/kafka.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<{ customer: string; cents: number }>() })
const spend = topic('spend', { key: serdes.string, value: serdes.json<number>() })

function spendApp(): Topology {
  const app = topology('spend')
  const byCustomer = app.stream(order).groupBy((o): string => o.customer, { name: 'by-customer' })
  byCustomer.reduce((total: number, o) => total + o.cents, { initial: 0, store: 'totals' }).to(spend)
  byCustomer
    .window(tumbling({ sizeMs: 60_000, graceMs: 86_400_000 }))
    .reduce((total: number, o) => total + o.cents, { initial: 0, store: 'per-minute' })
  return app
}

let broker: Broker
let client: KafkaClient
let directory: string
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-streams-'))
  broker = await startBroker({ memory: true })
  client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([
    { name: 'order', partitions: 3, config: { 'retention.ms': '-1' } },
    { name: 'spend', partitions: 3, config: { 'retention.ms': '-1' } },
  ])
})
after(async () => {
  await client.close()
  await broker.close()
  rmSync(directory, { recursive: true })
})

const start = (stateDir: string, options: { applicationServer?: string } = {}): Promise<StreamsInstance> =>
  startStreams({ topology: spendApp, brokers: broker.brokers, stateDir: join(directory, stateDir), ...options })

const customers = 20
async function placeOrders(from: number, count: number): Promise<void> {
  await using producer = client.producer({ lingerMs: 5 })
  const sent: Promise<unknown>[] = []
  for (let i = from; i < from + count; i++) {
    const value = { customer: `c${i % customers}`, cents: i }
    sent.push(
      producer.send({
        topic: order.name,
        key: Buffer.from(order.key.serialize(`o${i}`)),
        value: Buffer.from(order.value.serialize(value)),
        timestamp: 1_700_000_000_000 + i * 1_000,
      }),
    )
  }
  await Promise.all(sent)
}

/** What customers have spent after orders 0 to `count`. */
function expectedTotals(count: number): Map<string, number> {
  const totals = new Map<string, number>()
  for (let i = 0; i < count; i++) totals.set(`c${i % customers}`, (totals.get(`c${i % customers}`) ?? 0) + i)
  return totals
}

async function spendNow(): Promise<Map<string, number>> {
  const records = await committedRecords(client, 'spend', 3)
  return new Map(records.map(({ key, value }) => [key, value as number]))
}

async function assertSpend(count: number): Promise<void> {
  const expected = expectedTotals(count)
  await waitUntil(async () => {
    const found = await spendNow()
    return [...expected].every(([key, total]) => found.get(key) === total)
  })
  assert.deepEqual(new Map([...(await spendNow())].sort()), new Map([...expected].sort()))
}

test('an aggregate on disk is exact, answers queries, and goes on where it stood after a restart', async () => {
  await placeOrders(0, 2_000)
  {
    await using streams = await start('one')
    await assertSpend(2_000)
    assert.equal(streams.state(), 'running')
    const expected = expectedTotals(2_000)
    for (const [key, total] of expected) assert.equal(streams.queries.get('totals', key)?.value, total)
    assert.equal(streams.queries.range('totals').length, customers)
    assert.equal(streams.queries.range('totals', { limit: 5 }).length, 5)
    const windows = streams.queries.windowFetch('per-minute', 'c7', { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })
    assert.equal(
      windows.reduce((sum, { value }) => sum + (value as number), 0),
      expected.get('c7'),
    )
  }
  await placeOrders(2_000, 500)
  await using again = await start('one')
  await assertSpend(2_500)
  const restored = [...again.metrics()].find(({ name }) => name === 'millrace_streams_restored_records_total')
  assert.equal(restored?.value, 0, 'the checkpoint was at the end of the changelog')
})

test('a lost disk is restored from the changelog, and every instance knows who owns a key', async () => {
  await using one = await start('two-a', { applicationServer: 'a:1' })
  await using two = await start('two-b', { applicationServer: 'b:1' })
  await waitUntil(() => one.state() === 'running' && two.state() === 'running' && ownersOf(one).size === 2)
  const expected = expectedTotals(2_500)
  for (const [key, total] of expected) {
    const { host, isLocal } = one.queries.metadataForKey('totals', key)
    assert.deepEqual(two.queries.metadataForKey('totals', key), {
      ...one.queries.metadataForKey('totals', key),
      isLocal: !isLocal,
    })
    const owner = isLocal ? one : two
    assert.equal(host, isLocal ? 'a:1' : 'b:1')
    assert.equal(owner.queries.get('totals', key)?.value, total)
    const other = isLocal ? two : one
    assert.throws(() => other.queries.get('totals', key), { code: 'STREAMS_STORE_NOT_LOCAL' })
  }
})

function ownersOf(streams: StreamsInstance): Set<string | undefined> {
  return new Set(streams.queries.metadataForStore('totals').map(({ host }) => host))
}
