import { isDeepStrictEqual } from 'node:util'
import { queryClient } from 'millrace'
import { countries, customerOrders, revenue, unknownCountry } from './contracts.ts'
import type { Databases, OrderSums } from './databases.ts'
import { deadLetters } from './dead-letters.ts'
import { openViolations } from './open-violations.ts'

/** One statement about the whole shop that must hold once everything has drained. */
export interface Check {
  readonly name: string
  readonly expected: unknown
  readonly actual: unknown
}

export interface CheckContext {
  readonly brokers: string
  readonly stateUrls: readonly string[]
  readonly databases: Databases
  /** Orders that the service has said it took. */
  readonly acceptedOrders: number
  /** An order that was placed for a customer who never existed. */
  readonly plantedOrder: string
  /** Undecodable records that the load generator slipped in. */
  readonly poisonRecords: number
}

export function holds(check: Check): boolean {
  return isDeepStrictEqual(check.actual, check.expected)
}

/** Compares source database, state of every instance, windows, reporting database, dead letters and referential integrity. */
export async function runChecks(context: CheckContext): Promise<Check[]> {
  const { brokers, stateUrls, databases, acceptedOrders, poisonRecords, plantedOrder } = context
  const source = await databases.source()
  const checks: Check[] = [
    // Everything else is compared with this database: were it empty, all of it would agree.
    { name: 'accepted orders', expected: acceptedOrders + 1, actual: source.placed.orders },
    { name: 'orders in reporting', expected: source, actual: await databases.reporting() },
    { name: 'orders without a customer', expected: [], actual: await databases.orphans() },
    { name: 'the order that was planted', expected: 'cancelled', actual: await databases.orderStatus(plantedOrder) },
    { name: 'references that lead nowhere', expected: [], actual: await openViolations(brokers) },
    { name: 'dead letters', expected: poisonRecords, actual: await deadLetters(brokers, 'order') },
  ]
  for (const [instance, url] of stateUrls.entries()) {
    const at = `asked of instance ${instance + 1}`
    checks.push({ name: `totals per customer, ${at}`, expected: source, actual: await customerTotals(url) })
    for (const store of ['revenue-minute', 'revenue-hour', 'revenue-day', 'revenue-week'] as const) {
      checks.push({ name: `${store}, ${at}`, expected: source.placed, actual: await windowTotal(url, store) })
    }
  }
  return checks
}

async function customerTotals(url: string): Promise<OrderSums> {
  const state = queryClient({ url, stores: { 'customer-orders': customerOrders } })
  const sums = { placed: { orders: 0, cents: 0 }, cancelled: { orders: 0, cents: 0 } }
  for await (const { value } of state['customer-orders'].range()) {
    sums.placed.orders += value.orders
    sums.placed.cents += value.revenueCents
    sums.cancelled.orders += value.cancelledOrders
    sums.cancelled.cents += value.cancelledCents
  }
  return sums
}

type RevenueStore = 'revenue-minute' | 'revenue-hour' | 'revenue-day' | 'revenue-week'

async function windowTotal(url: string, store: RevenueStore): Promise<{ orders: number; cents: number }> {
  const state = queryClient({ url, stores: { [store]: revenue } as Record<RevenueStore, typeof revenue> })
  const total = { orders: 0, cents: 0 }
  for (const country of [...countries, unknownCountry]) {
    for (const { value } of await state[store].window(country, { from: 0, to: Number.MAX_SAFE_INTEGER })) {
      total.orders += value.orders
      total.cents += value.cents
    }
  }
  return total
}
