import { serdes } from '@millrace/contracts'
import { texts } from '../contracts.ts'
import { record, type Scenario, type ScenarioGroup, withOtherInputs } from '../scenario.ts'

const orders = texts('orders')
const customers = texts('customers')
const out = texts('out')

/** Rows are `<foreign key>:<text>`; `-` points nowhere. */
const both = [
  record(orders, 'o1', 'a:one', 10, { trace: 'o1' }),
  record(customers, 'a', 'Ann', 5, { trace: 'a' }),
  record(orders, 'o2', 'a:two', 7, { trace: 'o2' }),
  record(orders, 'o3', 'b:three', 20),
  record(customers, 'a', 'Anna', 30),
  record(orders, 'o1', 'a:uno', 8),
  record(orders, 'o1', 'b:uno', 31),
  record(orders, 'o2', '-:two', 32),
  record(orders, 'o4', '-:four', 33),
  record(orders, 'o4', 'a:four', 34),
  record(customers, 'b', 'Bob', 35),
  record(orders, 'o3', null, 36),
  record(orders, 'o5', null, 37),
  record(customers, 'b', null, 38),
  record(customers, 'c', null, 39),
  record(orders, 'o1', 'null:uno', 40),
  record(customers, 'null', 'Nil', 41),
  record(orders, 'o1', null, 42),
  record(orders, null, 'a:none', 43),
  record(customers, null, 'none', 44),
  record(orders, 'o4', 'aa:four', 45),
  record(customers, 'aa', 'Aaron', 46),
]

const pointsAt = (order: string): string | null => (order.startsWith('-') ? null : order.slice(0, order.indexOf(':')))
const joined = (order: string, customer: string | null): string =>
  order.startsWith('null') && customer === 'Nil' ? (null as never) : `${order}+${customer}`

type Options = {
  readonly name?: string
  readonly store?: string
  readonly foreignKey?: (order: string, key: string) => string | null
}

function each(name: string, { foreignKey = pointsAt, ...options }: Options): Scenario[] {
  return (['join', 'leftJoin'] as const).map((kind) => ({
    name: `${kind}: ${name}`,
    input: both,
    build: (app) => {
      const rows = app.table(orders)
      const others = app.table(customers)
      const all = { foreignKey, value: serdes.string, ...options }
      const result = kind === 'join' ? rows.join(others, joined, all) : rows.leftJoin(others, joined, all)
      result.to(out)
    },
  }))
}

/** Rows that point at what is gone, or was never there, over and over. */
const gone = [
  record(orders, 'o1', 'a:one', 10),
  record(customers, 'a', null, 20),
  record(orders, 'o1', 'a:two', 30),
  record(orders, 'o1', 'a:one', 40),
  record(customers, 'a', 'Ann', 50),
  record(orders, 'o2', 'a:one', 55),
  record(customers, 'a', null, 60),
  record(orders, 'o1', 'a:two', 70),
  record(orders, 'o2', null, 80),
  record(orders, 'o2', 'a:two', 90),
  record(orders, 'o2', 'b:two', 100),
  record(orders, 'o2', 'b:three', 110),
  record(customers, 'a', null, 120),
]

/** Both sides are out of order, and late for what they meet. */
const outOfOrder = [
  record(orders, 'o1', 'a:one', 50),
  record(customers, 'a', 'Ann', 30),
  record(customers, 'a', 'Anna', 10),
  record(orders, 'o1', 'a:two', 5),
  record(customers, 'b', 'Bob', 200),
  record(customers, 'b', 'Bill', 100),
  record(orders, 'o1', 'b:two', 90),
  record(customers, 'b', null, 20),
  record(customers, 'b', 'Ben', 15),
]

const kinds = ['join', 'leftJoin'] as const

export const foreignKeyJoins: ScenarioGroup = withOtherInputs(
  {
    name: 'foreign-key-joins',
    javaClass: 'ForeignKeyJoins',
    scenarios: [
      ...each('no names', {}),
      ...each('names', { name: 'who', store: 'result' }),
      ...each('by key and value', { foreignKey: (order, key) => (key === 'o2' ? 'b' : pointsAt(order)) }),
      {
        name: 'join: of filtered tables, grouped',
        input: both,
        build: (app) => {
          const rows = app.table(orders).filter((order) => order !== 'a:two')
          const others = app.table(customers).filter((customer) => customer !== 'Aaron')
          rows
            .join(others, joined, {
              foreignKey: pointsAt,
              value: serdes.string,
            })
            .groupBy((result) => [result.slice(result.indexOf('+') + 1), result], { name: 'by-customer' })
            .count({ store: 'counts' })
            .mapValues((count) => String(count), { value: serdes.string })
            .to(out)
        },
      },
    ],
  },
  [
    ...kinds.map((kind) => ({
      of: `${kind}: no names`,
      name: `${kind}: rows that point at what is gone`,
      input: gone,
    })),
    ...kinds.map((kind) => ({ of: `${kind}: no names`, name: `${kind}: both sides out of order`, input: outOfOrder })),
  ],
)
