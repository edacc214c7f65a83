import { serdes, topic } from '@millrace/contracts'
import { hopping, tumbling, windowedSerde } from '../../../src/index.ts'
import { numbers, texts } from '../contracts.ts'
import { record, type ScenarioGroup, together } from '../scenario.ts'

const input = texts('in')
const other = texts('other')
const out = texts('out')
const counted = numbers('counted')
const quoted = topic('quoted', { key: serdes.string, value: serdes.json<string>() })
const minute = tumbling({ sizeMs: 100, graceMs: 50 })
const sliding = hopping({ sizeMs: 100, advanceMs: 50, graceMs: 60 })
const perMinute = topic('per-minute', { key: windowedSerde(serdes.string, minute), value: serdes.string })

const join = (all: string, value: string): string => (value === 'reset' ? (null as never) : `${all},${value}`)

/**
 * Two keys in turn, an update again after another's, one that comes and goes within a commit, one that goes and comes, one
 * that goes for good, out of order, headers.
 */
const batches = [
  together(
    record(input, 'a', '1', 10, { trace: '1' }),
    record(input, 'b', '2', 20, { trace: '2' }),
    record(input, 'c', '3', 15, { trace: '3' }),
    record(input, 'a', '4', 5, { trace: '4' }),
  ),
  together(record(input, 'b', '5', 30), record(input, 'd', '6', 31), record(input, 'd', 'reset', 32)),
  together(
    record(input, 'c', 'reset', 41),
    record(input, 'a', 'reset', 40, { trace: '7' }),
    record(input, 'a', '8', 35, { trace: '8' }),
  ),
  together(record(input, null, '9', 50), record(input, 'b', null, 51), record(input, 'c', '10', 120)),
  together(record(input, 'b', 'reset', 42), record(input, 'a', '11', 90), record(input, 'e', '12', 180)),
  together(record(input, 'a', '13', 20), record(input, 'b', '14', 60), record(input, 'b', '15', 170)),
]

/** For tables, where every value is a row and a null deletes. */
const rows = batches.map(({ batch }) =>
  together(...batch.map((step) => (step.value?.toString() === 'reset' ? { ...step, value: null } : step))),
)
const otherRows = [
  ...rows.slice(0, 2),
  together(record(other, 'a', 'A', 12), record(other, 'b', 'B', 100), record(other, 'a', 'AA', 13)),
  ...rows.slice(2),
  together(record(other, 'b', null, 110), record(other, 'e', 'E', 1), record(other, 'a', null, 200)),
]

const cacheMaxBytes = 10_000_000

export const caches: ScenarioGroup = {
  name: 'caches',
  javaClass: 'Caches',
  scenarios: [
    {
      name: 'count',
      cacheMaxBytes,
      input: batches,
      build: (app) => {
        app.stream(input).groupByKey().count({ store: 'counts' }).to(counted)
      },
    },
    {
      name: 'reduce',
      cacheMaxBytes,
      input: batches,
      build: (app) => {
        app.stream(input).groupByKey().reduce(join, { store: 'all' }).to(out)
      },
    },
    {
      name: 'reduce with the cache off for its store',
      cacheMaxBytes,
      input: batches,
      build: (app) => {
        app.stream(input).groupByKey().reduce(join, { store: 'all', cache: false }).to(out)
      },
    },
    {
      name: 'reduce without cache',
      input: batches,
      build: (app) => {
        app.stream(input).groupByKey().reduce(join, { store: 'all' }).to(out)
      },
    },
    {
      name: 'filter of a reduce',
      cacheMaxBytes,
      input: batches,
      build: (app) => {
        const all = app.stream(input).groupByKey().reduce(join, { store: 'all' })
        all.filter((value) => !value.endsWith('5')).to(out)
      },
    },
    {
      name: 'two caches in a row',
      cacheMaxBytes,
      input: batches,
      build: (app) => {
        app
          .stream(input)
          .groupByKey()
          .reduce(join, { store: 'all' })
          .mapValues((value) => `${value.length}`, { store: 'lengths' })
          .filter((length) => length !== '3', { store: 'filtered', value: serdes.json<string>() })
          .to(quoted)
      },
    },
    {
      name: 'a table',
      cacheMaxBytes,
      input: rows,
      build: (app) => {
        app.table(input, { store: 'rows' }).to(out)
      },
    },
    {
      name: 'a table whose old values are asked for',
      cacheMaxBytes,
      input: rows,
      build: (app) => {
        app
          .table(input, { store: 'rows' })
          .filter((row) => row !== '4')
          .to(out)
      },
    },
    ...(['join', 'leftJoin', 'outerJoin'] as const).map((kind) => ({
      name: `${kind} of tables`,
      cacheMaxBytes,
      input: otherRows,
      build: (app: Parameters<ScenarioGroup['scenarios'][number]['build']>[0]) => {
        const left = app.table(input, { store: 'left' })
        const right = app.table(other, { store: 'right' })
        const add = (one: string | null, two: string | null): string => `${one}+${two}`
        if (kind === 'join') left.join(right, add, { store: 'joined' }).to(quoted)
        else if (kind === 'leftJoin') left.leftJoin(right, add, { store: 'joined' }).to(quoted)
        else left.outerJoin(right, add, { store: 'joined' }).to(quoted)
      },
    })),
    {
      name: 'a stream joined with a cached table',
      cacheMaxBytes,
      input: otherRows,
      build: (app) => {
        const stream = app.stream(other)
        stream.leftJoin(app.table(input, { store: 'rows' }), (one, two) => `${one}+${two}`).to(out)
      },
    },
    {
      name: 'tumbling reduce',
      cacheMaxBytes,
      input: batches,
      build: (app) => {
        const stream = app.stream(input, { tombstones: true })
        stream
          .groupByKey()
          .window(minute)
          .reduce(join as never, { store: 'all' })
          .to(perMinute)
      },
    },
    {
      name: 'hopping reduce, filtered',
      cacheMaxBytes,
      input: batches,
      build: (app) => {
        const stream = app.stream(input, { tombstones: true })
        const all = stream
          .groupByKey()
          .window(sliding)
          .reduce(join as never, { store: 'all' })
        all.filter((value) => (value?.length ?? 0) < 4).to(perMinute as never)
      },
    },
  ],
}
