import { serdes } from '@millrace/contracts'
import { texts } from '../contracts.ts'
import { readInput } from '../read-input.ts'
import { record, type Scenario, type ScenarioGroup, withOtherInputs } from '../scenario.ts'

const stream = texts('stream')
const table = texts('table')
const out = texts('out')

/** The stream before its row, after it and older than it; updates of the table alone; no key, no value; a row deleted. */
const both = [
  record(stream, 'a', 'S1', 10, { trace: 's' }),
  record(table, 'a', 'T1', 20, { trace: 't' }),
  record(stream, 'a', 'S2', 15, { trace: 's2' }),
  record(table, 'a', 'T2', 12),
  record(stream, 'a', 'S3', 30),
  record(stream, null, 'S4', 31),
  record(stream, 'a', null, 32),
  record(stream, null, null, 33),
  record(table, null, 'T3', 34),
  record(table, 'a', null, 35),
  record(stream, 'a', 'S5', 36),
  record(table, 'b', 'T4', 50),
  record(stream, 'b', 'S6', 40),
  record(stream, 'b', 'null', 41),
]

const joined = (s: string, t: string | null): string => (s === 'null' ? (null as never) : `${s}+${t}`)

/** Keys that a callback makes: the same, another, none. */
const rekeyed = (value: string | null, key: string | null): string =>
  (value === 'S3' ? null : value === 'S6' ? 'a' : key) as string

const withNull = { tombstones: true } as const

const kinds = ['join', 'leftJoin'] as const

function each(name: string, build: (kind: (typeof kinds)[number]) => Omit<Scenario, 'name' | 'input'>): Scenario[] {
  return kinds.map((kind) => ({ name: `${kind}: ${name}`, input: both, ...build(kind) }))
}

/** Neither side comes in the order of its times, and records come that are older than all that was. */
const outOfOrder = [
  record(table, 'a', 'T1', 10),
  record(stream, 'a', 'S1', 50),
  record(stream, 'a', 'S2', 20),
  record(table, 'a', 'T2', 60),
  record(table, 'a', 'T3', 40),
  record(stream, 'a', 'S3', 5),
  record(stream, 'b', 'S4', 4),
  record(table, 'b', 'T4', 3),
  record(stream, 'b', 'S5', 2),
  record(table, 'b', null, 1),
  record(stream, 'b', 'S6', 0),
]

export const streamTableJoins: ScenarioGroup = withOtherInputs(
  {
    name: 'stream-table-joins',
    javaClass: 'StreamTableJoins',
    scenarios: readInput([
      ...each('two topics', (kind) => ({
        build: (app) => app.stream(stream)[kind as 'leftJoin'](app.table(table), joined).to(out),
      })),
      ...each('a stream with changed keys', (kind) => ({
        build: (app) => {
          app
            .stream(stream, withNull)
            .selectKey(rekeyed)
            [kind as 'leftJoin'](app.table(table), (value, row) => joined(value as string, row), {
              name: 'with-table',
              value: serdes.string,
            })
            .to(out)
        },
      })),
      ...each('a stream with changed keys, without name', (kind) => ({
        build: (app) => {
          app
            .stream(stream, withNull)
            .selectKey(rekeyed)
            [kind as 'leftJoin'](app.table(table), (value, row) => joined(value as string, row))
            .to(out)
        },
      })),
      ...each('a filtered and mapped table', (kind) => ({
        build: (app) => {
          const values = app.stream(stream)
          const rows = app
            .table(table)
            .mapValues((row) => row.toLowerCase())
            .filter((row) => row !== 't2')
          values[kind as 'leftJoin'](rows, joined).to(out)
        },
      })),
      ...each('a join of two tables', (kind) => ({
        build: (app) => {
          const rows = app.table(table).leftJoin(app.table(texts('third')), (one, other) => `${one}(${other})`)
          app.stream(stream)[kind as 'leftJoin'](rows, joined).to(out)
        },
      })),
      ...each('an aggregate of the same stream', (kind) => ({
        build: (app) => {
          const values = app.stream(stream)
          const last = values.groupByKey().reduce((_last, value) => value, { store: 'last' })
          values[kind as 'leftJoin'](last, joined).to(out)
        },
      })),
      ...each('joined again', (kind) => ({
        build: (app) => {
          const rows = app.table(table)
          app.stream(stream)[kind as 'leftJoin'](rows, joined)[kind as 'leftJoin'](rows, joined).to(out)
        },
      })),
      ...each('a grouped result', (kind) => ({
        build: (app) => {
          app
            .stream(stream)
            [kind as 'leftJoin'](app.table(table), joined)
            .groupByKey({ value: serdes.string })
            .reduce((all, value) => `${all},${value}`, { store: 'all' })
            .to(out)
        },
      })),
    ]),
  },
  [
    ...kinds.flatMap((kind) => [
      { of: `${kind}: two topics`, name: `${kind}: out of order`, input: outOfOrder },
      {
        of: `${kind}: a stream with changed keys`,
        name: `${kind}: a stream with changed keys, out of order`,
        input: outOfOrder,
      },
    ]),
  ],
)
