import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { serdes, topic } from '@millrace/contracts'
import {
  joinWindows,
  sessionWindow,
  slidingWindow,
  type Topology,
  topology,
  tumbling,
  untilTimeLimit,
  untilWindowCloses,
  versionedStore,
} from '../../src/index.ts'
import { type Death, ends, type Logged, MortalTasks } from './mortal-tasks.ts'

const number = { key: serdes.string, value: serdes.json<number>() }
const one = topic('one', number)
const two = topic('two', number)
const text = { key: serdes.string, value: serdes.json<unknown>() }
const out = topic('out', text)
const other = topic('other', text)

/** A topology that keeps what a kind of store holds over many transactions. */
const topologies: Readonly<Record<string, () => Topology>> = {
  'a versioned table and records that wait to be joined with it'() {
    const app = topology('temporal')
    const table = app.table(one, { store: 'rows', historyRetentionMs: 40 })
    app
      .stream(two)
      .leftJoin(table, (value, row) => ({ value, row }), { name: 'join', graceMs: 12 })
      .to(out)
    return app
  },
  'a versioned store of a processor'() {
    const app = topology('versions')
    const versions = versionedStore<string, number>({ name: 'versions', historyRetentionMs: 25 })
    app
      .stream(one)
      .process<string, unknown>(
        (context) => {
          const store = context.store(versions)
          return {
            process({ key, value, timestamp }) {
              store.put(key, value % 4 === 0 ? null : value, timestamp - (value % 3) * 10)
              context.forward({ key, value: [store.get(key), store.get(key, timestamp - 15)].map((it) => it ?? null) })
            },
          }
        },
        { stores: [versions] },
      )
      .to(out)
    return app
  },
  'changes that are held back'() {
    const app = topology('held')
    const grouped = app.stream(one).groupByKey()
    const closed = untilWindowCloses({ buffer: 'unbounded', name: 'closed' })
    grouped
      .window(tumbling({ sizeMs: 10, graceMs: 5 }))
      .count({ store: 'windows' })
      .suppress(closed)
      .toStream()
      .map((count, { key, window }): [string, unknown] => [`${key}@${window.start}`, count])
      .to(out)
    grouped
      .count({ store: 'counts' })
      .suppress(untilTimeLimit({ afterMs: 20, buffer: { maxRecords: 3 }, name: 'limited' }))
      .to(other)
    return app
  },
  'subscriptions of a join by foreign key'() {
    const app = topology('pointing')
    const rows = app.table(one, { store: 'rows' })
    const pointed = app.table(two, { store: 'pointed' })
    const foreignKey = (value: number): string | null => (value % 5 === 0 ? null : `k${value % 3}`)
    rows.join(pointed, (row, found) => [row, found], { foreignKey, name: 'inner', store: 'joined' }).to(out)
    rows.leftJoin(pointed, (row, found) => [row, found], { foreignKey, name: 'left' }).to(other)
    return app
  },
  'records of streams that wait for others'() {
    const app = topology('pairs')
    const within = joinWindows({ beforeMs: 8, afterMs: 12, graceMs: 6 })
    const pair = (a: number | null, b: number | null): unknown => [a, b]
    app.stream(one).outerJoin(app.stream(two), pair, { within, name: 'outer', store: 'outer' }).to(out)
    app.stream(one).leftJoin(app.stream(two), pair, { within, name: 'left', store: 'left' }).to(other)
    return app
  },
  'windows and sessions that hand on when they close'() {
    const app = topology('closing')
    const grouped = app.stream(one).groupByKey()
    const named = <V>(
      count: V,
      { key, window }: { key: string; window: { start: number; end: number } },
    ): [string, V] => [`${key}@${window.start}-${window.end}`, count]
    const emit = { emit: 'onClose' } as const
    grouped
      .window(sessionWindow({ gapMs: 6, graceMs: 4 }), emit)
      .count({ store: 'sessions' })
      .toStream()
      .map(named)
      .to(out)
    grouped
      .window(slidingWindow({ differenceMs: 8, graceMs: 4 }), emit)
      .count({ store: 'sliding' })
      .toStream()
      .map(named)
      .to(other)
    grouped
      .window(sessionWindow({ gapMs: 6, graceMs: 4 }))
      .count({ store: 'merging' })
      .toStream()
      .map(named)
      .to(out)
    return app
  },
}

