// The programs of docs/guides/own-connectors.md, run: the last test finds each of them in this file.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { MillraceError } from '@millrace/base'
import { type Broker, startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import { type ConnectorPlugin, configDef, nonEmpty, type SourceConnector } from '../src/index.ts'
import { builtInPlugins, withPlugins } from '../src/plugins.ts'
import { ConnectWorker } from '../src/runtime/worker/connect-worker.ts'
import { pluginContext, registerSourceTests, type SourceSubject } from '../src/testing.ts'
import { eventually, readTopic } from './support/topic-reader.ts'

const definition = configDef({
  'feed.url': { type: 'string', valid: nonEmpty, importance: 'high', doc: 'Where the feed is.' },
  'feed.size': { type: 'int', default: 100, importance: 'low', doc: 'Entries per request.' },
  topic: { type: 'string', valid: nonEmpty, importance: 'high', doc: 'Topic of the entries.' },
})

export const feedSource: ConnectorPlugin = {
  classNames: ['example.FeedSourceConnector'],
  type: 'source',
  version: '1.0.0',
  configDef: definition,
  create: (properties, { name }) => {
    const { 'feed.url': url, 'feed.size': size, topic } = definition.parse(name, properties) // string, number, string
    return {
      kind: 'source',
      name,
      topics: [],
      newTopic: (topicName) => ({ name: topicName, partitions: 3 }),
      partition: { url },
      open: async ({ position, signal }) => {
        let after = Number(position?.after ?? 0)
        return {
          pull: async (output, maxWaitMs) => {
            for (const entry of await read(`${url}?after=${after}&size=${size}&waitMs=${maxWaitMs}`, signal)) {
              if (output.isFull) break
              output.record({
                topic,
                partition: undefined,
                timestampMs: entry.time,
                key: { schema: undefined, value: entry.id },
                value: { schema: undefined, value: entry },
                headers: [],
              })
              after = entry.number
            }
            return output.records > 0 ? { position: { version: 1, after }, transaction: 'commit' } : undefined
          },
          commit: async () => {},
          figures: () => ({ lagBytes: undefined, lastEventMs: undefined }),
          close: async () => {},
        }
      },
    }
  },
}

export type Entry = { readonly id: string; readonly number: number; readonly time: number }

async function read(url: string, signal: AbortSignal): Promise<Entry[]> {
  try {
    const response = await fetch(url, { signal })
    if (response.ok) return (await response.json()) as Entry[]
    throw new Error(`status ${response.status}`)
  } catch (cause) {
    // It passes: the source waits and is opened anew.
    const remedy = 'Nothing, if the feed comes back.'
    throw new MillraceError('FEED_AWAY', `${url}: ${cause}`, { retriable: true, remedy, cause })
  }
}

/** A feed, how to add entries to it, and how to tell them apart. */
class FeedSubject implements SourceSubject {
  readonly topic = `feed-${++feeds}`
  readonly #entries: Entry[] = []
  isAway = false
  readonly #server = createServer(async ({ url }, response) => {
    if (this.isAway) return void response.writeHead(503).end()
    const asked = new URL(url ?? '', 'http://feed').searchParams
    const next = (): Entry[] => this.#entries.slice(Number(asked.get('after'))).slice(0, Number(asked.get('size')))
    const deadline = Date.now() + Number(asked.get('waitMs'))
    while (next().length === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
    response.end(JSON.stringify(next()))
  })

  static async open(): Promise<FeedSubject> {
    const subject = new FeedSubject()
    await new Promise<void>((resolve) => subject.#server.listen(0, '127.0.0.1', resolve))
    return subject
  }

  get properties() {
    const { port } = this.#server.address() as AddressInfo
    return { 'feed.url': `http://127.0.0.1:${port}/`, topic: this.topic }
  }

  connector(): SourceConnector {
    const context = pluginContext({ name: this.topic, client: client() })
    return feedSource.create(this.properties, context) as SourceConnector
  }

  async emit(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#entries.push({ id, number: this.#entries.length + 1, time: 1_700_000_000_000 })
  }

  idOf(value: string): string {
    return (JSON.parse(value) as Entry).id
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

let feeds = 0
let broker: Broker
before(async () => {
  broker = await startBroker({ memory: true })
})
after(() => broker?.close())
const client = () => kafkaClient({ brokers: broker.brokers })

registerSourceTests('the feed', {
  client,
  subject: () => FeedSubject.open(),
})

test('the feed answers to its class in a worker, and an outage is waited for', async () => {
  await using subject = await FeedSubject.open()
  await using kafka = client()
  const plugins = withPlugins(builtInPlugins, { connectors: [feedSource] })
  await using worker = await ConnectWorker.start({ client: kafka, plugins, storage: 'memory' })
  await assert.rejects(
    worker.create('feed', { ...subject.properties, 'feed.sice': '1', 'connector.class': 'FeedSource' }),
    {
      code: 'CONNECT_CONFIG_INVALID',
      message: /feed\.sice \(did you mean feed\.size\?\)/,
    },
  )
  subject.isAway = true
  await subject.emit(['a', 'b'])
  await worker.create('feed', {
    ...subject.properties,
    'connector.class': 'FeedSource',
    'errors.retry.delay.max.ms': '20',
  })
  await eventually('the reason', () => (worker.details('feed')?.error?.code === 'FEED_AWAY' ? true : undefined))
  subject.isAway = false
  const values = await eventually('the entries', async () => {
    const read = await readTopic(kafka, subject.topic).catch(() => [])
    return read.length >= 2 ? read.map(({ value }) => subject.idOf(value ?? '')) : undefined
  })
  assert.deepEqual(values.sort(), ['a', 'b'])
})

test('an address where nobody listens is told', async () => {
  await using kafka = client()
  const plugins = withPlugins(builtInPlugins, { connectors: [feedSource] })
  await using worker = await ConnectWorker.start({ client: kafka, plugins, storage: 'memory' })
  const nobody = { 'feed.url': 'http://127.0.0.1:2/', topic: 'nobody', 'connector.class': 'FeedSource' }
  await worker.create('nobody', nobody)
  const message = await eventually('the reason', () => worker.details('nobody')?.error?.message)
  assert.match(message, /fetch failed: .*(ECONNREFUSED|bad port)/)
})

test('the programs of the guide are those of this file', () => {
  // Imports are the packages' own, and lines break where they are longest.
  const normal = (text: string): string => text.replace(/\s+/g, '')
  const guide = readFileSync(new URL('../../../docs/guides/own-connectors.md', import.meta.url), 'utf8')
  const here = normal(readFileSync(new URL(import.meta.url), 'utf8'))
  const blocks = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block!)
  assert.equal(blocks.length, 2)
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => !line.startsWith('import '))
  for (const line of lines) assert.ok(here.includes(normal(line)), line)
})
