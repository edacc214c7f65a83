import {
  type Api,
  apis,
  decodeResponse,
  ErrorCode,
  encodeRequest,
  encodeRequestParts,
  type MessageInput,
  type RequestInput,
} from '@millrace/protocol'
import { diagnostics } from '../diagnostics.ts'
import { brokerError, kafkaError } from '../errors.ts'
import type { Connection, SendOptions, Target, Transport } from '../transport.ts'
import type { ClientStats } from './client-stats.ts'

/** A request's body, or a function of the version that was negotiated. */
export type RequestBody<Request> = MessageInput<Request> | ((version: number) => MessageInput<Request>)

export interface LinkRequestOptions {
  /** Milliseconds for this one exchange. */
  readonly timeoutMs: number
  /** Stay at or below this version, where a later one means something else. */
  readonly maxVersion?: number
  readonly expectResponse?: boolean
}

export interface LinkOptions {
  readonly clientId: string
  readonly timeoutMs: number
  readonly stats: ClientStats
  readonly signal?: AbortSignal
}

/** One connection to one broker, with the API versions that both sides know (KIP-35, KIP-511). */
export class BrokerLink {
  readonly target: Target
  /** Finalised feature levels, for example `transaction.version` (KIP-584). */
  readonly features: ReadonlyMap<string, number>
  readonly #connection: Connection
  readonly #versions: ReadonlyMap<number, { min: number; max: number }>
  readonly #clientId: string
  readonly #stats: ClientStats
  #correlationId = 0
  #open = true

  private constructor(
    target: Target,
    connection: Connection,
    options: LinkOptions,
    versions: ReadonlyMap<number, { min: number; max: number }>,
    features: ReadonlyMap<string, number>,
  ) {
    this.target = target
    this.#connection = connection
    this.#clientId = options.clientId
    this.#stats = options.stats
    this.#versions = versions
    this.features = features
    this.#publishConnection('open')
    connection.closed
      .then(() => {
        this.#open = false
        this.#publishConnection('closed')
      })
      .catch(() => {})
  }

  static async open(transport: Transport, target: Target, options: LinkOptions): Promise<BrokerLink> {
    const { clientId, signal } = options
    const connection = await transport.connect(target, { clientId, ...(signal && { signal }) })
    try {
      const { versions, features } = await negotiate(connection, options)
      options.stats.connections += 1
      return new BrokerLink(target, connection, options, versions, features)
    } catch (error) {
      connection.close()
      throw error
    }
  }

  get isOpen(): boolean {
    return this.#open
  }

  get closed(): Promise<void> {
    return this.#connection.closed
  }

  close(): void {
    this.#open = false
    this.#connection.close()
  }

  /** The highest version of an API that both sides know, up to `max`; undefined when there is none. */
  versionOf(api: Api<never, never> | Api, max = Number.POSITIVE_INFINITY): number | undefined {
    const theirs = this.#versions.get(api.key)
    if (theirs === undefined) return undefined
    const version = Math.min(api.request.validVersions.max, theirs.max, max)
    return version >= Math.max(api.request.validVersions.min, theirs.min) ? version : undefined
  }

  async request<Request, Response>(
    api: Api<Request, Response>,
    body: RequestBody<Request>,
    options: LinkRequestOptions,
  ): Promise<{ readonly version: number; readonly body: Response }> {
    const { host, port } = this.target
    const version = this.versionOf(api as Api, options.maxVersion)
    if (version === undefined) {
      const message = `${host}:${port} has no version of ${api.name} that this client knows`
      throw kafkaError('KAFKA_UNSUPPORTED_BY_BROKER', message, { host, port, api: api.name })
    }
    this.#correlationId = (this.#correlationId + 1) & 0x7fffffff
    const correlationId = this.#correlationId
    const content = typeof body === 'function' ? (body as (version: number) => MessageInput<Request>)(version) : body
    const input = { api, version, correlationId, clientId: this.#clientId, body: content }
    const { timeoutMs, expectResponse = true } = options
    const { requestBytes, answer } = this.#send(input, { deadlineMs: timeoutMs, expectResponse })
    const bytes = await answer
    // Nothing comes back for acks 0; the caller does not look at the body.
    if (!expectResponse) return { version, body: undefined as Response }
    this.#stats.received(bytes.length)
    if (diagnostics.request.hasSubscribers) {
      const sizes = { requestBytes, responseBytes: bytes.length }
      diagnostics.request.publish({ clientId: this.#clientId, host, port, api: api.name, version, ...sizes })
    }
    const response = this.#decode(api, version, bytes)
    if (response.correlationId !== correlationId) {
      this.close()
      const message = `${host}:${port} answered request ${response.correlationId} instead of ${correlationId}`
      throw kafkaError('KAFKA_DISCONNECTED', message, { host, port })
    }
    const throttleTimeMs = (response.body as { throttleTimeMs?: number }).throttleTimeMs
    if (throttleTimeMs !== undefined && throttleTimeMs > 0) this.#stats.throttledMs += throttleTimeMs
    return { version, body: response.body }
  }

  #send<Request, Response>(input: RequestInput<Request, Response>, options: SendOptions) {
    const connection = this.#connection
    // Without an answer nobody knows when the bytes are free again.
    if (connection.sendParts === undefined || !options.expectResponse) {
      const request = encodeRequest(input)
      this.#stats.sent(input.api.name, request.length)
      return { requestBytes: request.length, answer: connection.send(request, options) }
    }
    const parts = encodeRequestParts(input)
    const requestBytes = parts.reduce((sum, { length }) => sum + length, 0)
    this.#stats.sent(input.api.name, requestBytes)
    return { requestBytes, answer: connection.sendParts(parts, options) }
  }

  #publishConnection(state: 'open' | 'closed'): void {
    if (!diagnostics.connection.hasSubscribers) return
    diagnostics.connection.publish({ clientId: this.#clientId, host: this.target.host, port: this.target.port, state })
  }

  /** A reply that cannot be read says that the two sides no longer agree on the bytes: the connection goes. */
  #decode<Request, Response>(api: Api<Request, Response>, version: number, bytes: Buffer) {
    try {
      return decodeResponse({ api, version, bytes })
    } catch (error) {
      this.close()
      throw error
    }
  }
}

async function negotiate(connection: Connection, options: LinkOptions) {
  const api = apis.ApiVersions
  let version = api.request.validVersions.max
  for (;;) {
    const body = { clientSoftwareName: 'millrace', clientSoftwareVersion: softwareVersion }
    const request = encodeRequest({ api, version, correlationId: 0, clientId: options.clientId, body })
    const bytes = await connection.send(request, { deadlineMs: options.timeoutMs })
    // A broker that does not know the version answers in version 0: correlation id, then the error code (KIP-511).
    const unsupported = bytes.length >= 6 && bytes.readInt16BE(4) === ErrorCode.UNSUPPORTED_VERSION
    const response = decodeResponse({ api, version: unsupported ? 0 : version, bytes }).body
    const versions = new Map(
      response.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }]),
    )
    if (unsupported && version > 0) {
      version = Math.min(version - 1, versions.get(api.key)?.max ?? 0)
      continue
    }
    if (response.errorCode !== ErrorCode.NONE) throw brokerError(response.errorCode, 'ApiVersions')
    const features = new Map(response.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]))
    return { versions, features }
  }
}

const softwareVersion = '0.1.0'
