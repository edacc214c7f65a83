import type { BrokerConfig } from '../core/config/broker-config.ts'
import { listElements } from '../core/config/definition.ts'
import { brokerError } from '../errors.ts'

/** A place for one connection, or why there is none. */
export type Admission =
  | { readonly kind: 'admitted'; readonly waitMs: number; release(): void }
  | { readonly kind: 'refused'; readonly reason: string }

/** Counts the connections of all listeners: in all, by listener and by address, and how fast they come (KIP-306, KIP-612). */
export class ConnectionQuotas {
  readonly #config: BrokerConfig
  readonly #perIpOverrides: ReadonlyMap<string, number>
  readonly #byListener = new Map<string, number>()
  readonly #byIp = new Map<string, number>()
  /** When the next connection may begin at the earliest; of the broker under the empty name. */
  readonly #nextMs = new Map<string, number>()
  #count = 0

  constructor(config: BrokerConfig) {
    this.#config = config
    this.#perIpOverrides = perIpOverrides(config.string('max.connections.per.ip.overrides'))
  }

  /** Asks for a place; `maxWaitMs` is how long the connection may be made to wait for its turn. */
  admit(listener: string, ip: string, nowMs: number, maxWaitMs: number): Admission {
    const reason = this.#full(listener, ip)
    if (reason) return { kind: 'refused', reason }
    const rates = this.#rates(listener)
    const waitMs = Math.max(0, ...rates.map(([name]) => (this.#nextMs.get(name) ?? 0) - nowMs))
    if (waitMs > maxWaitMs || rates.some(([, perSecond]) => perSecond === 0)) {
      return { kind: 'refused', reason: 'connections come too fast (max.connection.creation.rate)' }
    }
    // Up to one second's worth may come at once; beyond, each moves the next one's turn.
    for (const [name, perSecond] of rates) {
      const shareMs = 1000 / perSecond
      const next = Math.max(this.#nextMs.get(name) ?? 0, nowMs - 1000 + shareMs)
      this.#nextMs.set(name, next + shareMs)
    }
    return { kind: 'admitted', waitMs, release: this.#take(listener, ip) }
  }

  #full(listener: string, ip: string): string | undefined {
    const total = this.#config.number('max.connections')
    if (this.#count >= total) return `there are ${total} connections already (max.connections)`
    const ofIp = this.#perIpOverrides.get(ip) ?? this.#config.number('max.connections.per.ip')
    if ((this.#byIp.get(ip) ?? 0) >= ofIp) return `${ip} has ${ofIp} connections already (max.connections.per.ip)`
    if (!this.#config.isOfListener(listener, 'max.connections')) return undefined
    const ofListener = Number(this.#config.ofListener(listener, 'max.connections'))
    if ((this.#byListener.get(listener) ?? 0) < ofListener) return undefined
    return `listener ${listener} has ${ofListener} connections already (listener.name.${listener.toLowerCase()}.max.connections)`
  }

  #rates(listener: string): [name: string, perSecond: number][] {
    const setting = 'max.connection.creation.rate'
    const rates: [string, number][] = [['', this.#config.number(setting)]]
    if (this.#config.isOfListener(listener, setting)) {
      rates.push([listener, Number(this.#config.ofListener(listener, setting))])
    }
    return rates
  }

  #take(listener: string, ip: string): () => void {
    this.#count++
    change(this.#byListener, listener, 1)
    change(this.#byIp, ip, 1)
    let released = false
    return () => {
      if (released) return
      released = true
      this.#count--
      change(this.#byListener, listener, -1)
      change(this.#byIp, ip, -1)
    }
  }
}

function change(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}

function perIpOverrides(text: string): Map<string, number> {
  const name = 'max.connections.per.ip.overrides'
  return new Map(
    listElements(text).map((entry) => {
      const match = /^(.+):(\d+)$/.exec(entry)
      if (!match)
        throw brokerError('BROKER_CONFIG_INVALID', `${name} has ${entry}, which is not address:number`, { name })
      return [match[1]!, Number(match[2])]
    }),
  )
}
