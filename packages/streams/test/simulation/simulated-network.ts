import { type Clock, type Random, randomInt } from '@millrace/base'
import { type MemoryHandler, memoryTransport, type Transport } from '@millrace/kafka'
import { decodeRequestHeader } from '@millrace/protocol'
import type { ProcessClock } from './process-clock.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import { type Fate, SimulatedConnection } from './simulated-connection.ts'
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

/**
 * Requests that a retrying network stack may well deliver twice: those that must not take effect twice. Not commits of
 * offsets outside of transactions: nothing in the protocol tells an older one from a newer.
 */
const duplicated = new Set([0, 24, 25, 26, 28])

/** One process's link to the broker. */
export interface Link {
  readonly process: ProcessClock
  readonly name: string
  faults: NetworkFaults
  /** Cut off: nothing arrives on either side until it is over, and nothing breaks. */
  isCut: boolean
  /** Cuts itself off at the next commit of a transaction. */
  cutsAtCommit?: CutAtCommit
}

/**
 * A cut at a commit that has `arrived` leaves its outcome unknown. One that was `answered` leaves a process that has all of its
 * records behind it, and goes on with what the clock calls for.
 */
export interface CutAtCommit {
  readonly when: 'arrived' | 'answered'
  readonly forMs: number
}

const endTxn = 26
const joinGroup = 11

export class SimulatedNetwork {
  readonly #clock: Clock
  readonly #random: Random
  readonly #broker: SimulatedBroker
  readonly #trace: Trace
  /** How often members have asked for a rebalance, or taken part in one. */
  joins = 0

  constructor(options: { clock: Clock; random: Random; broker: SimulatedBroker; trace: Trace }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#broker = options.broker
    this.#trace = options.trace
  }

  transport(link: Link): Transport {
    return memoryTransport(() => this.#connect(link), { clock: link.process })
  }

  #connect(link: Link): MemoryHandler {
    const core = this.#broker.core
    if (!core || link.isCut) throw new Error('nobody listens')
    const { incarnation } = this.#broker
    return new SimulatedConnection({
      clock: this.#clock,
      link,
      session: core.open({ clientHost: '10.0.0.1' }),
      isBrokerAlive: () => incarnation === this.#broker.incarnation,
      delayMs: () => this.#delayMs(link),
      arrived: (request) => this.#fateOf(link, request),
      answered: (request) => this.#cutAt('answered', link, request),
    })
  }

  #fateOf(link: Link, request: Buffer): Fate {
    this.#note(link, request)
    this.#cutAt('arrived', link, request)
    const fate = {
      losesRequest: this.#chance(link.faults.lostRequest),
      losesReply: this.#chance(link.faults.lostReply),
      staysSilent: this.#chance(link.faults.silentReply),
    }
    if (!fate.losesRequest) this.#duplicate(link, request)
    return fate
  }

  #cutAt(when: CutAtCommit['when'], link: Link, request: Buffer): void {
    if (link.cutsAtCommit?.when !== when || request.readInt16BE(0) !== endTxn) return
    const { forMs } = link.cutsAtCommit
    delete link.cutsAtCommit
    link.isCut = true
    this.#clock.after(forMs, () => {
      link.isCut = false
    })
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
    if (apiKey === joinGroup) this.joins++
    this.#trace.note(`${this.#clock.now()} ${link.name} ${apiKey} ${correlationId} ${request.length}\n`)
  }
}
