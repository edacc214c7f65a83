import { type Random, randomInt } from '@millrace/base'
import { country, customer, type Order, order, payment } from './contracts.ts'

/** A record of an input, with the time that it is of. */
export interface Placed {
  readonly topic: string
  readonly key: string
  readonly value: object | null
  readonly timestampMs: number
}

export type PlacedOrder = Order & { readonly timestampMs: number }

export const dayMs = 86_400_000
/** When the clocks of all stand at. */
export const startMs = 1_700_000_000_000
/** How far records of a round lie apart at most; what is no later than this late is not late in any application. */
export const roundMs = 30 * dayMs
export const graceMs = 2 * roundMs
/** From round to round: what closes one leaves all of its windows behind. */
const roundEveryMs = 101 * dayMs
const closingAfterMs = 100 * dayMs
export const rounds = 2
const firstRoundMs = startMs - rounds * roundEveryMs
/** What is from this time on is past no application's retention in the end. */
export const liveFromMs = firstRoundMs + (rounds - 1) * roundEveryMs + closingAfterMs - graceMs

export const customerCount = 12
const countries = ['AT', 'CH', 'DE']
/** Enough of them that some lie in every partition, whatever they are keyed by. */
const closers = 8

/** Keys of records that are there to move time on; what comes of them is not looked at. */
export const isCloser = (key: string): boolean => key.startsWith('z')

/** What lies in the tables' topics before the application starts: long before all else, further back than any retention. */
export function firstEvents(): Placed[] {
  const timestampMs = firstRoundMs - 365 * dayMs
  const own = Array.from({ length: customerCount }, (_, i) => [`c${i}`, countries[i % countries.length]!] as const)
  const closing = Array.from({ length: closers }, (_, i) => [`z${i}`, `z${i}`] as const)
  return [
    ...countries.map((key) => ({ topic: country.name, key, value: { name: `${key}!` }, timestampMs })),
    ...[...own, ...closing].map(([key, where]) => ({
      topic: customer.name,
      key,
      value: { country: where },
      timestampMs,
    })),
  ]
}

/** A month of orders, payments and customers that move, come and go; their time only goes on. */
export function roundEvents(random: Random, round: number, orders: number): Placed[] {
  const events: Placed[] = []
  let timestampMs = firstRoundMs + round * roundEveryMs
  const someone = (): string => `c${randomInt(random, customerCount)}`
  for (let i = 0; i < orders; i++) {
    timestampMs += randomInt(random, Math.floor(roundMs / orders))
    if (random.next() < 0.25) {
      const moved = random.next() < 0.25 ? null : { country: countries[randomInt(random, countries.length)]! }
      events.push({ topic: customer.name, key: someone(), value: moved, timestampMs })
      timestampMs += randomInt(random, 1_000)
    }
    const id = `o${round}-${i}`
    const value = { id, customer: someone(), cents: 1 + randomInt(random, 10_000) }
    events.push({ topic: order.name, key: id, value, timestampMs })
    while (random.next() < 0.45) {
      timestampMs += randomInt(random, dayMs / 8)
      const key = random.next() < 0.1 ? `x${events.length}` : id
      const paid = { id: `p${round}-${events.length}`, cents: 1 + randomInt(random, 10_000) }
      events.push({ topic: payment.name, key, value: paid, timestampMs })
    }
  }
  return events
}

/** Orders so late that they close all windows of the round in every partition. */
export function closingEvents(round: number): Placed[] {
  const atMs = firstRoundMs + round * roundEveryMs + closingAfterMs
  return Array.from({ length: closers }, (_, i) => {
    const id = `z${round}-${i}`
    return { topic: order.name, key: id, value: { id, customer: `z${i}`, cents: 9_000 }, timestampMs: atMs + i }
  })
}

export function ordersOf(events: readonly Placed[]): PlacedOrder[] {
  return events.flatMap(({ topic, value, timestampMs }) =>
    topic === order.name ? [{ ...(value as Order), timestampMs }] : [],
  )
}

/** Where customers are in the end. */
export function countriesOf(events: readonly Placed[]): ReadonlyMap<string, string> {
  const countries = new Map<string, string>()
  for (const { topic, key, value } of events) {
    if (topic !== customer.name) continue
    if (value === null) countries.delete(key)
    else countries.set(key, (value as { country: string }).country)
  }
  return countries
}
