// What a worker's tasks have committed is read in the thread that answers queries: at once, and never behind what it says
// it reflects.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  boundOf,
  keyQuery,
  multiVersionedKeyQuery,
  type PartitionResult,
  queryable,
  rangeQuery,
  type StalenessBound,
  type StartStreamsOptions,
  type StateQuery,
  type StreamsInstance,
  sessionKeyQuery,
  sessionRangeQuery,
  startStreams,
  versionedKeyQuery,
  windowKeyQuery,
  windowRangeQuery,
} from '@millrace/streams'
import { waitUntil } from './support/kafka.ts'
import { answered, type QuerySetup, startQuerySetup } from './support/query-setup.ts'
import { price, tick, ticks } from './support/ticks-app.ts'

const counts = queryable.keyValue('count', ticks)
const perMinute = queryable.window('per-minute', ticks)

let setup: QuerySetup
let written = 0
/** Ticks of other keys among them. */
let others = 0

before(async () => {
  setup = await startQuerySetup([tick, price], 1)
})
after(() => setup?.[Symbol.asyncDispose]())

function start(name: string, options: Partial<StartStreamsOptions> = {}): Promise<StreamsInstance> {
  return startStreams({
    topology: new URL('./support/ticks-app.ts', import.meta.url),
    applicationId: name,
    brokers: setup.broker.brokers,
    stateDir: join(setup.directory, name),
    workers: true,
    commitIntervalMs: 10,
    ...options,
  })
}

async function write(count: number): Promise<number> {
  const sent = Array.from({ length: count }, () =>
    setup.producer.send({ topic: tick.name, key: Buffer.from('a'), value: Buffer.from('tick'), timestamp: 1_000 }),
  )
  written += count
  return (await Promise.all(sent)).at(-1)!.offset
}

test('an answer shows at least what its position says, while the worker commits', async () => {
  await using streams = await start('at-full-rate')
  let offset = await write(1)
  await waitUntil(() => streams.state() === 'running')
  const ending = new AbortController()
  const writing = (async () => {
    while (!ending.signal.aborted) offset = await write(500)
  })()
  let last = 0
  const seen = new Set<number>()
  const endMs = Date.now() + 1_500
  while (Date.now() < endMs || (seen.size <= 10 && Date.now() < endMs + 20_000)) {
    // Some of the answers of one turn are read before the worker's message is, and some after.
    for (let i = 0; i < 20; i++) {
      const answer = streams.queries.askPartition('count', 0, keyQuery('a'))
      assert.ok(!(answer instanceof Promise), 'the worker is not waited for')
      const { result = 0, position } = answered(answer as PartitionResult<number | undefined>)
      assert.ok(result >= (position[tick.name]?.[0] ?? -1) + 1, `${result} is behind ${JSON.stringify(position)}`)
      assert.ok(result >= last, `${result} is older than ${last}`)
      last = result
      seen.add(result)
      await Promise.resolve()
    }
    await new Promise(setImmediate)
  }
  ending.abort()
  await writing
  assert.ok(seen.size > 10, `${seen.size} commits were seen`)
  const bound = boundOf([{ topic: tick.name, partition: 0, offset }])
  const { partitions } = await streams.queries.query(counts, keyQuery('a'), { bound, waitMs: 10_000 })
  assert.equal(answered(partitions.get(0)).result, written)
  assert.equal(streams.queries.get('count', 'a')?.value, written)
  assert.deepEqual(
    streams.queries.range('count').map(({ key, value }) => [key, value]),
    [['a', written]],
  )
})

test('what is not committed is the worker’s to show', async () => {
  await using streams = await start('slow', { commitIntervalMs: 600_000 })
  await write(1)
  const ask = async (isolation: 'committed' | 'uncommitted'): Promise<unknown> => {
    const { partitions } = await streams.queries.query(counts, rangeQuery(), { isolation })
    const answer = partitions.get(0)
    return answer?.ok ? answer.result : []
  }
  await waitUntil(
    async () => JSON.stringify(await ask('uncommitted')) === JSON.stringify([{ key: 'a', value: written }]),
  )
  assert.deepEqual(await ask('committed'), [])
  const windows = await streams.queries.query(perMinute, windowKeyQuery('a'), { isolation: 'uncommitted' })
  assert.deepEqual(
    answered(windows.partitions.get(0)).result.map(({ start: from, value }) => [from, value]),
    [[0, written]],
  )
  assert.deepEqual(streams.queries.windowFetchAll('per-minute', { fromMs: 0, toMs: 1 }), [])
})

/** Without waiting for the thread that has the state: what it answers is no promise. */
function askedAtOnce<R>(streams: StreamsInstance, store: string, query: StateQuery, standby?: StalenessBound): R {
  const answer = streams.queries.askPartition(store, 0, query, standby && { standby })
  assert.ok(!(answer instanceof Promise), `${store} is asked of the worker`)
  return answered(answer as PartitionResult<R>).result
}

