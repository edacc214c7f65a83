import type { Clock } from '@millrace/base'
import type { BrokerSession } from '@millrace/broker/internal'
import type { MemoryHandler } from '@millrace/kafka'
import type { Link } from './simulated-network.ts'

/** What becomes of a request that has arrived, and of its reply. */
export interface Fate {
  readonly losesRequest: boolean
  readonly losesReply: boolean
  readonly staysSilent: boolean
}

interface ConnectionOptions {
  readonly clock: Clock
  readonly link: Link
  readonly session: BrokerSession
  readonly isBrokerAlive: () => boolean
  readonly delayMs: () => number
  readonly arrived: (request: Buffer) => Fate
  /** The reply has reached the process. */
  readonly answered: (request: Buffer) => void
}

interface Asked {
  readonly request: Buffer
  readonly resolve: (reply: Buffer | undefined) => void
}

/** How often bytes that do not get through are sent again. */
const retransmitMs = 20

/**
 * One connection, with what TCP promises: requests arrive in order, a cut delays them and what is behind them, and a break is
 * seen by both sides. What it does not promise is that an answered request's reply arrives.
 */
export class SimulatedConnection implements MemoryHandler {
  readonly #options: ConnectionOptions
  readonly #inbox: Asked[] = []
  readonly #broken: Promise<never>
  #fail: (error: Error) => void = () => undefined
  #arrivesMs = 0
  #ended = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#broken = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.#broken.catch(() => undefined)
  }

  handle(request: Buffer): Promise<Buffer | undefined> {
    const { clock, delayMs } = this.#options
    const answered = new Promise<Buffer | undefined>((resolve) => {
      this.#arrivesMs = Math.max(this.#arrivesMs, clock.now() + delayMs())
      this.#inbox.push({ request: Buffer.from(request), resolve })
      clock.after(this.#arrivesMs - clock.now(), () => this.#arrive())
    })
    return Promise.race([answered, this.#broken])
  }

  close(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#options.isBrokerAlive()) this.#options.session.close()
    this.#fail(new Error('connection reset'))
  }

  get #isDead(): boolean {
    const { link, isBrokerAlive } = this.#options
    return this.#ended || !isBrokerAlive() || link.process.isDead
  }

  #arrive(): void {
    const { clock, link, session, arrived, delayMs } = this.#options
    const next = this.#isDead ? undefined : this.#inbox[0]
    if (!next) {
      this.close()
      return
    }
    if (link.isCut) {
      clock.after(retransmitMs, () => this.#arrive())
      return
    }
    this.#inbox.shift()
    const { losesRequest, losesReply, staysSilent } = arrived(next.request)
    if (losesRequest) {
      this.close()
      return
    }
    session.handle(next.request, (response) => {
      const copy = response && Buffer.from(response)
      if (staysSilent) return
      clock.after(delayMs(), () => {
        if (losesReply) this.close()
        else this.#reply(copy, next)
      })
    })
  }

  #reply(response: Buffer | undefined, asked: Asked): void {
    const { clock, link, answered } = this.#options
    if (this.#isDead) this.close()
    else if (link.isCut) clock.after(retransmitMs, () => this.#reply(response, asked))
    else {
      asked.resolve(response)
      answered(asked.request)
    }
  }
}
