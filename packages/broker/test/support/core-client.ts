import { seededRandom } from '@millrace/base'
import { VirtualClock } from '@millrace/base/internal'
import { apis, decodeResponse, encodeRequest, type MessageInput, type MessageType } from '@millrace/protocol'
import { BrokerCore, type BrokerCoreOptions } from '../../src/core/broker-core.ts'
import type { BrokerSession } from '../../src/core/broker-session.ts'
import { memoryStorage } from '../../src/core/storage/memory-storage.ts'

interface ApiOf<Request, Response> {
  readonly key: number
  readonly name: string
  readonly request: MessageType<Request>
  readonly response: MessageType<Response>
}

/** An answer that may not have come yet. */
export interface Pending<T> {
  readonly body: T | undefined
}

/** A Kafka client of the plainest kind, on one session of a core: request bytes in, response bytes out. */
export class CoreClient {
  readonly session: BrokerSession
  #correlationId = 0

  constructor(core: BrokerCore, clientHost = '127.0.0.1') {
    this.session = core.open({ clientHost })
  }

  begin<Request, Response>(
    api: ApiOf<Request, Response>,
    version: number,
    body: MessageInput<Request>,
    onResponse: (body: Response) => void = () => {},
  ): Pending<Response> {
    const pending: { body: Response | undefined } = { body: undefined }
    const correlationId = this.#correlationId++
    const request = encodeRequest({ api, version, correlationId, clientId: 'test', body })
    this.session.handle(request, (bytes) => {
      if (!bytes) return
      const response = decodeResponse({ api, version, bytes })
      if (response.correlationId !== correlationId) throw new Error('answer to another request')
      pending.body = response.body
      onResponse(response.body)
    })
    return pending
  }

  /** For requests that are answered at once. */
  call<Request, Response>(api: ApiOf<Request, Response>, version: number, body: MessageInput<Request>): Response {
    const { body: response } = this.begin(api, version, body)
    if (response === undefined) throw new Error(`${api.name} was not answered at once`)
    return response
  }
}

/** A core on its own clock, with a client. */
export function testCore(options: Partial<BrokerCoreOptions> & { clock?: VirtualClock } = {}): {
  core: BrokerCore
  clock: VirtualClock
  client: CoreClient
  storage: BrokerCoreOptions['storage']
} {
  const clock = options.clock ?? new VirtualClock(1_700_000_000_000)
  const storage = options.storage ?? memoryStorage()
  const core = new BrokerCore({ random: seededRandom(7), ...options, storage, clock })
  return { core, clock, client: new CoreClient(core), storage }
}

export function createTopic(client: CoreClient, name: string, numPartitions = 1): void {
  client.call(apis.CreateTopics, 7, { topics: [{ name, numPartitions, replicationFactor: 1 }], timeoutMs: 1000 })
}