test('windows, sessions and versions are read where the question is', async () => {
  await using streams = await start('kinds')
  await waitUntil(() => streams.state() === 'running')
  for (const [value, timestamp] of [
    ['one', 1_000],
    ['two', 2_000],
  ] as const) {
    await setup.producer.send({ topic: price.name, key: Buffer.from('p'), value: Buffer.from(value), timestamp })
  }
  const bound = boundOf([{ topic: tick.name, partition: 0, offset: await write(1) }])
  await streams.queries.query(counts, keyQuery('a'), { bound, waitMs: 20_000 })
  await waitUntil(() => askedAtOnce(streams, 'prices', versionedKeyQuery('p')) !== undefined)
  type Spans = { start: number; end: number; value: number }[]
  const rows = (found: Spans) => found.map(({ start: from, end, value }) => [from, end, value])
  for (const query of [windowKeyQuery('a'), windowRangeQuery()]) {
    assert.deepEqual(rows(askedAtOnce<Spans>(streams, 'per-minute', query)), [[0, 60_000, written]])
  }
  for (const query of [sessionKeyQuery('a'), sessionRangeQuery()]) {
    assert.deepEqual(rows(askedAtOnce<Spans>(streams, 'visits', query)), [[1_000, 1_000, written]])
  }
  assert.deepEqual(streams.queries.windowFetch('per-minute', 'a', { fromMs: 0, toMs: 1 }).length, 1)
  assert.deepEqual(streams.queries.sessionFetch('visits', 'a').length, 1)
  type Versions = { value: string; timestamp: number }[]
  const versions = askedAtOnce<Versions>(streams, 'prices', multiVersionedKeyQuery('p'))
  assert.deepEqual(
    versions.map(({ value, timestamp }) => [value, timestamp]),
    [
      ['two', 2_000],
      ['one', 1_000],
    ],
  )
  assert.equal(askedAtOnce<Versions[0]>(streams, 'prices', versionedKeyQuery('p', 1_500)).value, 'one')
})

test('a standby copy of another thread is read where the question is, no fresher than it says', async () => {
  const options = { applicationId: 'copied', numStandbyReplicas: 1 }
  await using one = await start('copied-1', { ...options, applicationServer: 'one:1' })
  await using two = await start('copied-2', { ...options, applicationServer: 'two:1' })
  const hasCopy = ({ queries }: StreamsInstance): boolean => {
    const answer = queries.askPartition('count', 0, keyQuery('a'), { standby: { maxLagRecords: 1_000_000 } })
    return !(answer instanceof Promise) && answer.ok && answer.role === 'standby'
  }
  // Which of the two has it is only settled when both are at rest.
  await waitUntil(() => [one, two].some(hasCopy))
  const copy = hasCopy(one) ? one : two
  for (let i = 0; i < 10; i++) {
    const bound = boundOf([{ topic: tick.name, partition: 0, offset: await write(3) }])
    const { partitions } = await copy.queries.query(counts, keyQuery('a'), { bound, standby: {}, waitMs: 20_000 })
    const answer = answered(partitions.get(0))
    assert.equal(answer.role, 'standby')
    assert.equal(answer.result, written - others)
    const windows = await copy.queries.query(perMinute, windowKeyQuery('a'), { bound, standby: {}, waitMs: 20_000 })
    assert.equal(answered(windows.partitions.get(0)).result.length, 1)
  }
  askedAtOnce(copy, 'visits', sessionKeyQuery('a'), { maxLagRecords: 1_000_000 })
  await waitUntil(async () => (await copy.queries.lags()).every(({ offsetLag }) => offsetLag === 0))
  const { partitions } = await copy.queries.query(counts, keyQuery('a'), {
    standby: { maxStalenessMs: 1 },
    waitMs: 20_000,
  })
  const fresh = partitions.get(0)
  assert.ok(fresh?.ok ? fresh.result === written - others : fresh?.reason === 'tooStale')
})

test('windows that the worker has let go by time are no longer shown, and its tables serve the next', async () => {
  await using streams = await start('expiring')
  await waitUntil(() => streams.state() === 'running')
  const day = 86_400_000
  const at = async (timestamp: number): Promise<number> => {
    const { offset } = await setup.producer.send({
      topic: tick.name,
      key: Buffer.from('late'),
      value: Buffer.from('tick'),
      timestamp,
    })
    others++
    written++
    const bound = boundOf([{ topic: tick.name, partition: 0, offset }])
    const { partitions } = await streams.queries.query(perMinute, windowKeyQuery('late'), { bound, waitMs: 20_000 })
    return answered(partitions.get(0)).result.length
  }
  // Each is further on than the store keeps windows: the one before goes.
  for (let i = 1; i <= 6; i++) assert.equal(await at(i * 3 * day), 1, `window ${i}`)
  assert.equal(streams.queries.windowFetchAll('per-minute', { fromMs: 0, toMs: 100 * day }).length, 1)
})

test('a store that was closed and opened again is read as it is then', async () => {
  for (const more of [1, 5]) {
    await using streams = await start('again', { threads: 1 })
    const bound = boundOf([{ topic: tick.name, partition: 0, offset: await write(more) }])
    await waitUntil(() => streams.state() === 'running')
    const { partitions } = await streams.queries.query(counts, keyQuery('a'), { bound, waitMs: 10_000 })
    assert.equal(answered(partitions.get(0)).result, written - others)
    assert.equal(streams.queries.get('count', 'a')?.value, written - others)
    if (more === 1) continue
    // The task may move to the other thread, and comes back.
    assert.equal(streams.addThread(), 2)
    assert.equal(await streams.removeThread(), 2)
    await waitUntil(() => streams.state() === 'running')
    await waitUntil(() => {
      try {
        return streams.queries.get('count', 'a')?.value === written - others
      } catch {
        return false
      }
    })
  }
})
