import { brokerError } from '../../errors.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { listElements } from '../config/definition.ts'

const securityProtocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const
export type SecurityProtocol = (typeof securityProtocols)[number]

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** One listener as the settings describe it; plain data. */
export interface ListenerSettings extends Endpoint {
  /** In capitals, as Kafka compares listener names. */
  readonly name: string
  readonly securityProtocol: SecurityProtocol
  /** What clients are told to connect to; port 0 stands for the port that is really taken. */
  readonly advertised: Endpoint
}

/** Reads `listeners` and what belongs to it. Throws BROKER_CONFIG_INVALID. */
export function listenerSettings(config: BrokerConfig): ListenerSettings[] {
  const protocols = protocolMap(config.string('listener.security.protocol.map'))
  const listeners = endpoints('listeners', config.string('listeners'))
  const advertised = endpoints('advertised.listeners', config.string('advertised.listeners'))
  if (listeners.size === 0) throw invalid('listeners', 'names no listener')
  for (const name of advertised.keys()) {
    if (!listeners.has(name)) throw invalid('advertised.listeners', `names ${name}, which listeners does not`)
  }
  checkPorts(listeners)
  return [...listeners].map(([name, { host, port }]) => {
    const securityProtocol = protocols.get(name)
    if (!securityProtocol) {
      throw invalid('listener.security.protocol.map', `says nothing of ${name}; add ${name}:SASL_SSL or what it speaks`)
    }
    const told = advertised.get(name) ?? { host: isWildcard(host) ? '127.0.0.1' : host, port }
    if (isWildcard(told.host))
      throw invalid('advertised.listeners', `tells clients of ${name} to connect to all addresses`)
    return { name, securityProtocol, host: host === '' ? '0.0.0.0' : host, port, advertised: told }
  })
}

function protocolMap(text: string): Map<string, SecurityProtocol> {
  const setting = 'listener.security.protocol.map'
  return new Map(
    listElements(text).map((entry) => {
      const [name = '', protocol = ''] = entry.split(':').map((part) => part.trim().toUpperCase())
      const known = securityProtocols.find((one) => one === protocol)
      if (!known) throw invalid(setting, `has ${entry}; a protocol is ${securityProtocols.join(', ')}`)
      return [name, known]
    }),
  )
}

/** `NAME://host:port, …`; an IPv6 address stands in brackets, no host means all addresses. */
function endpoints(setting: string, text: string): Map<string, Endpoint> {
  const found = new Map<string, Endpoint>()
  for (const entry of listElements(text)) {
    const match = /^([A-Za-z0-9_.-]+):\/\/(?:\[([0-9A-Fa-f:.%]+)\]|([^[\]:/]*)):(\d{1,5})$/.exec(entry)
    const port = Number(match?.[4])
    if (!match || port > 65535) throw invalid(setting, `has ${entry}, which is not NAME://host:port`)
    const name = match[1]!.toUpperCase()
    if (found.has(name)) throw invalid(setting, `names ${name} twice`)
    found.set(name, { host: match[2] ?? match[3]!, port })
  }
  return found
}

function checkPorts(listeners: ReadonlyMap<string, Endpoint>): void {
  const taken = new Map<string, string>()
  for (const [name, { host, port }] of listeners) {
    const key = `${host}:${port}`
    const other = port === 0 ? undefined : taken.get(key)
    if (other) throw invalid('listeners', `gives ${other} and ${name} the same port`)
    taken.set(key, name)
  }
}

export function isWildcard(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

function invalid(setting: string, problem: string): Error {
  return brokerError('BROKER_CONFIG_INVALID', `${setting} ${problem}`, { name: setting })
}
