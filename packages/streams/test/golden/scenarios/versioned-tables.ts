import { serdes } from '@millrace/contracts'
import type { KTable } from '../../../src/index.ts'
import { numbers, texts } from '../contracts.ts'
import { readInput } from '../read-input.ts'
import { type Difference, record, type Scenario, type ScenarioGroup, withOtherInputs } from '../scenario.ts'

const stream = texts('stream')
const table = texts('table')
const other = texts('other')
const out = texts('out')
const counted = numbers('counted')

/** Versions out of order, deletions, versions of one time, versions past retention; records before, between and after. */
const rows = [
  record(stream, 'a', 'S1', 5, { trace: 's1' }),
  record(table, 'a', 'T20', 20, { trace: 't20' }),
  record(table, 'a', 'T10', 10),
  record(stream, 'a', 'S2', 15, { trace: 's2' }),
  record(stream, 'a', 'S3', 9),
  record(other, 'a', 'O1', 18),
  record(table, 'a', null, 30),
  record(stream, 'a', 'S4', 29),
  record(stream, 'a', 'S5', 31),
  record(table, 'a', 'T25', 25),
  record(stream, 'a', 'S6', 26),
  record(table, 'a', 'T25b', 25),
  record(stream, 'a', 'S7', 27),
  record(other, 'b', 'O2', 40),
  record(table, 'b', 'T50', 50),
  record(stream, 'b', 'S8', 49),
  record(stream, 'b', 'S9', 60),
  record(table, null, 'T51', 51),
  record(stream, null, 'S10', 61),
  record(stream, 'b', null, 62),
  record(table, 'b', 'T120', 120),
  record(table, 'a', 'T19', 19),
  record(table, 'c', 'T20c', 20),
  record(stream, 'c', 'S11', 120),
  record(stream, 'b', 'S12', 55),
  record(table, 'b', 'null', 125),
  record(stream, 'b', 'S13', 126),
  record(table, 'b', null, 130),
  record(table, 'b', 'T128', 128),
  record(stream, 'b', 'S14', 129),
  record(stream, 'b', 'S15', 200),
  record(stream, 'z', 'S16', 300),
]
/** A buffer takes no records without key. */
const withKeys = rows.filter(({ key }) => key !== null)

const joined = (value: string, row: string | null): string => `${value}+${row}`

function join(kind: 'join' | 'leftJoin', graceMs?: number): Scenario['build'] {
  return (app) => {
    const prices = app.table(table, { store: 'versions', historyRetentionMs: 100 })
    const options = graceMs === undefined ? {} : { graceMs }
    const values = app.stream(stream)
    const result = kind === 'join' ? values.join(prices, joined, options) : values.leftJoin(prices, joined, options)
    result.to(out)
  }
}

function ofTable(
  name: string,
  make: (rows: KTable<string, string>, app: Parameters<Scenario['build']>[0]) => void,
): Scenario {
  return {
    name,
    input: rows,
    build: (app) => make(app.table(table, { store: 'versions', historyRetentionMs: 100 }), app),
  }
}

const kept = (store: string) => ({ store, historyRetentionMs: 100 })
const last = (_one: string, two: string): string => two

/** Rows with versions that are made from other rows, or from streams. */
const made: Record<string, Scenario['build']> = {
  'a count with versions': (app) => app.stream(table).groupByKey().count(kept('made')).to(counted),
  'a reduce with versions, joined with a stream': (app) => {
    const lasts = app.stream(table).groupByKey().reduce(last, kept('made'))
    app.stream(stream).leftJoin(lasts, joined).to(out)
  },
  'an aggregate with versions, filtered': (app) =>
    app
      .stream(table)
      .groupByKey()
      .aggregate({ ...kept('made'), initial: '', value: serdes.string }, (sum, row) => `${sum}${row}`)
      .filter((sum) => sum.length % 2 === 1)
      .to(out),
  'a stream as a table with versions': (app) => app.stream(table, { tombstones: true }).toTable(kept('made')).to(out),
  'a mapped table kept with versions': (app) =>
    app
      .table(table)
      .mapValues((row) => row.toLowerCase(), { ...kept('made'), value: serdes.string })
      .to(out),
  'a filtered table kept with versions': (app) =>
    app
      .table(table)
      .filter((row) => row.startsWith('T2'), kept('made'))
      .to(out),
  'a filter of versions kept with versions': (app) =>
    app
      .table(table, kept('versions'))
      .filter((row) => row.startsWith('T2'), kept('made'))
      .to(out),
  'versions mapped without versions': (app) =>
    app
      .table(table, kept('versions'))
      .mapValues((row) => row.toLowerCase(), { store: 'made', value: serdes.string })
      .to(out),
  'a join of two tables with versions': (app) =>
    app
      .table(table, kept('versions'))
      .join(app.table(other, kept('others')), joined)
      .to(out),
  'a left join of two tables with versions, kept with versions': (app) =>
    app
      .table(table, kept('versions'))
      .leftJoin(app.table(other, kept('others')), joined, { ...kept('made'), value: serdes.string })
      .to(out),
  'an outer join of tables without versions, kept with versions, joined with a stream': (app) => {
    const pairs = app
      .table(table)
      .outerJoin(app.table(other), (one, two) => `${one}-${two}`, { ...kept('made'), value: serdes.string })
    app.stream(stream).leftJoin(pairs, joined).to(out)
  },
  'a join by foreign key, kept with versions': (app) =>
    app
      .table(table, { store: 'rows' })
      .join(app.table(other, { store: 'others' }), joined, {
        foreignKey: (_row, key) => key,
        ...kept('made'),
        value: serdes.string,
      })
      .to(out),
  'a regrouped table, counted and reduced with versions': (app) => {
    const regrouped = app
      .table(table)
      .groupBy((row) => [row.slice(0, 2), row], { name: 'by-row', value: serdes.string })
    regrouped.count(kept('made')).to(counted)
    regrouped.reduce({ ...kept('reduced'), add: (_one, two) => two, subtract: (one) => one }).to(out)
  },
  'cogrouped streams with versions': (app) =>
    app
      .stream(table)
      .groupByKey()
      .cogroup((sum: string, row) => `${sum}${row}`)
      .and(app.stream(other).groupByKey(), (sum, row) => `${sum}-${row}`)
      .aggregate({ ...kept('made'), initial: '', value: serdes.string })
      .to(out),
}

