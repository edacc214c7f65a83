import { serdes, topic } from '@millrace/contracts'
import type { KTable, Topology } from '../../../src/index.ts'
import { texts } from '../contracts.ts'
import { readInput } from '../read-input.ts'
import { record, type Scenario, type ScenarioGroup } from '../scenario.ts'

const left = texts('left')
const right = texts('right')
const third = texts('third')
const out = texts('out')
const quoted = topic('quoted', { key: serdes.string, value: serdes.json<string>() })

/** Each side first, updates of both, out of order, deletions in both orders and of nothing, no key. */
const both = [
  record(left, 'a', 'L1', 10, { trace: 'l' }),
  record(right, 'a', 'R1', 5, { trace: 'r' }),
  record(left, 'a', 'L2', 7),
  record(right, 'a', 'R2', 30),
  record(right, 'b', 'R3', 12),
  record(left, 'b', 'L3', 11),
  record(left, 'a', null, 20),
  record(left, 'a', 'L4', 21),
  record(right, 'a', null, 40),
  record(left, 'a', null, 41),
  record(left, 'a', null, 42),
  record(right, 'a', null, 43),
  record(left, null, 'L5', 50),
  record(right, null, 'R5', 51),
  record(right, 'c', 'R6', 52),
  record(right, 'c', null, 3),
  record(left, 'b', 'null', 60),
  record(right, 'b', 'R7', 61),
]

const three = [
  ...both,
  record(third, 'b', 'T1', 70),
  record(third, 'a', 'T2', 1),
  record(left, 'b', 'L6', 65),
  record(right, 'b', null, 71),
  record(left, 'b', null, 72),
]

/** What tells the four cases apart; null deletes the row. */
const joined = (l: string | null, r: string | null): string => (l === 'null' ? (null as never) : `${l}+${r}`)

type Kind = 'join' | 'leftJoin' | 'outerJoin'
const kinds: readonly Kind[] = ['join', 'leftJoin', 'outerJoin']

function join(
  kind: Kind,
  one: KTable<string, string>,
  other: KTable<string, string>,
  options?: { store: string },
): KTable<string, string> {
  switch (kind) {
    case 'join':
      return one.join(other, joined, options)
    case 'leftJoin':
      return one.leftJoin(other, joined, options)
    case 'outerJoin':
      return one.outerJoin(other, joined, options)
  }
}

/** A scenario for each kind of join. */
function each(
  name: string,
  build: (
    app: Topology,
    join: (one: KTable<string, string>, other: KTable<string, string>) => KTable<string, string>,
  ) => void,
): Scenario[] {
  return kinds.map((kind) => ({
    name: `${kind}: ${name}`,
    input: three,
    build: (app) => build(app, (one, other) => join(kind, one, other)),
  }))
}

export const tableJoins: ScenarioGroup = {
  name: 'table-joins',
  javaClass: 'TableJoins',
  scenarios: readInput([
    ...each('two topics', (app, joinOf) => joinOf(app.table(left), app.table(right)).to(out)),
    ...kinds.map(
      (kind): Scenario => ({
        name: `${kind}: with a store`,
        input: both,
        build: (app) => join(kind, app.table(left), app.table(right), { store: 'joined' }).to(out),
      }),
    ),
    ...each('filtered and mapped sides', (app, joinOf) => {
      const one = app.table(left).filter((row) => row !== 'L2')
      const other = app.table(right).mapValues((row) => (row === 'R2' ? null : row.toLowerCase()))
      joinOf(one, other).to(out)
    }),
    ...each('a filter of the result', (app, joinOf) => {
      joinOf(app.table(left), app.table(right))
        .filter((row) => !row.includes('L2'))
        .to(out)
    }),
    ...each('regrouped result', (app, joinOf) => {
      joinOf(app.table(left), app.table(right))
        .groupBy((row, key) => [row.slice(0, 2), key] as const, { name: 'by-left', value: serdes.string })
        .reduce({ add: (all, key) => `${all}+${key}`, subtract: (all, key) => `${all}-${key}`, store: 'keys' })
        .to(out)
    }),
    ...each('the result of a join', (app, joinOf) => {
      joinOf(joinOf(app.table(left), app.table(right)), app.table(third)).to(out)
    }),
    {
      name: 'join: a table with itself',
      input: both,
      build: (app) => {
        const table = app.table(left)
        table.join(table, joined).to(out)
      },
    },
    {
      name: 'join: an aggregate',
      input: both,
      build: (app) => {
        const last = app
          .stream(left, { tombstones: true })
          .groupBy((_value, key) => key, { name: 'again' })
          .aggregate({ initial: '', store: 'all' }, (all, value) => `${all}${value}`)
        last.leftJoin(app.table(right), joined, { store: 'joined' }).to(quoted)
      },
    },
  ]),
}
