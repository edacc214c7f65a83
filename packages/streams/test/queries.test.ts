// What typed queries promise of an instance and of a standby copy beside it, on the embedded broker.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import {
  boundOf,
  failureHandlers,
  keyQuery,
  type PartitionResult,
  queryable,
  rangeQuery,
  type StartStreamsOptions,
  type StoreLag,
  type StreamsInstance,
  sessionKeyQuery,
  startStreams,
  timestampedKeyQuery,
  topology,
  windowKeyQuery,
  windowRangeQuery,
} from '@millrace/streams'
import { waitUntil } from './support/kafka.ts'
import { customers, expectedSpend, partitions } from './support/orders.ts'
import { answered, type QuerySetup, startQuerySetup } from './support/query-setup.ts'
import spendApp, { order, spend } from './support/spend-app.ts'

const totals = queryable.keyValue('totals', spend)
const perMinute = queryable.window('per-minute', spend)
const startMs = 1_700_000_000_000

let setup: QuerySetup
let one: StreamsInstance
let two: StreamsInstance
let placed = 0

before(async () => {
  setup = await startQuerySetup([order, spend, { name: 'apart' }], partitions)
  const { broker, directory } = setup
  const start = (name: string): Promise<StreamsInstance> =>
    startStreams({
      topology: spendApp,
      brokers: broker.brokers,
      stateDir: join(directory, name),
      applicationServer: `${name}:1`,
      numStandbyReplicas: 1,
      commitIntervalMs: 50,
    })
  one = await start('one')
  two = await start('two')
  await place(200)
  await waitUntil(() => [one, two].every((each) => ownedBy(each).length > 0 && ownedBy(each).length < partitions))
  await waitUntil(() => everyPartition().every(({ standbyHosts }) => standbyHosts.length === 1))
  // A copy answers once it knows how far behind it is.
  for (const { queries } of [one, two]) {
    await waitUntil(async () => {
      const { partitions: answers } = await queries.query(totals, rangeQuery(), { standby: {} })
      return [...answers.values()].every(({ ok }) => ok)
    })
  }
})
after(async () => {
  await Promise.all([one?.close(), two?.close()])
  await setup?.[Symbol.asyncDispose]()
})

const everyPartition = () =>
  Array.from({ length: partitions }, (_, partition) => one.queries.metadataForPartition('totals', partition))
const ownedBy = (instance: StreamsInstance): readonly number[] =>
  instance.queries
    .metadataForStore('totals')
    .filter(({ isLocal }) => isLocal)
    .flatMap(({ partitions: owned }) => owned)
const ownerOf = (key: string): StreamsInstance => (one.queries.metadataForKey('totals', key).isLocal ? one : two)
const otherThan = (instance: StreamsInstance): StreamsInstance => (instance === one ? two : one)

async function place(count: number): Promise<{ topic: string; partition: number; offset: number }> {
  let last = { partition: 0, offset: 0 }
  for (let i = placed; i < placed + count; i++) {
    const value = Buffer.from(order.value.serialize({ customer: `c${i % customers}`, cents: i }))
    const key = Buffer.from(order.key.serialize(`o${i}`))
    last = await setup.producer.send({ topic: order.name, key, value, timestamp: startMs + i * 1_000 })
  }
  placed += count
  return { topic: order.name, ...last }
}

const answer = <R>(result: PartitionResult<R> | undefined): R => answered(result).result

test('a query bound to a write shows it, at the owner and at a copy', async () => {
  for (let i = 0; i < 10; i++) {
    const key = `c${placed % customers}`
    const bound = boundOf([await place(1)])
    const owner = ownerOf(key)
    const expected = expectedSpend(placed).get(key)
    for (const [instance, options] of [
      [otherThan(owner), { bound, standby: {}, waitMs: 10_000 }],
      [owner, { bound, waitMs: 10_000 }],
    ] as const) {
      const { partitions: answers, position } = await instance.queries.query(totals, keyQuery(key), options)
      assert.equal(answers.size, 1)
      const [[partition, result]] = [...answers] as [[number, PartitionResult<number | undefined>]]
      assert.equal(answer(result), expected)
      assert.equal(result.ok && result.role, instance === owner ? 'active' : 'standby')
      assert.ok((position['spend-by-customer-repartition']?.[partition] ?? -1) >= 0)
    }
  }
})

