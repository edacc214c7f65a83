import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { serdes } from '@millrace/contracts'
import { partitionForKey } from '@millrace/protocol'
import type { PartitionResult, ReadOnlyStore, StateQuery } from '@millrace/streams'
import { answerQuery } from '@millrace/streams/internal'
import { startGateway } from './gateway.ts'
import { renderMetrics } from './routes/metrics.ts'
import type { ReadOptions, StateProvider } from './state-provider.ts'

const partitionCount = 4

type Place = ReturnType<StateProvider['metadata']>
const here: Place = { isLocal: true, host: undefined, standbyHosts: [] }

/** Key-value and window state held in maps, split over instances by partition as a running application would. */
class MapState implements StateProvider {
  readonly rows = new Map<string, number>()
  readonly places: (partition: number) => Place
  /** How the partitions were asked. */
  readonly asked: ReadOptions[] = []

  constructor(places: (partition: number) => Place) {
    this.places = places
  }

  stores() {
    return [
      {
        name: 'totals',
        application: 'shop',
        kind: 'keyValue' as const,
        keySerde: serdes.string,
        valueSerde: serdes.json(),
      },
    ]
  }

  partitions() {
    return partitionCount
  }

  partitionOf(_: string, keyBytes: Uint8Array) {
    return partitionForKey(keyBytes, partitionCount)
  }

  metadata(_: string, partition: number) {
    return this.places(partition)
  }

  ask(store: string, partition: number, query: StateQuery, options: ReadOptions): PartitionResult<unknown> {
    this.asked.push(options)
    const { isLocal } = this.places(partition)
    if (!isLocal) return { ok: false, reason: 'notPresent', error: new Error('elsewhere') }
    const result = answerQuery({ name: store }, this.view(partition), query)
    return { ok: true, result, position: { order: { [partition]: 7 } }, role: 'active', checkpoint: 3 }
  }

  resolveBound: StateProvider['resolveBound'] = (_, bound) => Promise.resolve(bound)

  lags: StateProvider['lags'] = () => Promise.resolve([])

  changes(): never {
    throw new Error('nothing changes')
  }

  view(partition: number): ReadOnlyStore {
    const rows = [...this.rows]
      .filter(([key]) => partitionForKey(Buffer.from(key), partitionCount) === partition)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    const entries = rows.map(([key, value]) => ({ key, value, timestamp: 1 }))
    return {
      kind: 'keyValue',
      get: (key) => entries.find((entry) => entry.key === key),
      range: ({ from, to, limit, reverse }) =>
        (reverse ? entries.toReversed() : entries)
          .filter(
            ({ key }) => (from === undefined || key >= (from as string)) && (to === undefined || key <= (to as string)),
          )
          .slice(0, limit),
      all: () => entries,
    }
  }
}

const keys = Array.from({ length: 50 }, (_, i) => `customer-${String(i).padStart(2, '0')}`)

async function twoInstances(stored: readonly string[] = keys) {
  const hosts = ['', '']
  const state = [0, 1].map(
    (self) =>
      new MapState((partition) =>
        partition % 2 === self ? here : { isLocal: false, host: hosts[1 - self] as string, standbyHosts: [] },
      ),
  )
  const gateways = await Promise.all(
    state.map((provider) =>
      startGateway({ state: [provider], metrics: [], health: [], connectors: () => [] }, { port: 0 }),
    ),
  )
  gateways.forEach((gateway, self) => {
    hosts[self] = gateway.address
  })
  stored.forEach((key, i) => {
    const owner = partitionForKey(Buffer.from(key), partitionCount) % 2
    state[owner]?.rows.set(key, i)
  })
  return gateways
}

test('either instance answers for every key', async () => {
  const gateways = await twoInstances()
  for (const [i, key] of keys.entries()) {
    for (const { url } of gateways) {
      const response = await fetch(`${url}/stores/totals/${key}`)
      assert.deepEqual(await response.json(), { key, value: i, timestamp: 1 })
    }
  }
  await Promise.all(gateways.map((gateway) => gateway.close()))
})

test('keys that a URL would drop from its path are asked for behind the question mark, of either instance', async () => {
  const gateways = await twoInstances(['.', '..', ''])
  for (const { url } of gateways) {
    for (const [i, key] of ['.', '..', ''].entries()) {
      const response = await fetch(`${url}/stores/totals?key=${key}`)
      assert.deepEqual(await response.json(), { key, value: i, timestamp: 1 })
    }
  }
  await Promise.all(gateways.map((gateway) => gateway.close()))
})

