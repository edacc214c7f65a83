import { type Clock, isMillraceError, type Random, randomInt } from '@millrace/base'
import { type MemoryHandler, memoryTransport, type Transport } from '@millrace/kafka'
import { apis, decodeRequestHeader, decodeResponse, encodeResponse } from '@millrace/protocol'
import type { Machine } from './machine.ts'
import type { ProcessClock } from './process-clock.ts'

/** How badly the network behaves; probabilities are per request. */
export interface NetworkFaults {
  readonly delayMsMax: number
  readonly lostRequest: number
  readonly lostReply: number
  /** The reply never comes and nothing breaks. */
  readonly silence: number
  readonly slow: number
  /** The request arrives once more, later, over a connection of its own. */
  readonly repeat: number
}

export const calm: NetworkFaults = { delayMsMax: 2, lostRequest: 0, lostReply: 0, silence: 0, slow: 0, repeat: 0 }
export const rough: NetworkFaults = {
  delayMsMax: 8,
  lostRequest: 0.003,
  lostReply: 0.008,
  silence: 0.001,
  slow: 0.004,
  repeat: 0.02,
}

/** What a broker with a bug would do to requests and answers. */
export interface Tamper {
  /** Another request, or an answer at once. */
  request?(frame: Buffer, machine: Machine): { readonly frame: Buffer } | { readonly answer: Buffer } | undefined
  response?(frame: Buffer, response: Buffer): Buffer
}

/** A process's link to the broker. */
export interface Link {
  readonly name: string
  readonly clock: ProcessClock
  /** Cut off: whatever is on its way waits, and nothing breaks. */
  isCut: boolean
}

/**
 * Requests that retries may deliver twice, by the version of transactions. A repeated commit of offsets would take a group back,
 * and in version 1 an EndTxn that comes late ends the next transaction of the same epoch: Kafka's broker does both, and KIP-890
 * is the remedy for the second.
 */
const repeated = { 1: new Set([0]), 2: new Set([0, 24, 25, 26]) } as const
const retransmitMs = 20

export class Network {
  readonly #clock: Clock
  readonly #random: Random
  readonly #machine: Machine
  readonly #tamper: Tamper
  readonly #transactionVersion: 1 | 2
  faults: NetworkFaults = calm
  /** An answer that the broker could not give. */
  broken: Error | undefined
  /** How often something went wrong. */
  count = 0

  constructor(options: {
    readonly clock: Clock
    readonly random: Random
    readonly machine: Machine
    readonly tamper: Tamper
    readonly transactionVersion: 1 | 2
  }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#machine = options.machine
    this.#tamper = options.tamper
    this.#transactionVersion = options.transactionVersion
  }

  transport(link: Link): Transport {
    return memoryTransport(() => this.#connect(link), { clock: link.clock })
  }

  #connect(link: Link): MemoryHandler {
    const { core, life } = this.#machine
    if (!core || link.isCut) throw new Error('nobody listens')
    const onDrop = (error: Error): void => {
      if (!isMillraceError(error)) this.broken = error
      connection.close()
    }
    const session = core.open({ clientHost: '10.0.0.1', onDrop })
    const isAlive = (): boolean => this.#machine.life === life && this.#machine.core !== undefined
    const connection = new Connection(this.#clock, link, {
      isAlive,
      delayMs: () => this.#delayMs(),
      serve: (frame, answer) => this.#serve(frame, (one, respond) => session.handle(one, respond), answer),
      fate: (frame) => this.#fate(frame),
      ended: () => isAlive() && session.close(),
    })
    return connection
  }

  #serve(
    frame: Buffer,
    handle: (frame: Buffer, respond: (response: Buffer | undefined) => void) => void,
    answer: (response: Buffer | undefined) => void,
  ): void {
    const changed = this.#tamper.request?.(frame, this.#machine)
    if (changed && 'answer' in changed) {
      answer(changed.answer)
      return
    }
    handle(changed?.frame ?? frame, (response) => {
      const copy = response && Buffer.from(response)
      answer(copy && this.#told(frame, this.#tamper.response?.(frame, copy) ?? copy))
    })
  }

  /** Version 1 of transactions: the broker says that it knows no other. */
  #told(frame: Buffer, response: Buffer): Buffer {
    const { apiKey, apiVersion: version } = decodeRequestHeader(frame)
    const api = apis.ApiVersions
    if (this.#transactionVersion === 2 || apiKey !== api.key) return response
    const { correlationId, body } = decodeResponse({ api, version, bytes: response })
    const finalizedFeatures = body.finalizedFeatures.map((feature) =>
      feature.name === 'transaction.version' ? { ...feature, maxVersionLevel: 1, minVersionLevel: 1 } : feature,
    )
    return encodeResponse({ api, version, correlationId, body: { ...body, finalizedFeatures } })
  }

  #fate(frame: Buffer): Fate {
    const { lostRequest, lostReply, silence, repeat } = this.faults
    const lost = this.#happens(lostRequest)
    if (!lost && repeated[this.#transactionVersion].has(frame.readInt16BE(0)) && this.#happens(repeat))
      this.#repeat(Buffer.from(frame))
    return { losesRequest: lost, losesReply: this.#happens(lostReply), staysSilent: this.#happens(silence) }
  }

  #repeat(frame: Buffer): void {
    const { life } = this.#machine
    this.#clock.after(randomInt(this.#random, 60), () => {
      const { core } = this.#machine
      if (!core || this.#machine.life !== life) return
      const session = core.open({ clientHost: '10.0.0.1' })
      try {
        this.#serve(
          frame,
          (one, respond) => session.handle(one, respond),
          () => session.close(),
        )
      } catch {
        session.close()
      }
    })
  }

  #delayMs(): number {
    const { delayMsMax, slow } = this.faults
    return this.#happens(slow) ? 200 + randomInt(this.#random, 1_500) : randomInt(this.#random, delayMsMax)
  }

  #happens(probability: number): boolean {
    const happens = probability > 0 && this.#random.next() < probability
    if (happens) this.count++
    return happens
  }
}

