import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type AnyTopicContract, prepare, serdes, topic, whenReady } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type SchemaRegistry, schemaRegistry } from '@millrace/registry'
import { avro } from '@millrace/registry/avro'
import { jsonSchemaOf } from '@millrace/registry/json-schema'
import { protobuf } from '@millrace/registry/protobuf'
import { startStreams } from '@millrace/streams'
import { type Order, OrderSchema } from '../../packages/registry/test/support/shop/v1/order_pb.js'
import { orderSchema, spending } from '../../packages/registry/test/support/spending-app.ts'
import { type ApacheKafka, apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'
import { type Apicurio, startApicurio } from './apicurio.ts'
import { JavaPeer } from './java-peer.ts'

const skip = apacheKafkaUnavailable()

describe('a real registry, and Java beside us', { skip }, () => {
  let kafka: ApacheKafka
  let apicurio: Apicurio
  let client: KafkaClient
  let java: JavaPeer
  let registry: SchemaRegistry
  before(async () => {
    ;[kafka, apicurio] = await Promise.all([startApacheKafka(), startApicurio()])
    client = kafkaClient({ brokers: kafka.brokers })
    java = new JavaPeer(kafka.brokers, apicurio.url)
    registry = schemaRegistry({ urls: apicurio.compatibleUrl })
  })
  after(async () => {
    registry?.close()
    await client?.close()
    await apicurio?.[Symbol.asyncDispose]()
    await kafka?.close()
  })

  test('Avro: Java reads what we write, and we read what Java writes', async () => {
    const contract = topic('avro', { key: serdes.string, value: avro(registry, orderSchema) })
    await create(client, contract.name, 1)
    await write(client, contract, [['ours', { customer: 'Ann ü', cents: 2n ** 53n + 1n }]])
    java.write('avro', contract.name, JSON.stringify(orderSchema), { customer: 'Bob', cents: -5 })
    assert.deepEqual(
      java.read('avro', contract.name).map(({ key, value }) => [key, JSON.parse(value.replaceAll(/\d{10,}/g, '"$&"'))]),
      [
        ['ours', { customer: 'Ann ü', cents: '9007199254740993' }],
        ['java', { customer: 'Bob', cents: -5 }],
      ],
    )
    assert.deepEqual(await readAll(client, contract), [
      ['ours', { customer: 'Ann ü', cents: 2n ** 53n + 1n }],
      ['java', { customer: 'Bob', cents: -5n }],
    ])
  })

  test('JSON Schema: Java reads what we write, and we read what Java writes', async () => {
    const schema = { type: 'object', properties: { customer: { type: 'string' } }, required: ['customer'] }
    const contract = topic('json', { key: serdes.string, value: jsonSchemaOf<{ customer: string }>(registry, schema) })
    await create(client, contract.name, 1)
    await write(client, contract, [['ours', { customer: 'Ann ü' }]])
    java.write('json', contract.name, '', { customer: 'Bob' })
    const expected = [
      ['ours', { customer: 'Ann ü' }],
      ['java', { customer: 'Bob' }],
    ]
    const inJava = java.read('json', contract.name)
    assert.deepEqual(
      inJava.map(({ key, value }) => [key, JSON.parse(value)]),
      expected,
    )
    assert.deepEqual(await readAll(client, contract), expected)
  })

  test('Protobuf, with an import: Java reads what we write, and we read what Java writes', async () => {
    const contract = topic('proto', { key: serdes.string, value: protobuf(registry, OrderSchema) })
    await create(client, contract.name, 1)
    const total = { currency: 'EUR', cents: 2n ** 60n }
    await write(client, contract, [['ours', { id: 'ü', total, receiver: { case: 'pickupPoint', value: 'p' } }]])
    java.write('protobuf', contract.name, 'proto-value', { id: 'b', total: { cents: '7' }, counts: { x: 1 } })
    const [ours, theirs] = java.read('protobuf', contract.name)
    assert.ok(ours!.value.startsWith('shop.v1.Order{'))
    assert.deepEqual(JSON.parse(ours!.value.slice('shop.v1.Order'.length)), {
      id: 'ü',
      total: { currency: 'EUR', cents: String(2n ** 60n) },
      pickupPoint: 'p',
    })
    assert.equal(theirs!.key, 'java')
    const [[, first], [, second]] = (await readAll(client, contract)) as [[string, Order], [string, Order]]
    assert.deepEqual([first.id, first.total?.cents, first.receiver.case], ['ü', 2n ** 60n, 'pickupPoint'])
    assert.deepEqual([second.id, second.total?.cents, second.counts], ['b', 7n, { x: 1 }])
  })

  test('an application goes on in Kafka Streams from our internal topics, and here from those of Kafka Streams', async () => {
    const { app, order, spend } = spending(registry)
    await create(client, order.name, 2)
    await create(client, spend.name, 2)
    const here = () =>
      startStreams({
        topology: app,
        brokers: kafka.brokers,
        stateDir: 'memory',
        instanceId: 'ours',
        commitIntervalMs: 50,
      })
    const reached = async (customer: string, cents: bigint): Promise<void> => {
      const deadline = Date.now() + 90_000
      while (new Map(await readAll(client, spend)).get(customer)?.cents !== cents) {
        if (Date.now() > deadline) throw new Error(`${customer} did not come to ${cents}`)
        await delay(100)
      }
    }
    {
      await using _ = await here()
      await write(client, order, [
        ['1', { customer: 'ann', cents: 5n }],
        ['2', { customer: 'bob', cents: 1n }],
      ])
      await reached('ann', 5n)
      await reached('bob', 1n)
    }
    const [repartition, changelog] = ['spending-by-customer-repartition', 'spending-totals-changelog']
    // Java's serdes on our internal topics.
    const sorted = (records: readonly { readonly key: string; readonly value: string }[]) =>
      records.map(({ key, value }) => `${key} ${value}`).toSorted()
    assert.deepEqual(sorted(java.read('avro', repartition)), [
      'ann {"customer": "ann", "cents": 5}',
      'bob {"customer": "bob", "cents": 1}',
    ])
    {
      await using _ = java.streams()
      await write(client, order, [
        ['3', { customer: 'ann', cents: 7n }],
        ['4', { customer: 'eve', cents: 2n }],
      ])
      await reached('ann', 12n)
      await reached('eve', 2n)
    }
    // Ours on those of Java, by both of whom they have been written by now.
    const keys = avro(registry, 'string')
    const between = topic(repartition, { key: keys, value: avro(registry, orderSchema) })
    const repartitioned = (await readAll(client, between)).map(([key, { cents }]) => [key, cents])
    assert.deepEqual(repartitioned.slice().sort(), [
      ['ann', 5n],
      ['ann', 7n],
      ['bob', 1n],
      ['eve', 2n],
    ])
    {
      await using _ = await here()
      await write(client, order, [
        ['5', { customer: 'ann', cents: 1n }],
        ['6', { customer: 'eve', cents: 1n }],
        ['7', { customer: 'bob', cents: 1n }],
      ])
      await reached('ann', 13n)
      await reached('eve', 3n)
      await reached('bob', 2n)
    }
    const inJava = new Map(java.read('avro', changelog).map(({ key, value }) => [key, value]))
    assert.equal(inJava.size, 3)
  })

  test('after warm-up a million records make no request', async () => {
    let asked = 0
    const target = new URL(apicurio.compatibleUrl)
    const proxy = createServer((incoming, outgoing) => {
      asked++
      const onwards = {
        host: target.hostname,
        port: target.port,
        path: target.pathname + incoming.url,
        method: incoming.method!,
        headers: incoming.headers,
      }
      const sent = request(onwards, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(outgoing)
      })
      incoming.pipe(sent)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => proxy.once('listening', resolve))
    const counted = schemaRegistry({ urls: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` })
    const contract = topic('many', { key: serdes.string, value: avro(counted, orderSchema) })
    await prepare(contract)
    const first = contract.value.serialize({ customer: 'ann', cents: 1n })
    await whenReady(() => contract.value.deserialize(first))
    const warm = asked
    for (let n = 0; n < 1_000_000; n++) {
      contract.value.deserialize(contract.value.serialize({ customer: 'ann', cents: BigInt(n) }))
    }
    counted.close()
    proxy.closeAllConnections()
    proxy.close()
    assert.deepEqual([warm, asked], [1, 1])
  })

  test('its refusals have names', async () => {
    const json = JSON.stringify(orderSchema)
    await registry.register('strict-value', { type: 'AVRO', text: json, references: [] })
    const body = JSON.stringify({ compatibility: 'BACKWARD' })
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
    await fetch(`${apicurio.compatibleUrl}/config/strict-value`, { method: 'PUT', headers, body })
    const wider = { ...orderSchema, fields: [...orderSchema.fields, { name: 'need', type: 'int' }] } as const
    const strict = topic('strict', { key: serdes.string, value: avro(registry, wider) })
    await assert.rejects(() => prepare(strict), { code: 'REGISTRY_INCOMPATIBLE' })
    const unregistered = avro(registry, wider, { autoRegisterSchemas: false })
    await assert.rejects(() => prepare(topic('strict', { key: serdes.string, value: unregistered })), {
      code: 'REGISTRY_SCHEMA_NOT_FOUND',
    })
    await assert.rejects(() => prepare(topic('nowhere', { key: serdes.string, value: unregistered })), {
      code: 'REGISTRY_SUBJECT_NOT_FOUND',
    })
    await assert.rejects(async () => registry.schemaById(999_999), { code: 'REGISTRY_SCHEMA_NOT_FOUND' })
    const broken = { type: 'AVRO', text: '{"type":"recor"}', references: [] } as const
    await assert.rejects(async () => registry.register('broken', broken), { code: 'REGISTRY_INVALID_SCHEMA' })
  })
})

function create(client: KafkaClient, name: string, partitions: number): Promise<unknown> {
  return client.admin.createTopics([{ name, partitions }])
}

async function write<C extends AnyTopicContract>(
  client: KafkaClient,
  contract: C,
  records: readonly (readonly [Parameters<C['key']['serialize']>[0], Parameters<C['value']['serialize']>[0]])[],
): Promise<void> {
  await prepare(contract)
  await using producer = client.producer()
  for (const [key, value] of records) {
    const written = {
      key: Buffer.from(contract.key.serialize(key as never)),
      value: Buffer.from(contract.value.serialize(value as never)),
    }
    await producer.send({ topic: contract.name, ...written })
  }
}

/** Everything committed, partition by partition. */
async function readAll<C extends AnyTopicContract>(
  client: KafkaClient,
  contract: C,
): Promise<[ReturnType<C['key']['deserialize']>, ReturnType<C['value']['deserialize']>][]> {
  await using consumer = client.consumer({ isolation: 'read_committed', autoOffsetReset: 'earliest' })
  const { partitions } = (await client.admin.listTopics()).find(({ name }) => name === contract.name)!
  const all = partitions.map((_, partition) => ({ topic: contract.name, partition }))
  consumer.assign(all)
  const ends = await consumer.endOffsets(all)
  const records: [unknown, unknown][] = []
  while (ends.some((end) => (consumer.position(end) ?? 0) < end.offset)) {
    for (const { batches, firstOffset } of await consumer.poll({ timeoutMs: 100 })) {
      for (const cursor of batches.map((batch) => batch.cursor())) {
        while (cursor.next()) {
          if (cursor.offset < firstOffset) continue
          const [key, value] = [cursor.keyBytes()!, cursor.valueBytes()!]
          const both = await whenReady(
            () => [contract.key.deserialize(key), contract.value.deserialize(value)] as const,
          )
          records.push([...both])
        }
      }
    }
  }
  return records as never
}
