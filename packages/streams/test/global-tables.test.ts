import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { keyValueStore, startStreams, type Topology, topology } from '@millrace/streams'
import { committedRecords, waitUntil } from './support/kafka.ts'

const orders = topic('orders', { key: serdes.string, value: serdes.json<{ country: string }>() })
const countries = topic('countries', { key: serdes.string, value: serdes.json<{ vat: number }>() })
const out = topic('out', { key: serdes.string, value: serdes.json<number | null>() })

function app(): Topology {
  const shop = topology('shop')
  const table = shop.globalTable(countries, { store: 'countries' })
  shop
    .stream(orders)
    .leftJoin(table, (_order, row) => row?.vat ?? -1, { mapKey: (o) => o.country })
    .to(out)
  return shop
}

let broker: Awaited<ReturnType<typeof startBroker>>
let client: KafkaClient
let directory: string
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-global-'))
  broker = await startBroker({ memory: true })
  client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([
    { name: 'orders', partitions: 2 },
    { name: 'countries', partitions: 3 },
    { name: 'out', partitions: 2 },
  ])
})
after(async () => {
  await client?.close()
  await broker?.close()
  rmSync(directory, { recursive: true, force: true })
})

async function send(records: readonly (readonly [name: string, key: string, value: unknown])[]): Promise<void> {
  await using producer = client.producer()
  const sent = records.map(([name, key, value]) =>
    producer.send({
      topic: name,
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(JSON.stringify(value)),
    }),
  )
  await Promise.all(sent)
}

const keys = Array.from({ length: 300 }, (_, at) => `c${at}`)

async function results(count: number): Promise<ReadonlyMap<string, unknown>> {
  let found: { readonly key: string; readonly value: unknown }[] = []
  await waitUntil(async () => {
    found = await committedRecords(client, 'out', 2)
    return found.length >= count
  })
  return new Map(found.map(({ key, value }) => [key, value]))
}

test('every instance has read all partitions of a global table before its first record, and goes on reading', async () => {
  // Orders first: a table that were read beside them would miss rows.
  await send(keys.map((key) => ['orders', `o-${key}`, { country: key }]))
  await send(keys.map((key, at) => ['countries', key, { vat: at }]))
  const start = (name: string) =>
    startStreams({ topology: app, brokers: broker.brokers, stateDir: join(directory, name) })
  {
    await using one = await start('one')
    await using two = await start('two')
    const first = await results(keys.length)
    for (const [at, key] of keys.entries()) assert.equal(first.get(`o-${key}`), at)
    await waitUntil(() => one.state() === 'running' && two.state() === 'running')
    for (const instance of [one, two]) {
      assert.equal(instance.queries.range('countries').length, keys.length)
      assert.deepEqual(instance.queries.get('countries', 'c7')?.value, { vat: 7 })
    }
    await send([
      ['countries', 'c7', { vat: 700 }],
      ['countries', 'c8', null],
    ])
    await waitUntil(() => [one, two].every(({ queries }) => queries.get('countries', 'c8') === undefined))
    assert.deepEqual(one.queries.get('countries', 'c7')?.value, { vat: 700 })
  }
  // While nobody runs: what the disk lacks is read before the first record.
  await send([
    ['orders', 'late', { country: 'c9' }],
    ['countries', 'c9', { vat: 900 }],
  ])
  await using again = await start('one')
  const second = await results(keys.length + 1)
  assert.equal(second.get('late'), 900)
  await waitUntil(() => again.state() === 'running')
  const read = [...again.metrics()].find(({ name }) => name === 'millrace_streams_global_records_total')
  assert.equal(read?.value, 1, 'the positions were kept on disk')
})

test('the processor of a global store sees what was there before the first record, after a loss of the disk again', async () => {
  await client.admin.createTopics([{ name: 'vat-changes', partitions: 2 }])
  const changes = topic('vat-changes', { key: serdes.string, value: serdes.json<{ vat: number }>() })
  const filled = (): Topology => {
    const shop = topology('vat-shop')
    const highest = keyValueStore<string, number>({ name: 'highest' })
    shop.globalStore(
      changes,
      (context) => {
        const rows = context.store(highest)
        return { process: ({ key, value }) => rows.put(key, Math.max(rows.get(key) ?? 0, value?.vat ?? 0)) }
      },
      { store: highest },
    )
    shop
      .stream(orders)
      .filter(() => false)
      .to(orders)
    return shop
  }
  await send([5, 20, 10].map((vat) => ['vat-changes', 'at', { vat }]))
  for (const name of ['first', 'lost', 'lost']) {
    const stateDir = join(directory, `vat-${name}`)
    await using instance = await startStreams({ topology: filled, brokers: broker.brokers, stateDir })
    await waitUntil(() => instance.state() === 'running')
    assert.equal(instance.queries.get('highest', 'at')?.value, 20)
    await send([['vat-changes', 'de', { vat: 19 }]])
    await waitUntil(() => instance.queries.get('highest', 'de')?.value === 19)
  }
})
