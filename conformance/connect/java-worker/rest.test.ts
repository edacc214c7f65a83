// The REST APIs of Kafka Connect and of Millrace, asked the same.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
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
    // Theirs reads standard input without a file, and names its own version.
    const own = new Set(['file', 'connector.plugin.version'])
    const different = [...theirs].filter(([name, key]) => !own.has(name) && !isDeepStrictEqual(ours.get(name), key))
    assert.deepEqual(
      different.map(([name, key]) => [key, ours.get(name)]),
      [],
    )
    // Theirs takes overrides of its clients without saying which there are.
    const more = [...ours.keys()].filter((name) => !theirs.has(name) && !name.startsWith('producer.override.'))
    assert.deepEqual(more.sort(), [
      'errors.deadletterqueue.context.headers.enable',
      'errors.deadletterqueue.topic.name',
      'errors.deadletterqueue.topic.replication.factor',
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
      [
        'PATCH',
        '/connectors/nobody/offsets',
        '{"offsets": [{"partition": {"filename": "a"}, "offset": {"position": 1}}]}',
      ],
      ['PATCH', '/connectors/nobody/config', '{}'],
      ['PUT', '/connectors/nobody/resume'],
      ['GET', '/connectors/nobody/topics'],
      ['GET', '/connectors/nobody/tasks/0/status'],
      ['POST', '/connectors/nobody/tasks/0/restart'],
      ['POST', '/connectors/nobody/restart?includeTasks=true&onlyFailed=true'],
      ['GET', '/connector-plugins/Nope/config'],
      ['PUT', '/connector-plugins/Nope/config/validate', '{}'],
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
    // Of what cannot be read it says that it has failed itself, also of a plugin that is not there; of any logger's name the
    // level of the root, and of a connector that is not there its topics.
    const better: Record<string, [status: number, code: number]> = {
      '/connectors {': [400, 400],
      '/connectors/nobody/topics undefined': [404, 404],
      '/connector-plugins/Nope/config/validate {}': [404, 404],
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

  test('answer the same through the life of a connector', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rest-'))
    const file = join(folder, 'lines.txt')
    await writeFile(file, 'a\nb\n')
    const config = { 'connector.class': replayedClass, file, topic: 'life' }
    const steps: readonly (readonly [method: string, path: string, body?: unknown, wait?: string])[] = [
      ['POST', '', { name: 'life', config }, 'RUNNING'],
      ['POST', '', { name: 'life', config }],
      ['GET', '?expand=status&expand=info'],
      ['GET', '/life'],
      ['GET', '/life/status'],
      ['GET', '/life/tasks'],
      ['GET', '/life/tasks/0/status'],
      ['GET', '/life/tasks/9/status'],
      ['POST', '/life/tasks/9/restart'],
      ['GET', '/life/topics'],
      ['PATCH', '/life/offsets', { offsets: [{ partition: { filename: file }, offset: { position: 2 } }] }],
      ['DELETE', '/life/offsets'],
      ['POST', '/life/restart?onlyFailed=true'],
      ['POST', '/life/restart?includeTasks=true', undefined, 'RUNNING'],
      ['POST', '/life/restart', undefined, 'RUNNING'],
      ['POST', '/life/tasks/0/restart', undefined, 'RUNNING'],
      ['PUT', '/life/pause', undefined, 'PAUSED'],
      ['PUT', '/life/pause'],
      ['PUT', '/life/stop', undefined, 'STOPPED'],
      ['GET', '/life/status'],
      ['GET', '/life/tasks'],
      ['GET', '/life/offsets'],
      ['PATCH', '/life/offsets', {}],
      ['PATCH', '/life/offsets', { offsets: [] }],
      ['PATCH', '/life/offsets', { offsets: [{ partition: { filename: file }, offset: { position: 2 } }] }],
      ['GET', '/life/offsets'],
      ['DELETE', '/life/offsets'],
      ['GET', '/life/offsets'],
      ['PATCH', '/life/config', { 'tasks.max': '1', 'batch.size': '7' }],
      ['PATCH', '/life/config', { 'batch.size': null }],
      ['PUT', '/life/config', { ...config, 'batch.size': 'many' }],
      ['PUT', '/life/config', config],
      ['PUT', '/life/topics/reset'],
      ['PUT', '/life/resume', undefined, 'RUNNING'],
      ['DELETE', '/life'],
      ['DELETE', '/life'],
    ]
    const live = async (url: string): Promise<unknown[][]> => {
      const answers: unknown[][] = []
      for (const [method, path, body, wait] of steps) {
        answers.push([method, path, ...(await asked(method, `${url}/connectors${path}`, body))])
        if (wait !== undefined) await reached(url, wait)
      }
      return answers
    }
    try {
      const [created, ...theirs] = await live(java.url)
      const [ours, ...rest] = await live(gateway.url)
      assert.deepEqual(rest, theirs)
      // Theirs finds out later which tasks there are.
      const tasks = [{ connector: 'life', task: 0 }]
      assert.deepEqual(ours, [...created!.slice(0, -1), { ...(created!.at(-1) as object), tasks }])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

/** Status and body, without what differs by its nature: who ran it, and how an error is worded. */
async function asked(method: string, url: string, body: unknown): Promise<unknown[]> {
  for (;;) {
    const response = await fetch(url, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    const answer: unknown =
      text === '' ? undefined : JSON.parse(text, (key, value) => (own.has(key) ? undefined : value))
    // Theirs refuses while it rebalances.
    const isBusy = response.status === 409 && /rebalance/.test(text)
    if (!isBusy) return [response.status, answer]
    await delay(100)
  }
}

const own = new Set(['worker_id', 'version', 'message', 'code', 'remedy', 'task.class'])

async function reached(url: string, state: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; await delay(50)) {
    const response = await fetch(`${url}/connectors/life/status`)
    const { connector, tasks = [] } = (await response.json()) as {
      connector?: { state: string }
      tasks?: { state: string }[]
    }
    const states = [connector?.state, ...tasks.map((task) => task.state)]
    if (states.every((each) => each === state) && (state === 'STOPPED' || tasks.length > 0)) return
    if (Date.now() > deadline) throw new Error(`${url} never was ${state}: ${states}`)
  }
}
