import type { Topology } from '@millrace/streams'
import { rangeQuery, type StateQuery, sessionRangeQuery, windowRangeQuery } from '@millrace/streams'
import { differences, expectedOf, type Output, type PlacedOrder } from './expectations.ts'
import { marketApp, marketDifferences, pairs, placed, sessions } from './market-app.ts'
import { orderView, revenue, shopApp, totals } from './shop-app.ts'

/** An application that reads orders and customers, and what it must have said of them. */
export interface SimulatedApplication {
  readonly id: string
  readonly topology: () => Topology
  readonly outputs: readonly string[]
  /** Stores of which copies are compared, and how to read all of them. */
  readonly stores: readonly { readonly name: string; readonly query: StateQuery }[]
  /** Empty when the output is that of a run without crashes. */
  readonly differences: (
    outputs: readonly Output[],
    orders: readonly PlacedOrder[],
    countries: ReadonlyMap<string, string>,
  ) => string[]
}

const always = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }

export const shop: SimulatedApplication = {
  id: 'shop',
  topology: shopApp,
  outputs: [orderView.name, totals.name, revenue.name],
  stores: [
    { name: 'customers', query: rangeQuery<unknown>({}) },
    { name: 'customer-totals', query: rangeQuery<unknown>({}) },
    { name: 'revenue-minute', query: windowRangeQuery<unknown>(always) },
  ],
  differences: (outputs, orders, countries) => differences(outputs, expectedOf(orders, countries)),
}

export const market: SimulatedApplication = {
  id: 'market',
  topology: marketApp,
  outputs: [pairs.name, sessions.name, placed.name],
  stores: [
    { name: 'customers', query: rangeQuery<unknown>({}) },
    { name: 'orders', query: rangeQuery<unknown>({}) },
    { name: 'sessions', query: sessionRangeQuery<unknown>(always) },
  ],
  differences: marketDifferences,
}
