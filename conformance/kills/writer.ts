import { setTimeout as delay } from 'node:timers/promises'
import { type Random, randomInt } from '@millrace/base'
import type { AnyTopicContract, TopicContract } from '@millrace/contracts'
import type { KafkaClient, Producer } from '@millrace/kafka'
import type { WrittenRecord } from '@millrace/query'
import { bankTopics } from './bank-app.ts'
import { Ledger } from './ledger.ts'

export const partitions = 4
export const accountCount = 24
const customerCount = 10
const orderCount = 40
const tickMs = 25
/** One payment in so many is given back. */
const refundedOneIn = 4

export interface WriterOptions {
  readonly client: KafkaClient
  readonly name: string
  readonly random: Random
  readonly paymentsPerSecond: number
}

/** Goes on writing to the bank's topics, and keeps book of it. */
export class Writer {
  readonly ledger = new Ledger()
  /** The last payment of each account that the broker has taken, with its place. */
  readonly taken = new Map<string, { readonly at: WrittenRecord; readonly place: number }>()
  readonly #options: WriterOptions
  readonly #topics: ReturnType<typeof bankTopics>
  readonly #producer: Producer
  readonly #stop = new AbortController()
  readonly #sent: Promise<unknown>[] = []
  readonly #toRefund: string[] = []
  #running: Promise<void> | undefined
  #atMs = 0

  constructor(options: WriterOptions) {
    this.#options = options
    this.#topics = bankTopics(options.name)
    this.#producer = options.client.producer({ lingerMs: 5, deliveryTimeoutMs: 1_800_000 })
  }

  /** Tables first: what looks rows up finds them, however fast payments come. */
  async begin(): Promise<void> {
    for (let i = 0; i < accountCount; i++) this.#setAccount(`a${i}`)
    for (let i = 0; i < customerCount; i++) this.#setCustomer(`c${i}`)
    await this.#settle()
  }

  run(): void {
    this.#running = this.#write()
    // `end` tells; a round that fails for another reason does not get there.
    this.#running.catch(() => undefined)
  }

  /** Writes no more, whatever becomes of what was sent. */
  abandon(): void {
    this.#stop.abort()
  }

  /** Stops writing; resolves when the broker has taken everything. */
  async end(): Promise<void> {
    this.#stop.abort()
    await this.#running
    for (const id of this.#toRefund.splice(0)) this.#refund(id)
    await this.#settle()
    await this.#producer.close()
  }

  async #write(): Promise<void> {
    const { random, paymentsPerSecond } = this.#options
    for (let due = 0, lastMs = performance.now(); !this.#stop.signal.aborted; ) {
      // After a pause of the machine it does not catch up.
      const nowMs = performance.now()
      due += (Math.min(nowMs - lastMs, 10 * tickMs) * paymentsPerSecond) / 1_000
      lastMs = nowMs
      for (; due >= 1; due--) this.#pay(`a${randomInt(random, accountCount)}`)
      if (randomInt(random, 4) === 0) this.#order(`o${randomInt(random, orderCount)}`)
      if (randomInt(random, 16) === 0) this.#setCustomer(`c${randomInt(random, customerCount)}`)
      if (randomInt(random, 32) === 0) this.#setAccount(`a${randomInt(random, accountCount)}`)
      if (this.#toRefund.length > 200) for (const id of this.#toRefund.splice(0, 20)) this.#refund(id)
      if (this.#sent.length > 2_000) await this.#settle()
      await delay(tickMs)
    }
  }

  #pay(account: string): void {
    const { random } = this.#options
    const payment = this.ledger.pay(account, 1 + randomInt(random, 10_000), this.#now())
    const { timestampMs, ...value } = payment
    const partition = partitionOf(account)
    const sent = this.#send(this.#topics.payments, payment.id, value, timestampMs, partition)
    const { place } = payment
    const noted = sent.then(({ offset }) => {
      const at = { topic: this.#topics.payments.name, partition, offset }
      if (offset >= 0 && place > (this.taken.get(account)?.place ?? 0)) this.taken.set(account, { at, place })
    })
    this.#keep(noted)
    if (randomInt(random, refundedOneIn) === 0) this.#toRefund.push(payment.id)
  }

  #refund(id: string): void {
    const timestampMs = this.#now()
    const cents = 1 + randomInt(this.#options.random, 100)
    this.ledger.refunds.set(id, { cents, timestampMs })
    this.#keep(this.#send(this.#topics.refunds, id, { cents }, timestampMs, partitionOf(id.split('-')[0]!)))
  }

  #setAccount(key: string): void {
    const version = (this.ledger.accounts.get(key) ?? 0) + 1
    this.ledger.accounts.set(key, version)
    this.#keep(this.#send(this.#topics.accounts, key, { country: `${key}-${version}`, version }, this.#now()))
  }

  #setCustomer(key: string): void {
    const version = (this.ledger.customers.get(key) ?? 0) + 1
    this.ledger.customers.set(key, version)
    this.#keep(this.#send(this.#topics.customers, key, { version }, this.#now()))
  }

  #order(key: string): void {
    const version = (this.ledger.orders.get(key)?.version ?? 0) + 1
    const order = { customer: `c${randomInt(this.#options.random, customerCount)}`, version }
    this.ledger.orders.set(key, order)
    this.#keep(this.#send(this.#topics.orders, key, order, this.#now()))
  }

  /** Never goes back, whatever the clock does. */
  #now(): number {
    this.#atMs = Math.max(this.#atMs, Date.now())
    return this.#atMs
  }

  #send<V>(to: TopicContract<string, V>, key: string, value: V, timestamp: number, partition?: number) {
    const bytes = { key: Buffer.from(to.key.serialize(key)), value: Buffer.from(to.value.serialize(value)) }
    return this.#producer.send({ topic: to.name, ...bytes, timestamp, ...(partition !== undefined && { partition }) })
  }

  #keep(sent: Promise<unknown>): void {
    sent.catch(() => undefined)
    this.#sent.push(sent)
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#sent.splice(0))
  }
}

function partitionOf(account: string): number {
  return Number(account.slice(1)) % partitions
}

export async function createBankTopics(
  client: KafkaClient,
  name: string,
  config: Readonly<Record<string, string>> = { 'retention.ms': '-1' },
): Promise<void> {
  const topics: AnyTopicContract[] = Object.values(bankTopics(name))
  const { accounts, orders, customers } = bankTopics(name)
  const tables = new Set<string>([accounts.name, orders.name, customers.name])
  await client.admin.createTopics(
    topics.map((each) => ({
      name: each.name,
      partitions,
      config: { ...config, ...(tables.has(each.name) && { 'cleanup.policy': 'compact' }) },
    })),
  )
}
