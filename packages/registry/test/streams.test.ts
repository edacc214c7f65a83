import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { prepare, serdes, topic, whenReady } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { schemaRegistry } from '@millrace/registry'
import { avro } from '@millrace/registry/avro'
import { keyQuery, queryable, rangeQuery, startStreams, topology, tumbling } from '@millrace/streams'
import { testDriver } from '@millrace/streams/testing'
import { serveRegistry } from './support/registry-server.ts'
import { orderSchema, spending } from './support/spending-app.ts'

test('every topic of an application has a subject of its own, as in Kafka Streams; inputs get no schema', async () => {
  await using server = await serveRegistry()
  const registry = schemaRegistry({ urls: server.url })
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const { app, spend } = spending(registry)
  // The writer is somebody else, with a client of its own.
  const { order } = spending(schemaRegistry({ urls: server.url }))
  await client.admin.createTopics([order.name, spend.name].map((name) => ({ name, partitions: 2 })))
  await prepare(order)
  const before = server.subjects()
  await using _ = await startStreams({
    topology: app,
    brokers: broker.brokers,
    stateDir: 'memory',
    commitIntervalMs: 20,
  })
  await write(client, order.name, [
    ['1', order.value.serialize({ customer: 'ann', cents: 5n })],
    ['2', order.value.serialize({ customer: 'bob', cents: 1n })],
    ['3', order.value.serialize({ customer: 'ann', cents: 7n })],
  ])
  const totals = await lastValues(client, spend, (last) => last.size === 2 && last.get('ann')?.cents === 12n)
  assert.deepEqual(Object.fromEntries(totals), { ann: { cents: 12n }, bob: { cents: 1n } })
  assert.deepEqual(before, ['order-value'])
  assert.deepEqual(server.subjects().toSorted(), [
    'order-value',
    'spend-key',
    'spend-value',
    'spending-by-customer-repartition-key',
    'spending-by-customer-repartition-value',
    'spending-totals-changelog-key',
    'spending-totals-changelog-value',
  ])
})

test('a record whose schema is unknown waits while the registry is away, and nothing is lost or skipped', async () => {
  let isAway = false
  await using server = await serveRegistry(({ method }) => (isAway && method === 'GET' ? { status: 503 } : undefined))
  const limits = { maxAttempts: 1, retryDelayMsMin: 1, retryDelayMsMax: 5 }
  const { app, order, spend } = spending(schemaRegistry({ urls: server.url, limits }))
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([order.name, spend.name].map((name) => ({ name, partitions: 1 })))
  const wider = { ...orderSchema, fields: [...orderSchema.fields, { name: 'more', type: 'int' }] } as const
  const newer = topic('order', { key: serdes.string, value: avro(schemaRegistry({ urls: server.url }), wider) })
  await prepare(order, newer)
  const failures: unknown[] = []
  const onFailure = (message: unknown): number => failures.push(message)
  subscribe('millrace:streams:failure', onFailure)
  const options = { topology: app, brokers: broker.brokers, stateDir: 'memory', commitIntervalMs: 20 }
  await using streams = await startStreams(options)
  await write(client, order.name, [['1', order.value.serialize({ customer: 'ann', cents: 5n })]])
  await lastValues(client, spend, (last) => last.get('ann')?.cents === 5n)
  isAway = true
  await write(client, order.name, [
    ['2', newer.value.serialize({ customer: 'ann', cents: 7n, more: 1 })],
    ['3', order.value.serialize({ customer: 'ann', cents: 1n })],
  ])
  const asked = server.asked.length
  while (server.asked.length < asked + 3) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(streams.state(), 'running')
  isAway = false
  await lastValues(client, spend, (last) => last.get('ann')?.cents === 13n)
  unsubscribe('millrace:streams:failure', onFailure)
  assert.deepEqual(failures, [])
})

test('what the registry refuses ends an application before it takes a record', async () => {
  await using server = await serveRegistry(({ path }) =>
    path.includes('spend-value') ? { status: 409, body: { error_code: 409, message: 'incompatible' } } : undefined,
  )
  const { app, order } = spending(schemaRegistry({ urls: server.url }))
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: order.name, partitions: 1 }])
  const starting = startStreams({ topology: app, brokers: broker.brokers, stateDir: 'memory' })
  await assert.rejects(async () => (await starting).finished, { code: 'REGISTRY_INCOMPATIBLE' })
})

