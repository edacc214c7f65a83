import type { Order } from '../contracts.ts'
import { countriesOf, dayMs, type Placed, type PlacedOrder } from '../events.ts'
import type { Output } from '../simulated-application.ts'

export interface Totals {
  readonly orders: number
  readonly cents: number
}

export const windows = [
  { store: 'revenue-minute', sizeMs: 60_000 },
  { store: 'revenue-hour', sizeMs: 3_600_000 },
  { store: 'revenue-day', sizeMs: dayMs },
  { store: 'revenue-week', sizeMs: 7 * dayMs },
] as const

export const none: Totals = { orders: 0, cents: 0 }
export const add = (sum: Totals, { cents }: { readonly cents: number }): Totals => ({
  orders: sum.orders + 1,
  cents: sum.cents + cents,
})

/** What the application must have said when all orders are through, worked out without it. */
interface Expected {
  readonly views: ReadonlyMap<string, Order & { readonly country: string }>
  readonly totals: ReadonlyMap<string, Totals>
  readonly revenue: ReadonlyMap<string, Totals>
}

export function expectedOf(orders: readonly PlacedOrder[], events: readonly Placed[]): Expected {
  const countries = countriesOf(events)
  const views = new Map<string, Order & { country: string }>()
  const totals = new Map<string, Totals>()
  const revenue = new Map<string, Totals>()
  for (const { timestampMs, ...order } of orders) {
    const country = countries.get(order.customer)
    if (country === undefined) continue
    views.set(order.id, { ...order, country })
    totals.set(order.customer, add(totals.get(order.customer) ?? none, order))
    for (const { store, sizeMs } of windows) {
      const key = `${store}/${country}/${timestampMs - (timestampMs % sizeMs)}`
      revenue.set(key, add(revenue.get(key) ?? none, order))
    }
  }
  return { views, totals, revenue }
}

/** Everything in which the committed output differs from a run without crashes; empty when exactly-once held. */
export function shopDifferences(outputs: readonly Output[], expected: Expected): string[] {
  return [
    ...onceEach(outputs, 'order-view', expected.views),
    ...growing(outputs, 'totals', expected.totals),
    ...growing(outputs, 'revenue', expected.revenue),
  ]
}
function onceEach(outputs: readonly Output[], topic: string, expected: ReadonlyMap<string, unknown>): string[] {
  const found = new Map<string, unknown[]>()
  for (const output of outputs) {
    if (output.topic === topic) found.set(output.key, [...(found.get(output.key) ?? []), output.value])
  }
  const problems = [...found.keys()]
    .filter((key) => !expected.has(key))
    .map((key) => `${topic}: ${key} is not expected`)
  for (const [key, value] of expected) {
    const values = found.get(key) ?? []
    if (values.length !== 1) problems.push(`${topic}: ${key} was written ${values.length} times`)
    else if (!same(values[0], value)) problems.push(`${topic}: ${key} is ${JSON.stringify(values[0])}`)
  }
  return problems
}

/** Caching decides how many updates there are; but each says more than the one before, and the last says all. */
function growing(outputs: readonly Output[], topic: string, expected: ReadonlyMap<string, Totals>): string[] {
  const problems: string[] = []
  const last = new Map<string, Totals>()
  for (const { topic: where, key, value } of outputs) {
    if (where !== topic) continue
    const before = last.get(key)?.orders ?? 0
    const now = value as Totals
    if (now.orders <= before) problems.push(`${topic}: ${key} went from ${before} orders to ${now.orders}`)
    last.set(key, now)
  }
  for (const key of new Set([...last.keys(), ...expected.keys()])) {
    if (same(last.get(key), expected.get(key))) continue
    problems.push(`${topic}: ${key} ends at ${JSON.stringify(last.get(key))}, not ${JSON.stringify(expected.get(key))}`)
  }
  return problems
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
