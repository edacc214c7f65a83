// The REST APIs of Kafka Connect and of Millrace, asked the same.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { type Broker, startBroker } from '@millrace/broker'
import { builtInPlugins, ConnectWorker } from '@millrace/connect/internal'
import { type Gateway, startGateway } from '@millrace/gateway'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { apacheKafkaUnavailable } from '../../kafka/apache-kafka.ts'
import { replayedClass } from '../consoles/replay.ts'
import { JavaWorker, workerProperties } from './java-worker.ts'

interface ConfigKey {
  readonly name: string
  readonly documentation?: string
  readonly display_name?: string
  readonly order?: number
  readonly order_in_group?: number
  readonly dependents?: readonly string[]
}

describe('REST APIs of Kafka Connect and Millrace', { skip: apacheKafkaUnavailable() ?? false }, () => {
  let broker: Broker
  let client: KafkaClient
  let worker: ConnectWorker
  let gateway: Gateway
  let java: JavaWorker

  before(async () => {
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
    worker = await ConnectWorker.start({ client, plugins: builtInPlugins, groupId: 'ours' })
    const content = { state: [], metrics: [], health: [], connectors: () => [], connect: () => worker }
    gateway = await startGateway(content, { port: 0 })
    java = await JavaWorker.start(workerProperties(broker.brokers, 'theirs'))
  })

  after(async () => {
    await java?.[Symbol.asyncDispose]()
    await gateway?.close()
    await worker?.close()
    await client?.close()
    await broker?.close()
  })

  test('define what all sources have in common alike', async () => {
    const keys = async (url: string): Promise<Map<string, object>> => {
      const path = `/connector-plugins/${replayedClass}/config`
      const answer = (await (await fetch(url + path)).json()) as ConfigKey[]
      // What people read is ours.
      const compared = answer.map(
        ({ documentation, display_name, order, order_in_group, dependents, ...key }) => [key.name, key] as const,
      )
      return new Map(compared)
    }
    const [theirs, ours] = await Promise.all([keys(java.url), keys(gateway.url)])
    const different = [...theirs].filter(([name, key]) => !isDeepStrictEqual(ours.get(name), key))
    assert.deepEqual(
      different.map(([name, key]) => [key, ours.get(name)]),
      [],
    )
    const more = [...ours.keys()].filter((name) => !theirs.has(name))
    assert.deepEqual(more.sort(), [
      'errors.deadletterqueue.context.headers.enable',
      'errors.deadletterqueue.topic.name',
      'errors.deadletterqueue.topic.replication.factor',
      'producer.override.compression.type',
    ])
  })

  test('refuse with the same statuses', async () => {
    const requests: readonly [string, string, string?][] = [
      ['GET', '/connectors/nobody'],
      ['GET', '/connectors/nobody/status'],
      ['GET', '/connectors/nobody/config'],
      ['GET', '/connectors/nobody/tasks'],
      ['PUT', '/connectors/nobody/pause'],
      ['PUT', '/connectors/nobody/stop'],
      ['POST', '/connectors/nobody/restart'],
      ['DELETE', '/connectors/nobody'],
      ['GET', '/connectors/nobody/offsets'],
      ['DELETE', '/connectors/nobody/offsets'],
      ['POST', '/connectors', '{'],
      ['POST', '/connectors', JSON.stringify({ name: 'a', config: { 'connector.class': replayedClass } })],
      ['POST', '/connectors', JSON.stringify({ name: 'a', config: { name: 'b', 'connector.class': replayedClass } })],
      ['POST', '/connectors', JSON.stringify({ name: 'a', config: {}, initial_state: 'FLYING' })],
      ['PUT', '/connectors/a/config', '{"name": "b"}'],
      ['PUT', `/connector-plugins/${replayedClass}/config/validate`, '{"connector.class": "Other"}'],
      ['GET', '/admin/loggers/nothing.of.that.name.ever'],
      ['PUT', '/admin/loggers/root', '{"level": "LOUD"}'],
      ['PUT', '/admin/loggers/root', '{}'],
    ]
    const ask = async (url: string): Promise<unknown[][]> => {
      const answers: unknown[][] = []
      for (const [method, path, body] of requests) {
        const headers = { 'content-type': 'application/json' }
        const response = await fetch(url + path, { method, ...(body !== undefined && { body, headers }) })
        const text = await response.text()
        const { error_code } = (text.startsWith('{') ? JSON.parse(text) : {}) as { error_code?: number }
        answers.push([method, path, body, response.status, error_code])
      }
      return answers
    }
    // Of what cannot be read it says that it has failed itself, and of any logger's name the level of the root.
    const better: Record<string, [status: number, code: number]> = {
      '/connectors {': [400, 400],
      '/connectors {"name":"a","config":{},"initial_state":"FLYING"}': [400, 400],
      '/admin/loggers/nothing.of.that.name.ever undefined': [404, 404],
      '/admin/loggers/root {"level": "LOUD"}': [404, 404],
    }
    const expected = (await ask(java.url)).map(([method, path, body, ...answer]) => [
      method,
      path,
      body,
      ...(better[`${path} ${body}`] ?? answer),
    ])
    assert.deepEqual(await ask(gateway.url), expected)
  })
})
