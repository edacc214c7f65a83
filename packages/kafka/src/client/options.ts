import { type Clock, type Random, systemClock, systemRandom } from '@millrace/base'
import { checkOptions } from '@millrace/base/internal'
import { networkTransport } from '../network/network-transport.ts'
import type { Target, Transport } from '../transport.ts'

export interface KafkaClientOptions {
  /** Bootstrap list, `host:port`, comma separated or as an array; any one that answers is enough. */
  readonly brokers: string | readonly string[]
  /** Shown in the broker's logs and quotas. Default `millrace`. */
  readonly clientId?: string
  /** Default `networkTransport()`: plain TCP. */
  readonly transport?: Transport
  readonly clock?: Clock
  readonly random?: Random
  /** For one request and its reply. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** For an operation with all its retries. Default 60,000. */
  readonly operationTimeoutMs?: number
  /** Pause before the first retry; it doubles from there. Default 100. */
  readonly retryDelayMsMin?: number
  /** The longest pause between retries. Default 1,000. */
  readonly retryDelayMsMax?: number
  /** Metadata older than this is asked for again. Default 300,000. */
  readonly metadataMaxAgeMs?: number
}

export interface ClientSettings {
  readonly bootstrap: readonly Target[]
  readonly clientId: string
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly requestTimeoutMs: number
  readonly operationTimeoutMs: number
  readonly retryDelayMsMin: number
  readonly retryDelayMsMax: number
  readonly metadataMaxAgeMs: number
}

export function clientSettings(options: KafkaClientOptions): ClientSettings {
  const duration = { min: 1 }
  checkOptions(
    'kafkaClient',
    options,
    {
      brokers: ['string', 'array'],
      clientId: 'string',
      transport: 'object',
      clock: 'object',
      random: 'object',
      requestTimeoutMs: duration,
      operationTimeoutMs: duration,
      retryDelayMsMin: duration,
      retryDelayMsMax: duration,
      metadataMaxAgeMs: duration,
    },
    { required: ['brokers'] },
  )
  return {
    bootstrap: parseBrokers(options.brokers),
    clientId: options.clientId ?? 'millrace',
    transport: options.transport ?? networkTransport(),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    operationTimeoutMs: options.operationTimeoutMs ?? 60_000,
    retryDelayMsMin: options.retryDelayMsMin ?? 100,
    retryDelayMsMax: options.retryDelayMsMax ?? 1_000,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 300_000,
  }
}

/** Reads `host:port` lists, IPv6 hosts in brackets. Throws TypeError. */
export function parseBrokers(brokers: string | readonly string[]): Target[] {
  const entries = (typeof brokers === 'string' ? brokers.split(',') : brokers).map((entry) => entry.trim())
  const targets = entries.filter((entry) => entry !== '').map(parseTarget)
  if (targets.length === 0) throw new TypeError('brokers must name at least one host:port')
  return targets
}

function parseTarget(entry: string): Target {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(entry)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port < 1 || port > 65_535) throw new TypeError(`"${entry}" is not host:port`)
  return { host, port }
}