test('the topology test driver runs on a registry in the process', () => {
  const { app, order, spend } = spending(schemaRegistry({ urls: 'mock://driver' }))
  using driver = testDriver(app)
  driver.input(order).pipe('1', { customer: 'ann', cents: 5n })
  driver.input(order).pipe('2', { customer: 'ann', cents: 7n })
  assert.deepEqual(driver.output(spend).readAll(), [
    ['ann', { cents: 5n }],
    ['ann', { cents: 12n }],
  ])
})

for (const numStandbyReplicas of [0, 1]) {
  const whose = numStandbyReplicas === 0 ? 'a task' : 'a standby copy'
  test(`rows that ${whose} restores from their own topic wait for their schemas, and none is left out`, async () => {
    let isAway = false
    await using server = await serveRegistry(({ method }) => (isAway && method === 'GET' ? { status: 503 } : undefined))
    const limits = { maxAttempts: 1, retryDelayMsMin: 1, retryDelayMsMax: 5 }
    const table = () => {
      const registry = schemaRegistry({ urls: server.url, limits })
      const order = topic('order', { key: serdes.string, value: avro(registry, orderSchema) })
      const app = topology('orders', { optimize: true })
      app.table(order, { store: 'rows' })
      return { app, order }
    }
    await using broker = await startBroker({ memory: true })
    await using client = kafkaClient({ brokers: broker.brokers })
    const { order } = table()
    await client.admin.createTopics([{ name: order.name, partitions: 1 }])
    await prepare(order)
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
    const bytes = keys.map((key, i) => [key, order.value.serialize({ customer: 'ann', cents: BigInt(i) })] as const)
    await write(client, order.name, bytes)
    const start = (instanceId: string) =>
      startStreams({
        topology: table().app,
        brokers: broker.brokers,
        stateDir: 'memory',
        instanceId,
        applicationServer: `${instanceId}:1`,
        numStandbyReplicas,
        commitIntervalMs: 20,
        retryDelayMs: 20,
      })
    const rows = queryable.keyValue('rows', order)
    const found = async (streams: Awaited<ReturnType<typeof start>>): Promise<number> => {
      const { partitions } = await streams.queries.query(rows, rangeQuery(), { standby: {} })
      const [answer] = [...partitions.values()]
      return answer?.ok ? [...answer.result].length : -1
    }
    await using first = await start('one')
    while ((await found(first)) < keys.length) await new Promise((resolve) => setTimeout(resolve, 20))
    if (numStandbyReplicas === 0) await first.close()
    isAway = true
    const asked = server.asked.length
    await using second = await start('two')
    while (server.asked.length < asked + 1) await new Promise((resolve) => setTimeout(resolve, 5))
    isAway = false
    if (numStandbyReplicas === 1) {
      const isBehind = async () => (await second.queries.lags()).every(({ offsetLag }) => offsetLag !== 0)
      while (await isBehind()) await new Promise((resolve) => setTimeout(resolve, 20))
      await first.close()
    }
    while ((await found(second)) < 0 || second.state() !== 'running')
      await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(await found(second), keys.length)
  })
}

for (const optimize of [false, true]) {
  const where = optimize ? 'their own topic' : 'a changelog'
  test(`changes in ${where} are told when their schemas have come, and none is left out`, async () => {
    await using server = await serveRegistry(() => new Promise((resolve) => setTimeout(resolve, 30)))
    const table = () => {
      const registry = schemaRegistry({ urls: server.url })
      const order = topic('order', { key: serdes.string, value: avro(registry, orderSchema) })
      const app = topology('orders', { optimize })
      app.table(order, { store: 'rows' })
      return { app, order }
    }
    await using broker = await startBroker({ memory: true })
    await using client = kafkaClient({ brokers: broker.brokers })
    const { order } = table()
    await client.admin.createTopics([{ name: order.name, partitions: 1 }])
    await prepare(order)
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
    await write(
      client,
      order.name,
      keys.map((key, i) => [key, order.value.serialize({ customer: 'ann', cents: BigInt(i) })]),
    )
    const start = () =>
      startStreams({ topology: table().app, brokers: broker.brokers, stateDir: 'memory', commitIntervalMs: 20 })
    await using first = await start()
    const hasAll = async () => {
      const { partitions } = await first.queries.query(queryable.keyValue('rows', order), keyQuery('k49'))
      const [answer] = [...partitions.values()]
      return answer?.ok && answer.result !== undefined
    }
    while (!(await hasAll())) await new Promise((resolve) => setTimeout(resolve, 20))
    await first.close()
    await using second = await start()
    await using changes = second.queries.changes('rows')
    changes.follow(0, 0)
    const told: string[] = []
    while (told.length < keys.length || !told.includes('k49')) {
      for (const { key } of await changes.next(AbortSignal.timeout(10_000))) told.push(String(key))
    }
    assert.deepEqual(told, keys)
  })
}

