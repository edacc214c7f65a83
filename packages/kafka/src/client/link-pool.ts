import { kafkaError } from '../errors.ts'
import type { Target } from '../transport.ts'
import { BrokerLink } from './broker-link.ts'
import type { ClientStats } from './client-stats.ts'
import type { ClientSettings } from './options.ts'

/**
 * The open connections of one client, one per address and purpose: replies come in order, so a long poll must never
 * stand in front of a commit, nor one member's JoinGroup in front of another's.
 */
export class LinkPool {
  readonly #settings: ClientSettings
  readonly #stats: ClientStats
  readonly #links = new Map<string, Promise<BrokerLink>>()
  readonly #open = new Map<string, BrokerLink>()
  readonly #abort = new AbortController()

  constructor(settings: ClientSettings, stats: ClientStats) {
    this.#settings = settings
    this.#stats = stats
  }

  /** Whether a connection of this purpose is open already. */
  isOpen(target: Target, purpose: string): boolean {
    return this.#open.get(linkKey(target, purpose))?.isOpen === true
  }

  get(target: Target, purpose: string): Promise<BrokerLink> {
    if (this.#abort.signal.aborted) return Promise.reject(kafkaError('KAFKA_CLOSED', 'the client is closed'))
    const key = linkKey(target, purpose)
    if (this.#open.get(key)?.isOpen === false) this.#forget(key)
    const existing = this.#links.get(key)
    if (existing !== undefined) return existing
    const opening = this.#connect(key, target)
    this.#links.set(key, opening)
    return opening
  }

  /** Closes the connections of one purpose, when the consumer or producer they belong to goes. */
  closePurpose(purpose: string): void {
    for (const [key, opening] of [...this.#links]) {
      if (!key.endsWith(`|${purpose}`)) continue
      this.#forget(key)
      // One that is being opened is closed as soon as it is there.
      opening.then(
        (link) => link.close(),
        () => {},
      )
    }
  }

  close(): void {
    this.#abort.abort(kafkaError('KAFKA_CLOSED', 'the client is closed'))
    for (const link of this.#open.values()) link.close()
    this.#open.clear()
    this.#links.clear()
  }

  async #connect(key: string, target: Target): Promise<BrokerLink> {
    const { transport, clientId, requestTimeoutMs } = this.#settings
    const signal = this.#abort.signal
    try {
      const options = { clientId, timeoutMs: requestTimeoutMs, stats: this.#stats, signal }
      const link = await BrokerLink.open(transport, target, options)
      if (signal.aborted) {
        link.close()
        throw signal.reason
      }
      if (this.#links.has(key)) this.#open.set(key, link)
      link.closed.then(() => this.#forget(key, link)).catch(() => {})
      return link
    } catch (error) {
      this.#links.delete(key)
      throw error
    }
  }

  #forget(key: string, link?: BrokerLink): void {
    if (link !== undefined && this.#open.get(key) !== link) return
    this.#open.delete(key)
    this.#links.delete(key)
  }
}

function linkKey({ host, port }: Target, purpose: string): string {
  return `${host}:${port}|${purpose}`
}
