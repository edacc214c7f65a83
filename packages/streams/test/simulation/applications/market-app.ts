import { serdes, topic } from '@millrace/contracts'
import { joinWindows, rangeQuery, sessionRangeQuery, sessionWindow, type Topology, topology } from '@millrace/streams'
import { customer, type Order, order } from '../contracts.ts'
import { dayMs, graceMs, liveFromMs, ordersOf, type PlacedOrder } from '../events.ts'
import type { Output, SimulatedApplication } from '../simulated-application.ts'

const withinMs = dayMs
const gapMs = 2 * dayMs
const isLarge = ({ cents }: { readonly cents: number }): boolean => cents > 7_000

/** Every pair of an order and a large one of the same customer within a day, once. */
const pairs = topic('pairs', { key: serdes.string, value: serdes.json<{ first: string; second: string }>() })
/** Orders of a customer's session; null when the session has become part of a longer one. */
const sessions = topic('sessions', { key: serdes.string, value: serdes.json<number>() })
/** Every order with its customer's country, joined as tables; null while the customer is away. */
const placed = topic('placed', { key: serdes.string, value: serdes.json<{ country: string | null; cents: number }>() })
/** How many customers are in a country. */
const residents = topic('residents', { key: serdes.string, value: serdes.json<number>() })
/** Orders of a customer, with where the customer is; either may be missing. */
const activity = topic('activity', { key: serdes.string, value: serdes.json<unknown>() })

/**
 * Two streams joined, sessions that merge, tables joined by foreign and by own keys, and a table that is regrouped. The
 * customers' table is restored from the topic that it is read from.
 */
function marketApp(): Topology {
  const app = topology('market', { optimize: ['reuse.ktable.source.topics'] })
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
    .leftJoin(customers, (o, c) => ({ country: c?.country ?? null, cents: o.cents }), {
      foreignKey: (o: Order): string => o.customer,
      name: 'with-customer',
    })
    .to(placed)
  customers
    .groupBy((c): [string, number] => [c.country, 1], { name: 'by-country' })
    .count({ store: 'residents' })
    .to(residents)
  byCustomer
    .groupByKey()
    .count({ store: 'counts', storage: 'memory' })
    .outerJoin(customers, (count, c) => ({ count, country: c?.country ?? null }), { store: 'activity' })
    .to(activity)
  return app
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

export const market: SimulatedApplication = {
  id: 'market',
  topology: marketApp,
  inputs: ['customer', 'order'],
  customersMove: true,
  outputs: [
    { contract: pairs, compared: 'own' },
    { contract: sessions, compared: 'own' },
    { contract: placed, compared: 'last' },
    { contract: residents, compared: 'last' },
    { contract: activity, compared: 'last' },
  ],
  reference: 'whole',
  check(outputs, events) {
    const orders = ordersOf(events)
    return [...pairProblems(outputs, orders), ...sessionProblems(outputs, orders)]
  },
  stores: [
    { name: 'customers', queries: [rangeQuery<unknown>({})] },
    { name: 'orders', queries: [rangeQuery<unknown>({})] },
    { name: 'residents', queries: [rangeQuery<unknown>({})] },
    { name: 'counts', queries: [rangeQuery<unknown>({})] },
    { name: 'sessions', queries: [sessionRangeQuery<unknown>({ fromMs: liveFromMs })] },
  ],
}