interface Fate {
  readonly losesRequest: boolean
  readonly losesReply: boolean
  readonly staysSilent: boolean
}

interface FarEnd {
  isAlive(): boolean
  delayMs(): number
  fate(frame: Buffer): Fate
  serve(frame: Buffer, answer: (response: Buffer | undefined) => void): void
  ended(): void
}

/** One connection with what TCP promises: requests arrive in their order, and a break is seen on both sides. */
class Connection implements MemoryHandler {
  readonly #clock: Clock
  readonly #link: Link
  readonly #far: FarEnd
  readonly #inbox: { readonly frame: Buffer; readonly resolve: (reply: Buffer | undefined) => void }[] = []
  readonly #broken: Promise<never>
  #fail: (error: Error) => void = () => undefined
  #arrivesMs = 0
  #ended = false

  constructor(clock: Clock, link: Link, far: FarEnd) {
    this.#clock = clock
    this.#link = link
    this.#far = far
    this.#broken = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.#broken.catch(() => undefined)
  }

  handle(request: Buffer): Promise<Buffer | undefined> {
    const answered = new Promise<Buffer | undefined>((resolve) => {
      this.#arrivesMs = Math.max(this.#arrivesMs, this.#clock.now() + this.#far.delayMs())
      this.#inbox.push({ frame: Buffer.from(request), resolve })
      this.#clock.after(this.#arrivesMs - this.#clock.now(), () => this.#arrive())
    })
    return Promise.race([answered, this.#broken])
  }

  close(): void {
    if (this.#ended) return
    this.#ended = true
    this.#far.ended()
    this.#fail(new Error('connection reset'))
  }

  get #isDead(): boolean {
    return this.#ended || !this.#far.isAlive() || this.#link.clock.isDead
  }

  #arrive(): void {
    if (this.#isDead) {
      this.close()
      return
    }
    if (this.#link.isCut) {
      this.#clock.after(retransmitMs, () => this.#arrive())
      return
    }
    const next = this.#inbox.shift()
    if (!next) return
    const fate = this.#far.fate(next.frame)
    if (fate.losesRequest) {
      this.close()
      return
    }
    try {
      this.#far.serve(next.frame, (response) => {
        if (fate.staysSilent) return
        this.#clock.after(this.#far.delayMs(), () => {
          if (fate.losesReply) this.close()
          else this.#reply(response, next.resolve)
        })
      })
    } catch (error) {
      // A broker that dies in the middle answers nothing; what it says otherwise is its own mistake.
      if (this.#far.isAlive()) throw error
      this.close()
    }
  }

  #reply(response: Buffer | undefined, resolve: (reply: Buffer | undefined) => void): void {
    if (this.#isDead) this.close()
    else if (this.#link.isCut) this.#clock.after(retransmitMs, () => this.#reply(response, resolve))
    else resolve(response)
  }
}
