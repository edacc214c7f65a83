// Any instance draws the whole application: it asks the others, and says of whom it has no answer.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { ApplicationPicture, PictureTask, TopologyPicture } from '@millrace/streams'
import { type GatewayOptions, startGateway } from './gateway.ts'

interface Drawn {
  readonly name: string
  readonly task: string
  readonly records: number
  host: string
  hosts: TopologyPicture['hosts']
}

function draw({ name, task, records, host, hosts }: Drawn): TopologyPicture {
  const flow = { total: records, perSecond: records / 10 }
  const partition = Number(task.at(-1))
  const tasks: PictureTask[] = [
    {
      id: task,
      partition,
      thread: 1,
      state: 'running',
      records: flow,
      lag: 3,
      lags: [{ topic: 'order', partition, lag: 3 }],
      bufferedRecords: 0,
      restoreRemaining: 0,
    },
  ]
  const nodes = [
    { name: 'source', kind: 'source', stores: [], topics: ['order'], records: flow, latencyMs: records },
    { name: 'count', kind: 'processor', stores: ['counts'], topics: [], dropped: { [`late-${name}`]: flow } },
  ] as const
  const stores = [{ name: 'counts', changelog: 'shop-counts-changelog', cacheHits: flow }]
  const edges = [{ from: 'order', to: 'source', kind: 'read' }] as const
  return {
    version: 1,
    application: 'shop',
    instance: name,
    host,
    state: 'running',
    takenAtMs: 1_000,
    rateSeconds: 10,
    subtopologies: [{ id: 0, isGlobal: false, nodes, edges, stores, tasks }],
    topics: [{ name: 'order', kind: 'external', partitions: 3, readBy: [0], writtenBy: [], read: flow, lag: 3 }],
    joinMisses: [],
    hosts,
  }
}

async function serve(drawn: Drawn, options: GatewayOptions = {}, applicationId = 'shop') {
  const source = { applicationId, state: () => 'running', topologyPicture: () => draw(drawn) }
  const content = { state: [], metrics: [], health: [], applications: [source], connectors: () => [] }
  const gateway = await startGateway(content, { port: 0, ...options })
  drawn.host = gateway.address
  return gateway
}

const instance = (name: string, task: string, records: number): Drawn => ({ name, task, records, host: '', hosts: [] })

async function get(url: string, token?: string): Promise<unknown> {
  return (await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).json()
}

test('what instances count is added up, and tasks say whose they are', async () => {
  const [one, two, three] = [instance('one', '0_1', 100), instance('two', '0_0', 20), instance('three', '0_2', 3)]
  const options = { token: 'secret' }
  await using first = await serve(one, options)
  await using _second = await serve(two, options)
  await using third = await serve(three, options)
  const hosts = [one, two, three].map(({ host, task }) => ({ host, tasks: [task], standby: [] }))
  for (const each of [one, two, three]) each.hosts = hosts
  const path = '/streams/shop/topology'
  const own = (await get(`${first.url}${path}`, 'secret')) as TopologyPicture
  assert.equal(own.subtopologies[0]?.tasks.length, 1)
  const ofFirst = (await get(`${first.url}${path}?instances=all`, 'secret')) as ApplicationPicture
  const ofThird = (await get(`${third.url}${path}?instances=all`, 'secret')) as ApplicationPicture
  for (const [picture, order] of [
    [ofFirst, ['one', 'two', 'three']],
    [ofThird, ['three', 'one', 'two']],
  ] as const) {
    assert.equal(picture.isComplete, true)
    assert.deepEqual(
      picture.instances.map((each) => each.instance),
      order,
    )
    const [subtopology] = picture.subtopologies
    assert.deepEqual(
      subtopology?.tasks.map(({ id, instance }) => [id, instance]),
      [
        ['0_0', 'two'],
        ['0_1', 'one'],
        ['0_2', 'three'],
      ],
    )
    const [source, count] = subtopology?.nodes ?? []
    assert.deepEqual(source?.records, { total: 123, perSecond: 12.3 })
    assert.equal(source?.latencyMs, 100)
    assert.deepEqual(Object.keys(count?.dropped ?? {}).sort(), ['late-one', 'late-three', 'late-two'])
    assert.equal(subtopology?.stores[0]?.cacheHits?.total, 123)
    const [topic] = picture.topics
    assert.deepEqual([topic?.partitions, topic?.read?.total, topic?.lag], [3, 123, 9])
  }
  const refused = (await get(`${first.url}${path}?instances=some`, 'secret')) as { code: string }
  assert.equal(refused.code, 'GATEWAY_BAD_REQUEST')
})

test('who does not answer, answers late or draws another application is named, and waited for no longer than given', async () => {
  const one = instance('one', '0_1', 100)
  await using first = await serve(one, { forwardTimeoutMs: 300 })
  const dead = await serve(instance('dead', '0_0', 1))
  await dead.close()
  const silent = createServer((socket) => void socket.unref().resume()).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as { port: number }
  await using other = await serve(instance('other', '0_2', 1), {}, 'another')
  const hosts = [one.host, dead.address, `127.0.0.1:${port}`, other.address]
  one.hosts = hosts.map((host) => ({ host, tasks: [], standby: [] }))
  const startedMs = performance.now()
  const picture = (await get(`${first.url}/streams/shop/topology?instances=all`)) as ApplicationPicture
  assert.ok(performance.now() - startedMs < 2_000)
  silent.close().unref()
  assert.equal(picture.isComplete, false)
  assert.deepEqual(
    picture.instances.map(({ host, isReachable }) => [host, isReachable]),
    hosts.map((host) => [host, host === one.host]),
  )
  for (const { isReachable, reason } of picture.instances) if (!isReachable) assert.match(reason!, /127\.0\.0\.1/)
  assert.equal(picture.subtopologies[0]?.tasks.length, 1)
})

test('a picture that lacks parts spoils no other', async () => {
  const one = instance('one', '0_1', 100)
  await using first = await serve(one)
  let picture: object = {}
  const source = { applicationId: 'shop', state: () => 'running', topologyPicture: () => picture as TopologyPicture }
  const content = { state: [], metrics: [], health: [], applications: [source], connectors: () => [] }
  await using other = await startGateway(content, { port: 0 })
  one.hosts = [one.host, other.address].map((host) => ({ host, tasks: [], standby: [] }))
  const whole = { version: 1, application: 'shop' }
  for (picture of [
    whole,
    { ...whole, subtopologies: [] },
    { ...whole, subtopologies: [{ id: 0 }], topics: [], joinMisses: [] },
    { ...whole, subtopologies: [null], topics: 5, joinMisses: {} },
  ]) {
    const answer = await fetch(`${first.url}/streams/shop/topology?instances=all`)
    assert.equal(answer.status, 200, JSON.stringify(picture))
    const { isComplete, subtopologies } = (await answer.json()) as ApplicationPicture
    assert.equal(isComplete, false)
    assert.equal(subtopologies[0]?.tasks.length, 1)
  }
})
