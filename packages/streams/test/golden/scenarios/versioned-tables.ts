import type { KTable } from '../../../src/index.ts'
import { numbers, texts } from '../contracts.ts'
import { record, type Scenario, type ScenarioGroup } from '../scenario.ts'

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
    input: rows.filter(({ topic }) => topic === 'table' || (topic === 'other' && name === 'join with a table')),
    build: (app) => make(app.table(table, { store: 'versions', historyRetentionMs: 100 }), app),
  }
}

export const versionedTables: ScenarioGroup = {
  name: 'versioned-tables',
  javaClass: 'VersionedTables',
  scenarios: [
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
  ],
}
