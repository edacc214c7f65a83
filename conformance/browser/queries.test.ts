// A page in a real browser asks a gateway of another origin for a key, a range and changes: what the browser's own rules about
// origins, preflights and streams make of the client and of the gateway.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { appState, type StateProvider, startGateway } from '@millrace/gateway'
import { kafkaClient } from '@millrace/kafka'
import { boundOf, startStreams, type Topology, topology } from '@millrace/streams'
import { browserMissing, openPage } from './chromium.ts'
import { servePages } from './page-server.ts'

const payment = topic('payment', { key: serdes.string, value: serdes.json<number>() })
const token = 'swordfish'

function sums(): Topology {
  const app = topology('sums')
  app
    .stream(payment)
    .groupByKey()
    .reduce((total: number, amount) => total + amount, { store: 'totals' })
  return app
}

test('a page of an allowed origin reads a key, a range and changes', { skip: browserMissing() }, async () => {
  await using broker = await startBroker({ memory: true, config: { 'group.initial.rebalance.delay.ms': '0' } })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: payment.name, partitions: 2, config: { 'retention.ms': '-1' } }])
  await using producer = client.producer({ lingerMs: 0 })
  const pay = (key: string, value: number) =>
    producer.send({ topic: payment.name, key: Buffer.from(key), value: Buffer.from(String(value)) })
  await using pages = await servePages()
  const state: StateProvider[] = []
  const content = { state, metrics: [], health: [], connectors: () => [] }
  await using gateway = await startGateway(content, { port: 0, token, origins: [pages.origin] })
  await using open = await startGateway(content, { port: 0, origins: ['*'] })
  await using closed = await startGateway(content, { port: 0, token, origins: ['https://elsewhere.example'] })
  await using streams = await startStreams({ topology: sums, brokers: broker.brokers, stateDir: 'memory' })
  state.push(appState(streams))
  const written = [await pay('alice', 3), await pay('bob', 4), await pay('carol', 5), await pay('dave', 6)]
  const bound = boundOf(written.map((position) => ({ topic: payment.name, ...position })))
  while (streams.state() !== 'running') await new Promise((resolve) => setTimeout(resolve, 20))
  for (const name of ['alice', 'bob', 'carol', 'dave']) {
    const { partition } = streams.queries.metadataForKey('totals', name)
    const answer = await streams.queries.askPartition(
      'totals',
      partition,
      { type: 'key', on: 'keyValue', key: name },
      { bound, waitMs: 10_000 },
    )
    assert.ok(answer.ok)
  }

  const args = { gateway: gateway.url, open: open.url, closed: closed.url, token }
  await using _ = openPage(pages.page('conformance/browser/state-page.ts', args))
  const failed = pages.told('failed').then((error) => assert.fail(String(error)))
  const slow = new Promise<never>((_, reject) => setTimeout(reject, 60_000, new Error('the page is silent')).unref())
  const told = (name: string): Promise<unknown> => Promise.race([pages.told(name), failed, slow])
  assert.deepEqual(await told('key'), [3, null])
  assert.deepEqual(await told('range'), [
    ['alice', 3],
    ['bob', 4],
    ['carol', 5],
  ])
  assert.deepEqual(await told('refused'), {
    wrongToken: 'GATEWAY_UNAUTHORIZED',
    // The browser keeps the answer from the page, which sees a request that failed.
    otherOrigin: 'QUERY_UNAVAILABLE',
  })
  assert.deepEqual(await told('live'), ['reset', ['row', 'alice', 3]])
  const event = (await told('event')) as { key: string; value: number }
  assert.deepEqual([event.key, event.value], ['bob', 4])
  await pay('bob', 1)
  await pay('alice', 10)
  assert.deepEqual(await told('changes'), ['reset', ['row', 'alice', 3], ['change', 'alice', 13]])
})
