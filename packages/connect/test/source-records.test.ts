import assert from 'node:assert/strict'
import test from 'node:test'
import { startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { connectError } from '../src/errors.ts'
import { defaultPipeline } from '../src/runtime/default-pipeline.ts'
import { strictPolicy } from '../src/runtime/pipeline.ts'
import { runSource } from '../src/runtime/source-runner.ts'
import type { Transform } from '../src/transforms/transform.ts'
import { countingSource, plainRecord } from './support/counting-source.ts'
import { eventually, type ReadRecord, readTopic } from './support/topic-reader.ts'

async function withClient(work: (client: KafkaClient) => Promise<void>): Promise<void> {
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await work(client)
}

function topicWith(client: KafkaClient, topic: string, count: number): Promise<ReadRecord[]> {
  return eventually(`${count} records in ${topic}`, async () => {
    const records = await readTopic(client, topic).catch(() => [])
    return records.length >= count ? records : undefined
  })
}

test('records go through transforms and converters into topics that did not exist', () =>
  withClient(async (client) => {
    const byParity: Transform = {
      apply: (record) =>
        record.value.value === 3 ? undefined : { ...record, topic: `n-${Number(record.value.value) % 2}` },
    }
    const pipeline = { ...defaultPipeline, transforms: [byParity] }
    const header = { key: 'h', schema: undefined, value: true }
    const source = countingSource({
      name: 'numbers',
      limit: 25,
      record: (n) => plainRecord('numbers', `k${n}`, n, { headers: [header], ...(n === 4 && { partition: 1 }) }),
      more: { pipeline },
    })
    await using _running = runSource(source, { client })
    const [even, odd] = await Promise.all([topicWith(client, 'n-0', 13), topicWith(client, 'n-1', 11)])
    assert.deepEqual(
      odd.map(({ value }) => Number(value)).sort((a, b) => a - b),
      [1, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23],
    )
    const four = even.find(({ value }) => value === '4')
    assert.deepEqual(four && { ...four, offset: 0 }, {
      partition: 1,
      offset: 0,
      key: '"k4"',
      value: '4',
      headers: { h: 'true' },
      timestamp: 1_000,
    })
  }))

/** Refuses the number 7. */
class Picky implements Transform {
  apply(record: Parameters<Transform['apply']>[0]): typeof record {
    if (record.value.value === 7) throw new Error('seven')
    return record
  }
}
const picky = { ...defaultPipeline, transforms: [new Picky()] }
const numbers = (n: number) => plainRecord('numbers', n, n)

test('the first record that is refused stops a source; nothing of its batch is published', () =>
  withClient(async (client) => {
    const source = countingSource({ name: 'strict', limit: 9, perPull: 5, record: numbers, more: { pipeline: picky } })
    await using running = runSource(source, { client })
    await assert.rejects(running.finished, {
      code: 'CONNECT_RECORD_REFUSED',
      message: /Picky \(TRANSFORMATION\): seven/,
    })
    assert.equal((await readTopic(client, 'numbers')).length, 5)
  }))

test('refused records are skipped, or set aside with what was wrong, and the rest goes on', () =>
  withClient(async (client) => {
    const tolerant = { ...strictPolicy, tolerance: 'all' } as const
    const skipping = countingSource({
      name: 'skipping',
      limit: 9,
      record: numbers,
      more: { pipeline: picky, errors: tolerant },
    })
    const deadLetters = { topic: 'bad', replicationFactor: 1, contextHeaders: true }
    const errors = { ...tolerant, deadLetters }
    const asideRecord = (n: number) => plainRecord('aside', n, n)
    const aside = countingSource({ name: 'aside', limit: 9, record: asideRecord, more: { pipeline: picky, errors } })
    await using first = runSource(skipping, { client })
    await using second = runSource(aside, { client })
    const values = (records: readonly ReadRecord[]) => records.map(({ value }) => Number(value)).sort()
    assert.deepEqual(values(await topicWith(client, 'numbers', 8)), [0, 1, 2, 3, 4, 5, 6, 8])
    assert.deepEqual(values(await topicWith(client, 'aside', 8)), [0, 1, 2, 3, 4, 5, 6, 8])
    const [letter] = await topicWith(client, 'bad', 1)
    assert.equal(letter?.value, '7')
    assert.equal(letter?.headers['__connect.errors.stage'], 'TRANSFORMATION')
    assert.equal(letter?.headers['__connect.errors.class.name'], 'Picky')
    assert.equal(letter?.headers['__connect.errors.exception.message'], 'seven')
    const { skipped } = await eventually('the skipped record', () =>
      first.status().skipped > 0 ? first.status() : undefined,
    )
    assert.deepEqual(
      [skipped, first.status().deadLetters, second.status().skipped, second.status().deadLetters],
      [1, 0, 0, 1],
    )
  }))

/** Fails at 7 and at 8 as if it asked something that is away, so many times each. */
class Away implements Transform {
  readonly #times: number
  readonly attempts = new Map<unknown, number>()

  constructor(times: number) {
    this.#times = times
  }

  apply(record: Parameters<Transform['apply']>[0]): typeof record {
    const n = record.value.value
    const attempt = (this.attempts.get(n) ?? 0) + 1
    this.attempts.set(n, attempt)
    if ((n === 7 || n === 8) && attempt <= this.#times) throw connectError('DATABASE_UNAVAILABLE', 'away')
    return record
  }
}

test('what may pass is tried again for as long as the policy says, and is refused then', () =>
  withClient(async (client) => {
    const policy = { ...strictPolicy, tolerance: 'all' } as const
    const limits = { retryDelayMsMin: 5, retryDelayMsMax: 20 }
    const start = (name: string, away: Away, retryTimeoutMs: number) => {
      const pipeline = { ...defaultPipeline, transforms: [away] }
      const errors = { ...policy, retryTimeoutMs }
      const record = (n: number) => plainRecord(name, n, n)
      return runSource(countingSource({ name, limit: 12, record, more: { pipeline, errors } }), { client, limits })
    }
    const values = (records: readonly ReadRecord[]) => records.map(({ value }) => Number(value)).sort((a, b) => a - b)
    const all = Array.from({ length: 12 }, (_, n) => n)
    {
      const away = new Away(3)
      await using running = start('passing', away, -1)
      assert.deepEqual(values(await topicWith(client, 'passing', 12)), all)
      assert.deepEqual([away.attempts.get(7)! >= 4, away.attempts.get(8), running.status().skipped], [true, 4, 0])
    }
    const away = new Away(Number.POSITIVE_INFINITY)
    const startedMs = Date.now()
    await using running = start('lasting', away, 300)
    // Records before it succeed at each attempt, which is no reason to begin counting anew.
    assert.deepEqual(
      values(await topicWith(client, 'lasting', 10)),
      all.filter((n) => n !== 7 && n !== 8),
    )
    const tookMs = Date.now() - startedMs
    assert.ok(tookMs >= 300, `${tookMs} ms`)
    assert.ok(away.attempts.get(7)! >= 3, `${away.attempts.get(7)} attempts`)
    await eventually('both to be counted', () => (running.status().skipped === 2 ? true : undefined))
  }))

test('transactions at intervals: several pulls become visible at once', () =>
  withClient(async (client) => {
    const source = countingSource({ name: 'interval', limit: 40, perPull: 10, record: numbers })
    await using running = runSource(source, { client, transactionBoundary: 'interval', transactionIntervalMs: 300 })
    await running.ready
    await eventually('a commit', () => (running.status().batches > 0 ? true : undefined))
    assert.equal((await readTopic(client, 'numbers')).length, 40)
    assert.equal(running.status().batches, 1)
  }))

test('a source that is given a topic of its own for its position goes on from the one in the shared topic', () =>
  withClient(async (client) => {
    const source = (limit: number) =>
      countingSource({ name: 'moved', limit, record: numbers, more: { partition: { file: 'a' } } })
    {
      await using _before = runSource(source(10), { client, positionsTopic: 'shared' })
      await topicWith(client, 'numbers', 10)
    }
    const options = { client, positionsTopic: 'own', fallbackPositionsTopic: 'shared' }
    {
      await using _after = runSource(source(15), options)
      assert.equal((await topicWith(client, 'numbers', 15)).length, 15)
    }
    const [stored] = (await readTopic(client, 'own')).slice(-1)
    assert.equal(stored?.key, '["moved",{"file":"a"}]')
    assert.equal(JSON.parse(stored?.value ?? '').next, 15)
  }))
