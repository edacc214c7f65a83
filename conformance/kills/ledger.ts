import { type Payment, refundWithinMs, windowMs } from './bank-app.ts'

export type TimedPayment = Payment & { readonly timestampMs: number }

interface Step {
  readonly count: number
  readonly cents: number
}

/** What was written to the bank's topics, and what must come of it: worked out here, record by record, without Millrace. */
export class Ledger {
  /** By account, in the order in which they were written. */
  readonly payments = new Map<string, TimedPayment[]>()
  readonly refunds = new Map<string, { readonly cents: number; readonly timestampMs: number }>()
  /** By key, the version that was written last; versions are counted from 1. */
  readonly accounts = new Map<string, number>()
  readonly customers = new Map<string, number>()
  readonly orders = new Map<string, { readonly customer: string; readonly version: number }>()
  readonly #windows = new Map<string, Step[]>()
  readonly #sums = new Map<string, Step[]>()
  paymentCount = 0

  pay(account: string, cents: number, timestampMs: number): TimedPayment {
    const before = this.payments.get(account) ?? []
    const place = before.length + 1
    const payment = { id: `${account}-${place}`, account, place, cents, timestampMs }
    this.payments.set(account, before)
    before.push(payment)
    this.paymentCount++
    addStep(this.#sums, account, cents)
    addStep(this.#windows, `${account}/${timestampMs - (timestampMs % windowMs)}`, cents)
    return payment
  }

  /** What the account has after its first `count` payments; undefined where there were never so many. */
  sumAfter(account: string, count: number): number | undefined {
    return this.#sums.get(account)?.[count - 1]?.cents
  }

  countOf(account: string): number {
    return this.payments.get(account)?.length ?? 0
  }

  /** By account: the steps that its sums go through. */
  get sums(): ReadonlyMap<string, readonly Step[]> {
    return this.#sums
  }

  /** The same by `account/start of the window`. */
  get windows(): ReadonlyMap<string, readonly Step[]> {
    return this.#windows
  }

  /** Payments with a refund that is near enough. */
  refunded(): Map<string, { readonly paid: number; readonly refunded: number }> {
    const found = new Map<string, { readonly paid: number; readonly refunded: number }>()
    for (const payment of [...this.payments.values()].flat()) {
      const refund = this.refunds.get(payment.id)
      if (refund === undefined || Math.abs(refund.timestampMs - payment.timestampMs) > refundWithinMs) continue
      found.set(payment.id, { paid: payment.cents, refunded: refund.cents })
    }
    return found
  }
}

function addStep(steps: Map<string, Step[]>, key: string, cents: number): void {
  const before = steps.get(key) ?? []
  const last = before.at(-1)
  steps.set(key, before)
  before.push({ count: (last?.count ?? 0) + 1, cents: (last?.cents ?? 0) + cents })
}