test('a range is complete, ordered by key, and pages through both instances', async () => {
  const gateways = await twoInstances()
  const seen: string[] = []
  let next: string | undefined
  do {
    const query = new URLSearchParams({ limit: '7', ...(next !== undefined && { from: next }) })
    const page = (await (await fetch(`${gateways[0]?.url}/stores/totals?${query}`)).json()) as {
      entries: { key: string }[]
      next?: string
    }
    assert.ok(page.entries.length <= 7)
    seen.push(...page.entries.map((entry) => entry.key))
    next = page.next
  } while (next !== undefined)
  assert.deepEqual(seen, keys)
  await Promise.all(gateways.map((gateway) => gateway.close()))
})

test('a key without an entry, an unknown store and an unknown path say so', async () => {
  const [gateway, other] = await twoInstances()
  for (const [path, code] of [
    ['/stores/totals/nobody', 'KEY_NOT_FOUND'],
    ['/stores/nothing/x', 'STORE_NOT_FOUND'],
    ['/nothing', 'GATEWAY_NOT_FOUND'],
  ]) {
    const response = await fetch(`${gateway?.url}${path}`)
    assert.equal(response.status, 404)
    const body = (await response.json()) as { code: string; remedy: string }
    assert.equal(body.code, code)
    assert.notEqual(body.remedy, '')
  }
  await Promise.all([gateway?.close(), other?.close()])
})

test('an owner that does not answer is 503 with a time to retry after, and a garbled parameter is 400', async () => {
  const [gateway, other] = await twoInstances()
  await other?.close()
  const key = keys.find((candidate) => partitionForKey(Buffer.from(candidate), partitionCount) % 2 === 1)
  const lost = await fetch(`${gateway?.url}/stores/totals/${key}`)
  assert.equal(lost.status, 503)
  assert.equal(lost.headers.get('retry-after'), '1')
  assert.equal((await fetch(`${gateway?.url}/stores/totals?limit=many`)).status, 400)
  await gateway?.close()
})

test('what another server sends that has the port now is no partition without rows', async () => {
  let body = ''
  const other = createServer((_, response) => void response.end(body)).listen(0, '127.0.0.1')
  await once(other, 'listening')
  const host = `127.0.0.1:${(other.address() as AddressInfo).port}`
  const state = new MapState((partition) => (partition === 0 ? here : { isLocal: false, host, standbyHosts: [] }))
  const gateway = await startGateway({ state: [state], metrics: [], health: [], connectors: () => [] }, { port: 0 })
  const far = keys.find((key) => partitionForKey(Buffer.from(key), partitionCount) !== 0)
  for (body of ['{}', 'null', '5', '[]', '{"entries":5}', '{"entries":[null]}', '{"entries":[{"key":5}]}']) {
    for (const path of ['/stores/totals', `/stores/totals/${far}`]) {
      const response = await fetch(`${gateway.url}${path}`)
      assert.equal(response.status, 503, `${body} at ${path}`)
      assert.equal(((await response.json()) as { code: string }).code, 'STATE_UNAVAILABLE')
    }
  }
  await gateway.close()
  other.close()
})

test('a port in use is named', async () => {
  const content = { state: [], metrics: [], health: [], connectors: () => [] }
  const first = await startGateway(content, { port: 0 })
  const port = Number(first.address.split(':')[1])
  await assert.rejects(startGateway(content, { port }), { code: 'GATEWAY_PORT_IN_USE' })
  await first.close()
})

test('liveness and readiness follow the checks', async () => {
  let waiting: string | undefined = 'restoring 3 stores'
  const gateway = await startGateway(
    {
      state: [],
      metrics: [],
      connectors: () => [],
      health: [{ name: 'shop', waitingFor: () => waiting, isAlive: () => true }],
    },
    { port: 0 },
  )
  assert.equal((await fetch(`${gateway.url}/livez`)).status, 200)
  assert.equal((await fetch(`${gateway.url}/readyz`)).status, 503)
  waiting = undefined
  assert.equal((await fetch(`${gateway.url}/readyz`)).status, 200)
  await gateway.close()
})

test('samples of one metric stand together and labels are escaped', () => {
  const sample = { name: 'lag', type: 'gauge' as const, help: 'Records behind', value: 1 }
  assert.equal(
    renderMetrics([
      { ...sample, labels: { topic: 'a"b' } },
      { ...sample, name: 'up', help: 'Up', labels: {} },
      { ...sample, labels: { topic: 'c' } },
    ]),
    '# HELP lag Records behind\n# TYPE lag gauge\nlag{topic="a\\"b"} 1\nlag{topic="c"} 1\n# HELP up Up\n# TYPE up gauge\nup 1\n',
  )
})
