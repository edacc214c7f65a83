// What a worker's tasks have committed is read in the thread that answers queries: at once, and never behind what it says
// it reflects.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient, type Producer } from '@millrace/kafka'
import {
  boundOf,
  keyQuery,
  type PartitionResult,
  queryable,
  rangeQuery,
  type StartStreamsOptions,
  type StreamsInstance,
  startStreams,
  windowKeyQuery,
} from '@millrace/streams'
import { waitUntil } from './support/kafka.ts'
import { tick, ticks } from './support/ticks-app.ts'

const counts = queryable.keyValue('count', ticks)
const perMinute = queryable.window('per-minute', ticks)

let broker: Broker
let client: KafkaClient
let producer: Producer
let directory: string
let written = 0

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-worker-reads-'))
  broker = await startBroker({ memory: true, config: { 'group.initial.rebalance.delay.ms': '0' } })
  client = kafkaClient({ brokers: broker.brokers })
  producer = client.producer({ lingerMs: 1 })
  await client.admin.createTopics([{ name: tick.name, partitions: 1, config: { 'retention.ms': '-1' } }])
})
after(async () => {
  await producer?.close()
  await client?.close()
  await broker?.close()
  rmSync(directory, { recursive: true, force: true })
})

function start(name: string, options: Partial<StartStreamsOptions> = {}): Promise<StreamsInstance> {
  return startStreams({
    topology: new URL('./support/ticks-app.ts', import.meta.url),
    applicationId: name,
    brokers: broker.brokers,
    stateDir: join(directory, name),
    workers: true,
    commitIntervalMs: 10,
    ...options,
  })
}

function answered<R>(result: PartitionResult<R> | undefined): PartitionResult<R> & { ok: true } {
  assert.ok(result?.ok, String(result?.ok === false ? result.error : 'no answer'))
  return result
}

async function write(count: number): Promise<number> {
  const sent = Array.from({ length: count }, () =>
    producer.send({ topic: tick.name, key: Buffer.from('a'), value: Buffer.from('tick'), timestamp: 1_000 }),
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
  for (const endMs = Date.now() + 1_500; Date.now() < endMs; ) {
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

test('what is not committed is the worker’s to show, and so are windows', async () => {
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
  for (const read of ['windowFetch', 'windowFetchAll'] as const) {
    const bounds = { fromMs: 0, toMs: 1 }
    const reading = (): unknown =>
      read === 'windowFetch'
        ? streams.queries.windowFetch('per-minute', 'a', bounds)
        : streams.queries.windowFetchAll('per-minute', bounds)
    assert.throws(reading, { code: 'STREAMS_STORE_NOT_LOCAL', message: /another thread/ })
  }
  assert.deepEqual(
    answered(windows.partitions.get(0)).result.map(({ start: from, value }) => [from, value]),
    [[0, written]],
  )
})

test('a store that was closed and opened again is read as it is then', async () => {
  for (const more of [1, 5]) {
    await using streams = await start('again', { threads: 1 })
    const bound = boundOf([{ topic: tick.name, partition: 0, offset: await write(more) }])
    await waitUntil(() => streams.state() === 'running')
    const { partitions } = await streams.queries.query(counts, keyQuery('a'), { bound, waitMs: 10_000 })
    assert.equal(answered(partitions.get(0)).result, written)
    assert.equal(streams.queries.get('count', 'a')?.value, written)
    if (more === 1) continue
    // The task may move to the other thread, and comes back.
    assert.equal(streams.addThread(), 2)
    assert.equal(await streams.removeThread(), 2)
    await waitUntil(() => streams.state() === 'running')
    await waitUntil(() => {
      try {
        return streams.queries.get('count', 'a')?.value === written
      } catch {
        return false
      }
    })
  }
})
