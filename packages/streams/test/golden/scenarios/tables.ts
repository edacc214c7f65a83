import { serdes, topic } from '@millrace/contracts'
import { numbers, texts } from '../contracts.ts'
import { record, type ScenarioGroup } from '../scenario.ts'

const input = texts('in')
const out = texts('out')
const lengths = numbers('lengths')
const counted = numbers('counted')
const quoted = topic('quoted', { key: serdes.string, value: serdes.json<string>() })

/** Updates, out of order, deletions of what is there and of what is not, the same again, no key. */
const rows = [
  record(input, 'a', 'one', 10, { trace: 'x' }),
  record(input, 'b', 'three', 5),
  record(input, 'a', 'two', 7),
  record(input, 'c', null, 20),
  record(input, null, 'four', 21),
  record(input, 'a', 'two', 30, { trace: 'y' }),
  record(input, 'b', null, 25),
  record(input, 'b', null, 26),
  record(input, 'a', 'eleven', 24),
  record(input, 'b', 'six', 40),
  record(input, null, null, 41),
]

/** Rows that say which group they are in: one that moves, one that stays, a null group, a null value, deletions. */
const groups = [
  record(input, 'a', 'red:1', 10, { trace: 'x' }),
  record(input, 'b', 'red:2', 5),
  record(input, 'a', 'blue:3', 20),
  record(input, 'b', 'red:4', 7, { trace: 'y' }),
  record(input, 'c', ':5', 30),
  record(input, 'c', 'blue:', 31),
  record(input, 'd', 'blue:6', 32),
  record(input, 'c', 'red:7', 33),
  record(input, 'a', null, 3),
  record(input, 'z', null, 50),
  record(input, null, 'red:8', 60),
  record(input, 'c', ':9', 61),
  record(input, 'd', null, 62),
  record(input, 'b', null, 63),
  record(input, 'b', 'red:10', 64),
]

const grouped = (row: string): readonly [string, string] => {
  const [group, value] = row.split(':') as [string, string]
  return [group === '' ? (null as never) : group, value === '' ? (null as never) : value]
}

export const tables: ScenarioGroup = {
  name: 'tables',
  javaClass: 'Tables',
  scenarios: [
    {
      name: 'a table as a stream',
      input: rows,
      build: (app) => {
        app.table(input).to(out)
      },
    },
    {
      name: 'a table with a store as a stream',
      input: rows,
      build: (app) => {
        app.table(input, { store: 'rows' }).to(out)
      },
    },
    {
      name: 'filter',
      input: rows,
      build: (app) => {
        app
          .table(input)
          .filter((row) => row.length === 3)
          .to(out)
      },
    },
    {
      name: 'filter of a table with a store',
      input: rows,
      build: (app) => {
        app
          .table(input, { store: 'rows' })
          .filter((row) => row.length === 3)
          .to(out)
      },
    },
    {
      name: 'filterNot with a store',
      input: rows,
      build: (app) => {
        app
          .table(input)
          .filterNot((row) => row.length === 3, { store: 'long' })
          .to(out)
      },
    },
    {
      name: 'mapValues',
      input: rows,
      build: (app) => {
        app
          .table(input)
          .mapValues((row, key) => `${key}:${row}`)
          .to(out)
      },
    },
    {
      name: 'mapValues to null, with a store',
      input: rows,
      build: (app) => {
        app
          .table(input, { store: 'rows' })
          .mapValues((row) => (row === 'two' ? null : row.length), { store: 'lengths' })
          .to(lengths)
      },
    },
    {
      name: 'filters and mappings in a row',
      input: rows,
      build: (app) => {
        app
          .table(input, { store: 'rows' })
          .mapValues((row) => row.length)
          .filter((length) => length !== 6)
          .filterNot((length) => length === 5, { store: 'short' })
          .mapValues((length) => length * 2)
          .to(lengths)
      },
    },
    {
      name: 'a stream of a table, grouped',
      input: rows,
      build: (app) => {
        app
          .table(input)
          .toStream()
          .groupBy((row, key) => row ?? key, { name: 'by-row' })
          .count({ store: 'counts' })
          .to(counted)
      },
    },
    {
      name: 'regrouped count',
      input: groups,
      build: (app) => {
        app.table(input).groupBy(grouped, { name: 'by-color' }).count({ store: 'sizes' }).to(counted)
      },
    },
    {
      name: 'regrouped reduce',
      input: groups,
      build: (app) => {
        app
          .table(input, { store: 'rows' })
          .groupBy(grouped, { name: 'by-color', value: serdes.string })
          .reduce({ add: (all, row) => `${all}+${row}`, subtract: (all, row) => `${all}-${row}`, store: 'all' })
          .to(out)
      },
    },
    {
      name: 'regrouped aggregate, with a null result',
      input: groups,
      build: (app) => {
        app
          .table(input)
          .groupBy(grouped, { name: 'by-color' })
          .aggregate({
            initial: '',
            add: (all, row, key) => `${all}+${key}${row}`,
            subtract: (all, row) => (row === '2' ? (null as never) : `${all}-${row}`),
            store: 'all',
          })
          .to(quoted)
      },
    },
    {
      name: 'two aggregates of one regrouping',
      input: groups,
      build: (app) => {
        const byColor = app.table(input).groupBy(grouped, { name: 'by-color', value: serdes.string })
        byColor.count().to(counted)
        byColor.reduce({ add: (all, row) => `${all}+${row}`, subtract: (all, row) => `${all}-${row}` }).to(out)
      },
    },
    {
      name: 'regrouping of what a filter leaves',
      input: groups,
      build: (app) => {
        app
          .table(input)
          .filter((row) => !row.endsWith('4'))
          .mapValues((row) => row.toUpperCase())
          .groupBy(grouped, { name: 'by-color' })
          .count({ store: 'sizes' })
          .filter((size) => size > 1)
          .to(counted)
      },
    },
    {
      name: 'regrouping of an aggregate',
      input: groups,
      build: (app) => {
        app
          .stream(input)
          .groupByKey()
          .reduce((_last, row) => row, { store: 'last' })
          .groupBy(grouped, { name: 'by-color' })
          .count({ store: 'sizes' })
          .to(counted)
      },
    },
  ],
}