test('a bound that is not reached in time, and one that never can be, say so', async () => {
  const owner = ownerOf('c1')
  const ahead = { [order.name]: { 0: 1_000_000 } }
  await assert.rejects(owner.queries.query(totals, keyQuery('c1'), { bound: ahead, waitMs: 50 }), {
    code: 'STREAMS_BOUND_NOT_REACHED',
    retriable: true,
  })
  const { partition } = owner.queries.metadataForKey('totals', 'c1')
  const direct = { 'spend-by-customer-repartition': { [partition]: 1_000_000 } }
  const { partitions: answers } = await owner.queries.query(totals, keyQuery('c1'), { bound: direct, waitMs: 50 })
  const result = answers.get(partition)
  assert.equal(result?.ok === false && result.reason, 'notUpToBound')
  await assert.rejects(owner.queries.query(totals, keyQuery('c1'), { bound: { apart: { 0: 1 } } }), {
    code: 'STREAMS_BOUND_UNRELATED',
  })
})

test('answers stand by partition, and what is not here says why', async () => {
  await one.queries.resolveBound('totals', boundOf([await place(1)]), 10_000)
  const local = ownedBy(one)
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  const { partitions: answers } = await one.queries.query(totals, rangeQuery(), { partitions: all })
  const reasons = all.map((partition) => {
    const result = answers.get(partition)
    return result?.ok ? 'ok' : result?.reason
  })
  assert.deepEqual(
    reasons,
    all.map((partition) => (local.includes(partition) ? 'ok' : 'notActive')),
  )
  const both = await Promise.all(
    [one, two].map((each) => each.queries.query(totals, rangeQuery(), { partitions: ownedBy(each) })),
  )
  const rows = both.flatMap(({ partitions: found }) => [...found.values()].flatMap((each) => answer(each)))
  assert.equal(new Set(rows.map(({ key }) => key)).size, customers)
  assert.equal(rows.length, customers)
})

test('windows are asked for by key and for all keys, and a store of another kind refuses', async () => {
  const owner = ownerOf('c7')
  const times = { fromMs: startMs - 60_000, toMs: startMs + 60_000 }
  const forward = answer(
    [...(await owner.queries.query(perMinute, windowKeyQuery('c7', times))).partitions.values()][0],
  )
  const backward = [
    ...(await owner.queries.query(perMinute, windowKeyQuery('c7', { ...times, reverse: true }))).partitions,
  ]
  assert.ok(forward.length > 1)
  assert.deepEqual(answer(backward[0]?.[1]), forward.toReversed())
  const every = await owner.queries.query(perMinute, windowRangeQuery({ ...times, from: 'c7', to: 'c7' }))
  const found = [...every.partitions.values()].filter(({ ok }) => ok).flatMap((each) => answer(each))
  assert.deepEqual(found, forward)
  assert.deepEqual(owner.queries.windowFetch('per-minute', 'c7', times), forward)
  const wrong = owner.queries.query(totals as never, sessionKeyQuery('c7') as never)
  await assert.rejects(wrong, { code: 'STREAMS_STORE_KIND' })
})

test('a copy that may be no older than asked for shows what was committed before, or says that it is behind', async () => {
  const key = 'c3'
  for (let i = 0; i < 5; i++) {
    const owner = ownerOf(key)
    await owner.queries.query(totals, keyQuery(key), { bound: boundOf([await place(customers)]), waitMs: 10_000 })
    const committed = expectedSpend(placed).get(key)
    const copy = otherThan(owner).queries
    const query = copy.query(totals, timestampedKeyQuery(key), { standby: { maxStalenessMs: 0 }, waitMs: 5_000 })
    const result = [...(await query).partitions.values()][0]
    // As of the moment of asking is more than a copy can promise for long: it is fresh, or too stale.
    if (result?.ok) assert.equal(result.result?.value, committed)
    else assert.equal(result?.reason, 'tooStale')
    const soon = await copy.query(totals, keyQuery(key), { standby: { maxStalenessMs: 1_000 }, waitMs: 5_000 })
    assert.ok(answer([...soon.partitions.values()][0])! >= 0)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    const later = await copy.query(totals, keyQuery(key), { standby: { maxStalenessMs: 900 }, waitMs: 5_000 })
    assert.equal(answer([...later.partitions.values()][0]), committed)
  }
})

