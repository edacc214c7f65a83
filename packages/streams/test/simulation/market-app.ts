import { serdes, topic } from '@millrace/contracts'
import { joinWindows, sessionWindow, type Topology, topology } from '@millrace/streams'
import type { Output, PlacedOrder } from './expectations.ts'
import { customer, type Order, order } from './shop-app.ts'

const dayMs = 86_400_000
/** Longer than all that happens: nothing is late. */
const graceMs = 60 * dayMs
const withinMs = dayMs
const gapMs = 2 * dayMs
const isLarge = ({ cents }: { readonly cents: number }): boolean => cents > 7_000

/** Every pair of an order and a large one of the same customer within a day, once. */
export const pairs = topic('pairs', { key: serdes.string, value: serdes.json<{ first: string; second: string }>() })
/** Orders of a customer's session; null when the session has become part of a longer one. */
export const sessions = topic('sessions', { key: serdes.string, value: serdes.json<number>() })
/** Every order with its customer's country, joined as tables. */
export const placed = topic('placed', { key: serdes.string, value: serdes.json<{ country: string; cents: number }>() })

/** The market: two streams joined, sessions that merge, and a table joined by a foreign key. */
export function marketApp(): Topology {
  const app = topology('market')
  const orders = app.stream(order)
  const customers = app.table(customer, { store: 'customers' })
  const byCustomer = orders.selectKey((o): string => o.customer, { name: 'by-customer' })
  byCustomer
    .join(byCustomer.filter(isLarge), (a, b) => ({ first: a.id, second: b.id }), {
      within: joinWindows({ beforeMs: withinMs, afterMs: withinMs, graceMs }),
      name: 'pair',
    })
    .selectKey((pair): string => `${pair.first}/${pair.second}`)
    .to(pairs)
  byCustomer
    .groupByKey()
    .window(sessionWindow({ gapMs, graceMs }))
    .aggregate({ initial: 0, store: 'sessions', merge: (a: number, b: number) => a + b }, (count: number) => count + 1)
    .toStream({ tombstones: true })
    .selectKey((_, windowed): string => `${windowed.key}/${windowed.window.start}/${windowed.window.end}`)
    .to(sessions)
  orders
    .toTable({ store: 'orders' })
    .join(customers, (o, c) => ({ country: c.country, cents: o.cents }), {
      foreignKey: (o: Order): string => o.customer,
      name: 'with-customer',
    })
    .toStream({ tombstones: false })
    .to(placed)
  return app
}

/** Everything in which the committed output differs from what the orders say. */
export function marketDifferences(
  outputs: readonly Output[],
  orders: readonly PlacedOrder[],
  countries: ReadonlyMap<string, string>,
): string[] {
  return [
    ...pairProblems(outputs, orders),
    ...sessionProblems(outputs, orders),
    ...placedProblems(outputs, orders, countries),
  ]
}

function pairProblems(outputs: readonly Output[], orders: readonly PlacedOrder[]): string[] {
  const counts = new Map<string, number>()
  for (const { topic: where, key } of outputs) if (where === pairs.name) counts.set(key, (counts.get(key) ?? 0) + 1)
  const expected = new Set<string>()
  for (const first of orders) {
    for (const second of orders) {
      const isNear = Math.abs(first.timestampMs - second.timestampMs) <= withinMs
      if (first.customer === second.customer && isLarge(second) && isNear) expected.add(`${first.id}/${second.id}`)
    }
  }
  const problems = [...counts.keys()].filter((key) => !expected.has(key)).map((key) => `pairs: ${key} is not expected`)
  for (const key of expected) {
    const times = counts.get(key) ?? 0
    if (times !== 1) problems.push(`pairs: ${key} was written ${times} times`)
  }
  return problems
}

function sessionProblems(outputs: readonly Output[], orders: readonly PlacedOrder[]): string[] {
  const expected = new Map<string, number>()
  for (const [who, own] of Map.groupBy(orders, (one) => one.customer)) {
    const times = own.map(({ timestampMs }) => timestampMs).sort((a, b) => a - b)
    let start = 0
    times.forEach((at, i) => {
      const next = times[i + 1]
      if (next !== undefined && next - at <= gapMs) return
      expected.set(`${who}/${times[start]}/${at}`, i - start + 1)
      start = i + 1
    })
  }
  return lastProblems(sessions.name, outputs, expected)
}

function placedProblems(
  outputs: readonly Output[],
  orders: readonly PlacedOrder[],
  countries: ReadonlyMap<string, string>,
): string[] {
  const expected = new Map(orders.map((o) => [o.id, { country: countries.get(o.customer)!, cents: o.cents }]))
  return lastProblems(placed.name, outputs, expected)
}

/** The last that was said of each key; null is as if nothing had been. */
function lastProblems(topicName: string, outputs: readonly Output[], expected: ReadonlyMap<string, unknown>): string[] {
  const last = new Map<string, unknown>()
  for (const { topic: where, key, value } of outputs) if (where === topicName) last.set(key, value)
  return [...new Set([...last.keys(), ...expected.keys()])].flatMap((key) => {
    const found = JSON.stringify(last.get(key) ?? null)
    const wanted = JSON.stringify(expected.get(key) ?? null)
    return found === wanted ? [] : [`${topicName}: ${key} ends at ${found}, not ${wanted}`]
  })
}