/** The join has no use for a record without key; it is not the first. */
const withoutKey = [
  record(table, 'a', 'T1', 5),
  record(stream, 'a', 'S1', 10),
  record(stream, null, 'S2', 12),
  record(stream, 'a', 'S3', 100),
  record(stream, 'a', 'S4', 300),
]

const fails =
  'Kafka Streams ends with a NullPointerException: its buffer does not take the record, and its join has no key to look up'
const withoutKeyDiffers: readonly Difference[] = [
  { in: 'failedAt', ours: undefined, why: fails },
  {
    in: 'topics.out',
    ours: [
      [null, 'S2+null', 12],
      ['a', 'S1+T1', 10],
      ['a', 'S3+T1', 100],
    ],
    why: fails,
  },
  {
    in: 'topics.golden-KSTREAM-LEFTJOIN-0000000003-Buffer-changelog',
    ours: [
      [
        'hex:00000000000000000a6100000001',
        'hex:000000000000000a00000000000000000000000673747265616d0000000000000000ffffffffffffffff0000000253310000000000000000',
        null,
      ],
      ['hex:00000000000000000a6100000001', null, null],
      [
        'hex:0000000000000000646100000002',
        'hex:000000000000006400000000000000020000000673747265616d0000000000000000ffffffffffffffff0000000253330000000000000000',
        null,
      ],
      ['hex:0000000000000000646100000002', null, null],
      [
        'hex:00000000000000012c6100000003',
        'hex:000000000000012c00000000000000030000000673747265616d0000000000000000ffffffffffffffff0000000253340000000000000000',
        null,
      ],
    ],
    why: fails,
  },
]

export const versionedTables: ScenarioGroup = withOtherInputs(
  {
    name: 'versioned-tables',
    javaClass: 'VersionedTables',
    scenarios: readInput([
      { name: 'join', input: rows, build: join('join') },
      { name: 'leftJoin', input: rows, build: join('leftJoin') },
      { name: 'join with grace', input: withKeys, build: join('join', 20) },
      { name: 'leftJoin with grace', input: withKeys, build: join('leftJoin', 20) },
      {
        name: 'join with a filtered and mapped table',
        input: rows,
        build: (app) => {
          const prices = app
            .table(table, { store: 'versions', historyRetentionMs: 100 })
            .filter((row) => row !== 'T25b')
            .mapValues((row) => row.toLowerCase())
          app.stream(stream).leftJoin(prices, joined).to(out)
        },
      },
      ofTable('toStream', (versions) => versions.toStream().to(out)),
      ofTable('filter', (versions) => versions.filter((row) => row.startsWith('T2')).to(out)),
      ofTable('count by row', (versions) => {
        versions
          .groupBy((row, key) => [row, key], { name: 'by-row' })
          .count({ store: 'counts' })
          .to(counted)
      }),
      ofTable('join with a table', (versions, app) =>
        versions.outerJoin(app.table(other), (one, two) => `${one}+${two}`).to(out),
      ),
      ...Object.entries(made).map(([name, build]) => ({ name, build, input: rows })),
    ]),
  },
  [
    { of: 'join with grace', name: 'join with grace, a record without key', input: withoutKey },
    {
      of: 'leftJoin with grace',
      name: 'leftJoin with grace, a record without key',
      input: withoutKey,
      differs: withoutKeyDiffers,
    },
  ],
)