test('lags are true of what is being restored', async () => {
  const app = topology('lagging')
  app.stream(order).groupByKey().count({ store: 'seen' })
  const start = (options: Partial<StartStreamsOptions> = {}): Promise<StreamsInstance> =>
    startStreams({ topology: app, brokers: setup.broker.brokers, stateDir: 'memory', instanceId: 'one', ...options })
  {
    await using first = await start()
    const bound = boundOf([await place(1)])
    const { partition } = first.queries.metadataForKey('seen', `o${placed - 1}`)
    await waitUntil(() => first.state() === 'running')
    const asked = await first.queries.askPartition('seen', partition, keyQuery(`o${placed - 1}`), {
      bound,
      waitMs: 10_000,
    })
    assert.ok(asked.ok)
    const lags = await first.queries.lags()
    assert.deepEqual(
      lags.map(({ role, isRestoring, offsetLag }) => [role, isRestoring, offsetLag]),
      Array.from({ length: partitions }, () => ['active', false, 0]),
    )
  }
  const told: { readonly partition: number; readonly offset: number; readonly lags: Promise<readonly StoreLag[]> }[] =
    []
  let again: StreamsInstance | undefined
  const note = ({ partition }: { partition: number }, offset: number): void => {
    if (again) told.push({ partition, offset, lags: again.queries.lags() })
  }
  const restoreListener = {
    onRestoreStart: (event: { partition: number; startOffset: number }) => note(event, event.startOffset),
    onBatchRestored: (event: { partition: number; batchEndOffset: number }) => note(event, event.batchEndOffset),
  }
  again = await start({ restoreListener: restoreListener as never })
  await using _again = again
  await waitUntil(() => again.state() === 'running')
  assert.ok(told.length >= partitions, `${told.length} moments of restoring were seen`)
  for (const { partition, offset, lags } of told) {
    const lag = (await lags).find((each) => each.partition === partition)!
    assert.deepEqual([lag.isRestoring, lag.currentOffset, lag.offsetLag], [true, offset, lag.endOffset - offset])
  }
  assert.ok((await told[0]!.lags)[0]!.offsetLag > 0)
  assert.ok((await again.queries.lags()).every(({ offsetLag, isRestoring }) => offsetLag === 0 && !isRestoring))
})

test('lags are true of a table that is restored from its topic, and of what lies on disk unused', async () => {
  const row = topic('lagging-rows', { key: serdes.string, value: serdes.json<number>() })
  const counted = topic('lagging-counts', { key: serdes.string, value: serdes.json<number>() })
  const topics = [row, counted].map(({ name }) => ({ name, partitions: 2, config: { 'retention.ms': '-1' } }))
  await setup.client.admin.createTopics(topics)
  const build = () => {
    const app = topology('lagging-table', { optimize: true })
    app.table(row, { store: 'rows' })
    app.stream(counted).groupByKey().count({ store: 'counts' })
    return app
  }
  const start = (name: string): Promise<StreamsInstance> =>
    startStreams({
      topology: build(),
      brokers: setup.broker.brokers,
      stateDir: join(setup.directory, `lagging-${name}`),
      applicationServer: `${name}:1`,
      commitIntervalMs: 20,
    })
  const put = async (from: number, count: number): Promise<void> => {
    for (let i = from; i < from + count; i++) {
      for (const { name } of [row, counted])
        await setup.producer.send({ topic: name, partition: i % 2, key: Buffer.from(`k${i}`), value: Buffer.from('1') })
    }
  }
  const rolesOf = async (each: StreamsInstance) =>
    (await each.queries.lags()).map(({ store, partition, role, offsetLag }) => ({ store, partition, role, offsetLag }))
  {
    await using alone = await start('alone')
    await put(0, 20)
    await waitUntil(async () => {
      const lags = await alone.queries.lags()
      return (
        lags.length === 4 && lags.every((lag) => lag.role === 'active' && lag.offsetLag === 0 && lag.endOffset >= 10)
      )
    })
  }
  // On its disk lies what it had; another runs the tasks, and they go on.
  await using other = await start('other')
  await put(20, 10)
  await waitUntil(async () => {
    const lags = await other.queries.lags()
    return lags.length === 4 && lags.every(({ endOffset }) => endOffset >= 15)
  })
  await using back = await start('alone')
  const expected = (lags: Awaited<ReturnType<typeof rolesOf>>): boolean =>
    lags.length === 4 && lags.every(({ offsetLag, role }) => (role === 'closed' ? offsetLag >= 5 : offsetLag === 0))
  const seen: Awaited<ReturnType<typeof rolesOf>>[] = []
  await waitUntil(async () => {
    const lags = await rolesOf(back)
    seen.push(lags)
    return back.state() === 'running' && expected(lags)
  })
  assert.ok(
    seen.some((lags) => lags.some(({ role, offsetLag }) => role === 'closed' && offsetLag >= 5)),
    JSON.stringify(seen),
  )
})

