import { serdes } from '@millrace/contracts'
import { texts } from '../contracts.ts'
import { record, type Scenario, type ScenarioGroup } from '../scenario.ts'

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

export const foreignKeyJoins: ScenarioGroup = {
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
}
