import { type Clock, type Random, randomInt } from '@millrace/base'
import { memoryTransport, type Transport } from '@millrace/kafka'
import { decodeRequestHeader } from '@millrace/protocol'
import type { ProcessClock } from './process-clock.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import type { Trace } from './trace.ts'

/** How badly a process's network behaves; probabilities are per request. */
export interface NetworkFaults {
  delayMsMax: number
  /** The reply is delayed far beyond that, now and then. */
  slow: number
  /** The connection breaks before the request arrives, or after its work was done. */
  lostRequest: number
  lostReply: number
  /** The reply never comes and nothing breaks: only a timeout tells. */
  silentReply: number
  /** The request is delivered a second time, over a connection of its own. */
  duplicate: number
}

export const calm: NetworkFaults = {
  delayMsMax: 2,
  slow: 0,
  lostRequest: 0,
  lostReply: 0,
  silentReply: 0,
  duplicate: 0,
}

export const rough: NetworkFaults = {
  delayMsMax: 10,
  slow: 0.002,
  lostRequest: 0.002,
  lostReply: 0.004,
  silentReply: 0.0005,
  duplicate: 0.01,
}

/** Requests that a retrying network stack may well deliver twice: those that must not take effect twice. */
const duplicated = new Set([0, 8, 24, 25, 26, 28])

/** One process's link to the broker. */
export interface Link {
  readonly process: ProcessClock
  readonly name: string
  faults: NetworkFaults
  /** Cut off: nothing arrives on either side, nothing breaks. */
  isCut: boolean
}

export class SimulatedNetwork {
  readonly #clock: Clock
  readonly #random: Random
  readonly #broker: SimulatedBroker
  readonly #trace: Trace

  constructor(options: { clock: Clock; random: Random; broker: SimulatedBroker; trace: Trace }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#broker = options.broker
    this.#trace = options.trace
  }

  transport(link: Link): Transport {
    return memoryTransport(() => this.#connect(link), { clock: link.process })
  }

  #connect(link: Link): { handle(request: Buffer): Promise<Buffer | undefined>; close(): void } {
    const core = this.#broker.core
    if (!core || link.isCut) throw new Error('nobody listens')
    const { incarnation } = this.#broker
    const session = core.open({ clientHost: '10.0.0.1' })
    let arrivesMs = 0
    let ended = false
    let failAll: (error: Error) => void = () => undefined
    const broken = new Promise<never>((_, reject) => {
      failAll = reject
    })
    broken.catch(() => undefined)
    const isDead = (): boolean => ended || incarnation !== this.#broker.incarnation
    const breakOff = (): void => {
      if (ended) return
      ended = true
      if (incarnation === this.#broker.incarnation) session.close()
      failAll(new Error('connection reset'))
    }
    const deliver = (request: Buffer): Promise<Buffer | undefined> =>
      new Promise((resolve) => {
        // Requests of one connection arrive in order, however long each takes.
        arrivesMs = Math.max(arrivesMs, this.#clock.now() + this.#delayMs(link))
        this.#clock.after(arrivesMs - this.#clock.now(), () => {
          if (link.process.isDead) return breakOff()
          if (incarnation !== this.#broker.incarnation) return breakOff()
          if (ended || link.isCut) return
          this.#note(link, request)
          if (this.#chance(link.faults.lostRequest)) return breakOff()
          const losesReply = this.#chance(link.faults.lostReply)
          const staysSilent = this.#chance(link.faults.silentReply)
          this.#duplicate(link, request)
          session.handle(Buffer.from(request), (response) => {
            if (staysSilent) return
            const reply = response && Buffer.from(response)
            this.#clock.after(this.#delayMs(link), () => {
              if (isDead() || losesReply) return breakOff()
              if (!link.isCut && !link.process.isDead) resolve(reply)
            })
          })
        })
      })
    return { handle: (request) => Promise.race([deliver(Buffer.from(request)), broken]), close: breakOff }
  }

  #duplicate(link: Link, request: Buffer): void {
    if (!duplicated.has(request.readInt16BE(0)) || !this.#chance(link.faults.duplicate)) return
    const { incarnation } = this.#broker
    const copy = Buffer.from(request)
    this.#clock.after(randomInt(this.#random, 50), () => {
      const core = this.#broker.core
      if (!core || incarnation !== this.#broker.incarnation) return
      const session = core.open({ clientHost: '10.0.0.1' })
      session.handle(copy, () => session.close())
    })
  }

  #delayMs(link: Link): number {
    const { delayMsMax, slow } = link.faults
    return this.#chance(slow) ? 500 + randomInt(this.#random, 4_000) : randomInt(this.#random, delayMsMax)
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#random.next() < probability
  }

  #note(link: Link, request: Buffer): void {
    const { apiKey, correlationId } = decodeRequestHeader(request)
    this.#trace.note(`${this.#clock.now()} ${link.name} ${apiKey} ${correlationId} ${request.length}\n`)
  }
}
