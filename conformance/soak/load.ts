import { setTimeout as delay } from 'node:timers/promises'
import type { KafkaClient, Producer } from '@millrace/kafka'
import { bankTopics } from '../kills/bank-app.ts'
import { partitions } from '../kills/writer.ts'

const accounts = 2_000
const customers = 50
const orders = 2_000
const tickMs = 20
const refundedOneIn = 10
const waitingMax = 20_000

/** Payments, refunds and orders of a bounded number of accounts, at a steady rate; keeps no book but counts. */
export class Load {
  readonly counts = new Map<string, number>()
  sent = 0
  readonly #producer: Producer
  readonly #topics: ReturnType<typeof bankTopics>
  readonly #perSecond: number
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #failure: unknown
  #waiting = 0

  constructor(client: KafkaClient, name: string, perSecond: number) {
    this.#producer = client.producer({ lingerMs: 5, deliveryTimeoutMs: 1_800_000 })
    this.#topics = bankTopics(name)
    this.#perSecond = perSecond
  }

  async begin(): Promise<void> {
    for (let i = 0; i < accounts; i++) this.#send(this.#topics.accounts.name, `a${i}`, { country: 'AT', version: 1 })
    for (let i = 0; i < customers; i++) this.#send(this.#topics.customers.name, `c${i}`, { version: 1 })
    await this.#settle()
    this.#running = this.#run()
  }

  /** Resolves when the broker has taken everything. */
  async end(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.#settle()
    await this.#producer.close()
  }

  async #run(): Promise<void> {
    for (let due = 0, lastMs = performance.now(); !this.#stop.signal.aborted; ) {
      const nowMs = performance.now()
      due += (Math.min(nowMs - lastMs, 5 * tickMs) * this.#perSecond) / 1_000
      lastMs = nowMs
      for (; due >= 1; due--) this.#one()
      if (this.#waiting > waitingMax) await this.#settle()
      if (this.#failure !== undefined) throw this.#failure
      await delay(tickMs)
    }
  }

  #one(): void {
    const { payments, refunds, orders: placed } = this.#topics
    const number = Math.floor(Math.random() * accounts)
    const account = `a${number}`
    const place = (this.counts.get(account) ?? 0) + 1
    this.counts.set(account, place)
    const partition = number % partitions
    const id = `${account}-${place}`
    this.#send(payments.name, id, { id, account, place, cents: 100 }, partition)
    if (place % refundedOneIn === 0) this.#send(refunds.name, id, { cents: 1 }, partition)
    if (place % 10 === 5) {
      const order = { customer: `c${number % customers}`, version: place }
      this.#send(placed.name, `o${number % orders}`, order)
    }
    this.sent++
  }

  #send(topic: string, key: string, value: object, partition?: number): void {
    this.#waiting++
    const bytes = { key: Buffer.from(key), value: Buffer.from(JSON.stringify(value)) }
    this.#producer.send({ topic, ...bytes, ...(partition !== undefined && { partition }) }).then(
      () => this.#waiting--,
      (error: unknown) => {
        this.#waiting--
        this.#failure ??= error
      },
    )
  }

  async #settle(): Promise<void> {
    while (this.#waiting > 0 && this.#failure === undefined) await delay(10)
    if (this.#failure !== undefined) throw this.#failure
  }
}
