import { type Clock, type Random, sleep } from '@millrace/base'
import { BrokerCore, memoryStorage } from '@millrace/broker/internal'
import { memoryTransport, type Transport } from '@millrace/kafka'
import { apis, decodeRequestHeader, decodeResponse, encodeResponse } from '@millrace/protocol'

/** How often what goes wrong, as probabilities per request. */
export interface Faults {
  /** The connection ends before the broker sees the request. */
  readonly loseRequest?: number
  /** The broker does the work, then the connection ends. */
  readonly loseReply?: number
  /** The broker does the work and the reply never comes. */
  readonly silence?: number
  /** The reply comes late. */
  readonly delay?: number
  readonly delayMsMax?: number
  /** The broker sees the request twice; the second reply is lost. */
  readonly repeat?: number
  /** No faults for these APIs. */
  readonly spare?: readonly number[]
}

export interface MemoryBroker {
  readonly core: BrokerCore
  readonly transport: Transport
  /** Without faults, for looking at the broker while they go on. */
  readonly reliable: Transport
  /** Faults that have happened. */
  readonly faults: number
  /** Turns the faults off, for looking at the result. */
  heal(): void
}

/** A broker core behind an in-memory transport that loses, delays and repeats. */
export function memoryBroker(options: {
  readonly clock: Clock
  readonly random: Random
  readonly faults?: Faults
  readonly config?: Readonly<Record<string, string>>
  /** What ApiVersions says about transactions; 1 makes the client register partitions and groups itself. */
  readonly transactionVersion?: 1 | 2
}): MemoryBroker {
  const { clock, random } = options
  let faults = options.faults
  let count = 0
  const advertised = { host: 'broker', port: 9092 }
  const core = new BrokerCore({
    storage: memoryStorage(),
    clock,
    random,
    advertised,
    config: { 'group.initial.rebalance.delay.ms': '0', ...options.config },
  })
  const downgraded = (request: Buffer, response: Buffer | undefined): Buffer | undefined =>
    options.transactionVersion === 1 ? withTransactionVersion1(request, response) : response
  const happens = (probability = 0): boolean => {
    const hit = random.next() < probability
    if (hit) count += 1
    return hit
  }
  const open = () => {
    const session = core.open({ clientHost: '127.0.0.1' })
    const serve = (request: Buffer): Promise<Buffer | undefined> =>
      new Promise((resolve, reject) => {
        try {
          session.handle(request, resolve)
        } catch (error) {
          reject(error)
        }
      })
    return { serve, close: () => session.close() }
  }
  const reliable = memoryTransport(
    () => {
      const { serve, close } = open()
      return { handle: serve, close }
    },
    { clock },
  )
  const transport = memoryTransport(
    () => {
      const { serve, close } = open()
      let ended = false
      const end = (reason: string): never => {
        ended = true
        throw new Error(reason)
      }
      return {
        async handle(request) {
          // What stands behind a lost request on the same connection is lost with it.
          if (ended) throw new Error('the connection has ended')
          const plan = faults?.spare?.includes(decodeRequestHeader(request).apiKey) ? undefined : faults
          if (plan === undefined) return downgraded(request, await serve(request))
          if (happens(plan.loseRequest)) end('the request was lost')
          const response = downgraded(request, await serve(request))
          if (happens(plan.repeat)) serve(request).catch(() => {})
          if (happens(plan.loseReply)) end('the reply was lost')
          if (happens(plan.silence)) return new Promise<never>(() => {})
          if (happens(plan.delay)) await sleep(clock, 1 + Math.floor(random.next() * (plan.delayMsMax ?? 500)))
          return response
        },
        close,
      }
    },
    { clock },
  )
  return {
    core,
    transport,
    reliable,
    get faults() {
      return count
    },
    heal() {
      faults = undefined
    },
  }
}

function withTransactionVersion1(request: Buffer, response: Buffer | undefined): Buffer | undefined {
  const { apiKey, apiVersion: version } = decodeRequestHeader(request)
  const api = apis.ApiVersions
  if (apiKey !== api.key || response === undefined) return response
  const { correlationId, body } = decodeResponse({ api, version, bytes: response })
  const finalizedFeatures = body.finalizedFeatures.map((feature) =>
    feature.name === 'transaction.version' ? { ...feature, maxVersionLevel: 1, minVersionLevel: 1 } : feature,
  )
  return encodeResponse({ api, version, correlationId, body: { ...body, finalizedFeatures } })
}