const limitSchema = { type: 'record', name: 'com.example.Limit', fields: [{ name: 'cents', type: 'long' }] } as const

test('worker threads have clients of their own, and queries are answered in this thread', async () => {
  await using server = await serveRegistry()
  const { order, spend } = spending(schemaRegistry({ urls: server.url }))
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([order.name, spend.name].map((name) => ({ name, partitions: 2 })))
  await prepare(order)
  await using streams = await startStreams({
    topology: new URL('./support/spending-app.ts', import.meta.url),
    args: { urls: server.url },
    brokers: broker.brokers,
    stateDir: 'memory',
    instanceId: 'one',
    commitIntervalMs: 20,
    threads: 2,
  })
  await write(client, order.name, [
    ['1', order.value.serialize({ customer: 'ann', cents: 5n })],
    ['2', order.value.serialize({ customer: 'ann', cents: 7n })],
  ])
  await lastValues(client, spend, (last) => last.get('ann')?.cents === 12n)
  const { partitions } = await streams.queries.query(queryable.keyValue('totals', spend), keyQuery('ann'))
  const [answer] = [...partitions.values()]
  assert.ok(answer?.ok, String(answer?.ok === false && `${answer.reason} ${(answer.error as Error).stack}`))
  assert.deepEqual(answer.result, { cents: 12n })
})

test('windowed keys, joined streams and foreign keys find the subjects of their topics', async () => {
  const registry = schemaRegistry({ urls: 'mock://shapes' })
  const key = avro(registry, 'string')
  const order = topic('order', { key, value: avro(registry, orderSchema) })
  const customer = topic('customer', { key, value: avro(registry, limitSchema) })
  const out = topic('out', { key, value: avro(registry, 'long') })
  const app = topology('shapes')
  const orders = app.table(order)
  orders
    .join(app.table(customer), ({ cents }, limit) => limit.cents - cents, {
      foreignKey: ({ customer: name }) => name,
      name: 'limits',
      store: 'left',
      value: avro(registry, 'long'),
    })
    .toStream()
    .to(out)
  orders
    .toStream()
    .groupByKey()
    .window(tumbling({ sizeMs: 1000, graceMs: 0 }))
    .reduce((a) => a, { store: 'firsts' })
  using driver = testDriver(app)
  driver.input(customer).pipe('ann', { cents: 100n })
  driver.input(order).pipe('1', { customer: 'ann', cents: 30n })
  assert.deepEqual(driver.output(out).readAll(), [['1', 70n]])
  for (const subject of [
    'shapes-limits-subscription-registration-topic-pk-key',
    'shapes-limits-subscription-registration-topic-fk-key',
    'shapes-limits-subscription-registration-topic-vh-value',
    'shapes-firsts-changelog-key',
    'shapes-limits-subscription-response-topic-value',
  ]) {
    assert.equal((await registry.version(subject, 1)).type, 'AVRO', subject)
  }
})

async function write(
  client: KafkaClient,
  name: string,
  records: readonly (readonly [string, Uint8Array])[],
): Promise<void> {
  await using producer = client.producer()
  const written = records.map(([key, value]) =>
    producer.send({ topic: name, key: Buffer.from(key), value: Buffer.from(value) }),
  )
  await Promise.all(written)
}

type Last<V> = Map<string, V>

/** The last value of each key, once `isEnough` of them are there. */
async function lastValues<V>(
  client: KafkaClient,
  contract: {
    readonly name: string
    readonly key: { deserialize(bytes: Uint8Array): string }
    readonly value: { deserialize(bytes: Uint8Array): V }
  },
  isEnough: (last: Last<V>) => boolean,
): Promise<Last<V>> {
  await using consumer = client.consumer({ isolation: 'read_committed', autoOffsetReset: 'earliest' })
  const { partitions } = (await client.admin.listTopics()).find(({ name }) => name === contract.name)!
  consumer.assign(partitions.map((_, partition) => ({ topic: contract.name, partition })))
  const last: Last<V> = new Map()
  while (!isEnough(last)) {
    for (const { batches } of await consumer.poll({ timeoutMs: 100 })) {
      for (const cursor of batches.map((batch) => batch.cursor())) {
        while (cursor.next()) {
          const [key, value] = [cursor.keyBytes()!, cursor.valueBytes()!]
          last.set(
            await whenReady(() => contract.key.deserialize(key)),
            await whenReady(() => contract.value.deserialize(value)),
          )
        }
      }
    }
  }
  return last
}
