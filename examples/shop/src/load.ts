import { randomInt, seededRandom } from '@millrace/base'
import { kafkaClient, type Producer } from '@millrace/kafka'
import { countries, order } from './contracts.ts'

export interface LoadOptions {
  readonly customersUrl: string
  readonly ordersUrl: string
  readonly brokers: string
  readonly seed: number
  readonly signal: AbortSignal
  /** Place so many, as fast as the services take them. */
  readonly orders?: number
  /** Or go on until the signal, at this pace. */
  readonly ordersPerSecond?: number
}

export interface LoadTotals {
  readonly customers: number
  readonly deletedCustomers: number
  readonly orders: number
  /** Undecodable records written to the topic of orders. */
  readonly poison: number
  /** Requests that were repeated, because a service was away or did not know the customer yet. */
  readonly retries: number
}

export interface Load {
  readonly totals: LoadTotals
  /** The totals when everything was placed, or when the signal came. */
  readonly done: Promise<LoadTotals>
}

const customersAtFirst = 40
const shoppers = 12
/** One order in so many is followed by something else, too. */
const ordersPerNewCustomer = 40
const ordersPerDeletion = 80
const ordersPerPoison = 250
const customersMin = 10
const retryDelayMs = 100
const requestTimeoutMs = 10_000
/** A request is repeated for so long; by then a service that was killed has been back for a while. */
const patienceMs = 90_000

/** Customers, orders, deletions and a few poison records, as a seed says; the services decide how they interleave. */
export function startLoad(options: LoadOptions): Load {
  const load = new LoadGenerator(options)
  return { totals: load.totals, done: load.run() }
}

class LoadGenerator {
  readonly totals = { customers: 0, deletedCustomers: 0, orders: 0, poison: 0, retries: 0 }
  readonly #options: LoadOptions
  readonly #random
  readonly #customers: string[] = []
  #begun = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
  }

  async run(): Promise<LoadTotals> {
    const { signal, brokers } = this.#options
    await using client = kafkaClient({ brokers, clientId: 'shop-load' })
    const producer = client.producer({})
    try {
      for (let i = 0; i < customersAtFirst; i++) await this.#register()
      await this.#slipIn(producer)
      await Promise.all(Array.from({ length: shoppers }, () => this.#shop(producer)))
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      await producer.close()
    }
    return this.totals
  }

  async #shop(producer: Producer): Promise<void> {
    const { orders = Number.POSITIVE_INFINITY, ordersPerSecond, signal } = this.#options
    const startMs = Date.now()
    while (this.#begun < orders && !signal.aborted) {
      const turn = this.#begun++
      if (ordersPerSecond !== undefined) await pause(startMs + (turn * 1000) / ordersPerSecond - Date.now(), signal)
      await this.#order()
      if (turn % ordersPerNewCustomer === 1) await this.#register()
      if (turn % ordersPerDeletion === 2) await this.#remove()
      if (turn % ordersPerPoison === 3) await this.#slipIn(producer)
    }
  }

  /** Registers a customer and waits until the orders service has heard of it. */
  async #register(): Promise<void> {
    const id = this.#uuid()
    const name = `Customer ${this.totals.customers + 1}`
    const country = countries[randomInt(this.#random, countries.length)]
    await this.#request('POST', `${this.#options.customersUrl}/customers`, { id, name, country })
    this.totals.customers += 1
    this.#customers.push(id)
  }

  /** Places one order; when its customer is deleted at the same moment, another customer places it. */
  async #order(): Promise<void> {
    const id = this.#uuid()
    const amountCents = 100 + randomInt(this.#random, 20_000)
    for (;;) {
      const customerId = this.#customers[randomInt(this.#random, this.#customers.length)]
      const answer = await this.#request('POST', `${this.#options.ordersUrl}/orders`, { id, customerId, amountCents })
      if (answer.status === 409) continue
      this.totals.orders += 1
      return
    }
  }

  async #remove(): Promise<void> {
    if (this.#customers.length <= customersMin) return
    const [id] = this.#customers.splice(randomInt(this.#random, this.#customers.length), 1)
    await this.#request('DELETE', `${this.#options.customersUrl}/customers/${id}`)
    this.totals.deletedCustomers += 1
  }

  /** Writes what no reader of orders can decode, past the service, as a faulty producer would. */
  async #slipIn(producer: Producer): Promise<void> {
    const poisons = [
      Buffer.from('{"orderId": "cut off'),
      Buffer.from([0xff, 0xfe, 0x00, 0x80]),
      Buffer.from('{"orderId": 7, "amountCents": "a lot"}'),
      Buffer.from('not JSON at all'),
    ]
    const value = poisons[randomInt(this.#random, poisons.length)] as Buffer
    await producer.send({ topic: order.name, key: Buffer.from(this.#uuid()), value })
    this.totals.poison += 1
  }

  /** Repeats a request while the service is away, and while it has not heard of the customer. Answers come from the service. */
  async #request(method: 'POST' | 'DELETE', url: string, body?: object): Promise<Response> {
    const { signal } = this.#options
    const endMs = Date.now() + patienceMs
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted()
      const answer = await send(method, url, body, signal)
      const isRepeatedDeletion = method === 'DELETE' && answer.status === 404 && tries > 1
      if (answer.ok || answer.status === 409 || isRepeatedDeletion) return answer
      const isTemporary = answer.status >= 500 || (method === 'POST' && answer.status === 404)
      const text = `${method} ${url} was answered ${answer.status}: ${await answer.text()}`
      if (!isTemporary || Date.now() > endMs) throw new Error(text)
      this.totals.retries += 1
      await pause(retryDelayMs, signal)
    }
  }

  #uuid(): string {
    const hex = Array.from({ length: 32 }, () => randomInt(this.#random, 16).toString(16)).join('')
    return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join(
      '-',
    )
  }
}

/** A service that cannot be reached answers 503, as a proxy would on its behalf. */
async function send(method: string, url: string, body: object | undefined, signal: AbortSignal): Promise<Response> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)])
  try {
    const json = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const answer = await fetch(url, { method, signal: limit, ...json })
    // Read to its end, so that the connection can be used again.
    return new Response([204, 304].includes(answer.status) ? null : await answer.text(), { status: answer.status })
  } catch (error) {
    signal.throwIfAborted()
    return new Response(String(error), { status: 503 })
  }
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  if (delayMs <= 0) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(done, delayMs)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