type Piped = { readonly topic: string; readonly record: Logged }

/** Records of few keys whose time goes on, and now and then back; the last ones come so late that nothing waits any more. */
function records(app: Topology, random: Random): Piped[][] {
  const topics = [one.name, two.name].filter((name) => app.describe().includes(`topics: [${name}]`))
  let nowMs = 100
  const batches = Array.from({ length: 6 }, () =>
    Array.from({ length: 4 }, (): Piped => {
      nowMs += randomInt(random, 8)
      const value = random.next() < 0.1 && topics.length > 1 ? null : Buffer.from(String(randomInt(random, 50)))
      const timestamp = nowMs - (random.next() < 0.3 ? randomInt(random, 12) : 0)
      const record = { timestamp, key: Buffer.from(`k${randomInt(random, 4)}`), value, headers: [] }
      return { topic: topics[randomInt(random, topics.length)]!, record }
    }),
  )
  const closing = [1_000, 2_000].flatMap((timestamp) =>
    topics.map((name): Piped => {
      return { topic: name, record: { timestamp, key: Buffer.from('k9'), value: Buffer.from('7'), headers: [] } }
    }),
  )
  return [...batches, closing]
}

function live(app: () => Topology, cacheMaxBytes: number, death?: Death): MortalTasks {
  const built = app()
  const tasks = new MortalTasks(built, { cacheMaxBytes, ...(death && { death }) })
  for (const batch of records(built, seededRandom(3))) tasks.pipe(batch)
  return tasks
}

/**
 * What readers see, in any order: when records that found no partner are looked for depends on what is known of them, as
 * in Kafka Streams. A row that is not there may be taken back twice.
 */
function resultsOf({ topics }: MortalTasks, isTable: boolean): unknown {
  return [out, other].map(({ name }) => {
    const results = (topics.get(name) ?? []).map(({ timestamp, key, value }) => ({
      key: key!.toString(),
      text: `${timestamp} ${value?.toString() ?? null}`,
      value: value?.toString() ?? null,
    }))
    if (isTable) return Object.fromEntries(results.map((result) => [result.key, result.value]))
    return results.map(({ key, text }) => `${key} ${text}`).sort()
  })
}

/** Without what depends on how sure the sender of a subscription was: how it told, and with which answer a row came. */
function contentsOf(tasks: MortalTasks, how: Parameters<MortalTasks['contents']>[0], isTable: boolean): string {
  const leftOut = isTable ? ['instruction', 'timestamp'] : []
  return JSON.stringify(tasks.contents(how), (name, value) => (leftOut.includes(name) ? undefined : value), 1)
}

describe('a task that dies goes on as if nothing had happened, wherever it dies', () => {
  for (const [what, app] of Object.entries(topologies)) {
    for (const cacheMaxBytes of [0, 1_000_000]) {
      test(`${what}, ${cacheMaxBytes === 0 ? 'without cache' : 'cached'}`, () => {
        const isTable = what.startsWith('subscriptions')
        const whole = live(app, cacheMaxBytes)
        const results = resultsOf(whole, isTable)
        const contents = contentsOf(whole, 'asTheyAre', isTable)
        assert.ok(whole.topics.get(out.name)!.length > 5, 'the records have results')
        assert.equal(contentsOf(whole, 'restored', isTable), contents)
        for (const [task, transactions] of whole.transactions) {
          for (let transaction = 0; transaction < transactions; transaction++) {
            for (const end of ends) {
              for (const losesDisk of end === 'aborted' ? [false] : [false, true]) {
                const death = { task, transaction, end, losesDisk }
                const mortal = live(app, cacheMaxBytes, death)
                const how = JSON.stringify(death)
                assert.deepEqual(resultsOf(mortal, isTable), results, how)
                assert.equal(contentsOf(mortal, 'asTheyAre', isTable), contents, how)
                mortal.close()
              }
            }
          }
        }
        whole.close()
      })
    }
  }
})
