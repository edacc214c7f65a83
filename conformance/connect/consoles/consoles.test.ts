// The requests that consoles for Kafka Connect send, as they send them, and what they read of the answers.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { builtInPlugins, ConnectWorker } from '@millrace/connect/internal'
import { type Gateway, startGateway } from '@millrace/gateway'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { consoles } from './console-requests.ts'
import { replay } from './replay.ts'
import { differences } from './shape.ts'

let broker: Broker
let client: KafkaClient
let worker: ConnectWorker
let gateway: Gateway
let folder: string

before(async () => {
  broker = await startBroker({ memory: true })
  client = kafkaClient({ brokers: broker.brokers })
  worker = await ConnectWorker.start({ client, plugins: builtInPlugins, groupId: 'consoles' })
  const declared = { name: 'declared in code', type: 'source', state: 'running', details: {} } as const
  const content = { state: [], metrics: [], health: [], connectors: () => [declared], connect: () => worker }
  gateway = await startGateway(content, { port: 0 })
  folder = await mkdtemp(join(tmpdir(), 'consoles-'))
  await writeFile(join(folder, 'lines.txt'), 'one\n')
})
after(async () => {
  await gateway?.close()
  await worker?.close()
  await client?.close()
  await broker?.close()
  await rm(folder, { recursive: true, force: true })
})

for (const each of consoles) {
  test(`${each.name} gets what it asks for`, async () => {
    const answers = await replay({ url: gateway.url, file: join(folder, 'lines.txt') }, each)
    assert.equal(answers.length, each.requests.length)
    assert.deepEqual(
      answers.filter(({ problems }) => problems.length > 0),
      [],
    )
    assert.deepEqual(worker.names(), [])
  })
}

test('an answer of another shape is told', () => {
  const shape = { a: ['string'], 'b?': 'number', c: { each: 'texts' } } as const
  assert.deepEqual(differences(shape, { a: [1], b: 'x', c: { d: { e: 1 } } }), [
    'answer.a[0] is number, not string',
    'answer.b is string, not number',
    'answer.c.d.e is number, not string',
  ])
})