test('what is not committed yet is seen by who asks for it alone', async () => {
  const app = topology('slow')
  app.stream(order).groupByKey().count({ store: 'seen' })
  await using slow = await startStreams({
    topology: app,
    brokers: setup.broker.brokers,
    stateDir: join(setup.directory, 'slow'),
    commitIntervalMs: 600_000,
  })
  await place(1)
  const seen = queryable.keyValue('seen', topic('seen', { key: serdes.string, value: serdes.json<number>() }))
  const ask = async (isolation: 'committed' | 'uncommitted'): Promise<number | undefined> => {
    const found = await slow.queries.query(seen, keyQuery(`o${placed - 1}`), { isolation })
    const result = [...found.partitions.values()][0]
    return result?.ok ? result.result : undefined
  }
  await waitUntil(async () => (await ask('uncommitted')) === 1)
  assert.equal(await ask('committed'), undefined)
})

test('a table that is restored from its topic tells its changes once they are committed, and those that can be read', async () => {
  const row = topic('rows', { key: serdes.string, value: serdes.json<number>() })
  await setup.client.admin.createTopics([{ name: row.name, partitions: 1, config: { 'retention.ms': '-1' } }])
  const app = topology('plain-table', { optimize: true })
  app.table(row, { store: 'rows' })
  await using streams = await startStreams({
    topology: app,
    brokers: setup.broker.brokers,
    stateDir: join(setup.directory, 'plain-table'),
    commitIntervalMs: 300,
    handlers: { deserialize: failureHandlers.continue },
  })
  await waitUntil(() => streams.state() === 'running')
  const send = (key: string, value: string | null) =>
    setup.producer.send({ topic: row.name, key: Buffer.from(key), value: value === null ? null : Buffer.from(value) })
  await send('a', '1')
  await using changes = streams.queries.changes('rows')
  assert.equal(changes.follow(0, 0), true)
  const seen: unknown[] = []
  const stop = AbortSignal.timeout(20_000)
  const take = async (count: number): Promise<void> => {
    while (seen.length < count) {
      for (const { key, value } of await changes.next(stop)) {
        seen.push([key, value])
        // No later than the table itself shows it.
        if (value !== undefined) assert.ok((streams.queries.get('rows', key)?.value as number) >= (value as number))
      }
    }
  }
  await take(1)
  await send('b', 'no number {')
  for (let i = 2; i <= 5; i++) await send('a', String(i))
  await send('c', null)
  await take(6)
  assert.deepEqual(seen, [...[1, 2, 3, 4, 5].map((value) => ['a', value]), ['c', undefined]])
  assert.deepEqual([...changes.offsets()], [[0, 7]])
})

test('changes of a table whose task is behind its topic are told as it catches up, however much lies ahead', async () => {
  const row = topic('long-rows', { key: serdes.string, value: serdes.string })
  await setup.client.admin.createTopics([{ name: row.name, partitions: 1, config: { 'retention.ms': '-1' } }])
  const app = topology('slow-table', { optimize: true })
  const work = (): void => {
    for (const endMs = performance.now() + 1; performance.now() < endMs; );
  }
  app.table(row, { store: 'long-rows' }).toStream().forEach(work)
  await using streams = await startStreams({
    topology: app,
    brokers: setup.broker.brokers,
    stateDir: join(setup.directory, 'slow-table'),
    commitIntervalMs: 50,
  })
  await waitUntil(() => streams.state() === 'running')
  await using changes = streams.queries.changes('long-rows')
  changes.follow(0, 0)
  const value = Buffer.alloc(40_000, 'x')
  const sent = Array.from({ length: 500 }, (_, i) =>
    setup.producer.send({ topic: row.name, key: Buffer.from(String(i)), value }),
  )
  const told: unknown[] = []
  const stop = AbortSignal.timeout(30_000)
  while (told.length < sent.length) for (const { key } of await changes.next(stop)) told.push(key)
  await Promise.all(sent)
  assert.deepEqual(
    told,
    sent.map((_, i) => String(i)),
  )
})
