import type { AddressInfo, Socket } from 'node:net'
import { isMillraceError, type MetricSource, type MillraceError } from '@millrace/base'
import type { ConnectorOffset, ConnectWorker } from '@millrace/connect/internal'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import { checkExposure, requireToken } from './access.ts'
import { connectRoutes } from './connect/connect-routes.ts'
import type { ConnectorReport } from './connect/connectors.ts'
import { allowOrigins, checkOrigins } from './cors.ts'
import { gatewayError, httpStatus } from './errors.ts'
import { trackConnections } from './idle-connections.ts'
import { Peers } from './peers.ts'
import { changeRoutes } from './routes/changes.ts'
import { type HealthCheck, healthRoutes } from './routes/health.ts'
import { metadataRoutes } from './routes/metadata.ts'
import { metricsRoute } from './routes/metrics.ts'
import { storeRoutes } from './routes/stores.ts'
import { type ApplicationSource, streamsRoutes } from './routes/streams.ts'
import type { StateProvider } from './state-provider.ts'
import { StateReader } from './state-reader.ts'

export interface GatewayOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 8080; 0 takes a free port. */
  readonly port?: number
  /**
   * How long another instance may take to answer for a key that it owns, beside what the request lets it wait; a second at most
   * where a copy elsewhere may answer as well. Default 5000.
   */
  readonly forwardTimeoutMs?: number
  readonly maxBodyBytes?: number
  /** How long a client may take to send its request. Default 30000. */
  readonly requestTimeoutMs?: number
  /**
   * What requests must carry as `authorization: Bearer …`, and what instances send each other; the same on all of them.
   * Required beyond loopback. `/livez` and `/readyz` are answered without.
   */
  readonly token?: string | undefined
  /** Lets everybody read who reaches the address. Default false. */
  readonly allowAnonymous?: boolean
  /**
   * Origins whose pages may ask for state from a browser, as `location.origin` has them. `*` lets all pages ask; not beside a
   * token. Default: none, so that a browser shows answers to pages that the gateway's own host serves alone.
   */
  readonly origins?: readonly string[]
  /** Ranges and subscriptions that are streamed at a time. Default 100. */
  readonly streamsMax?: number
  /** How long the reader of one may take nothing. Default 30000. */
  readonly stallTimeoutMs?: number
}

/** What the gateway shows of the process it stands in. It listens first and is filled while the parts start. */
export interface GatewayContent {
  readonly state: StateProvider[]
  readonly metrics: MetricSource[]
  readonly health: HealthCheck[]
  /** Streams applications that show how they are doing. */
  readonly applications?: ApplicationSource[]
  /** Sources and sinks that are declared in code. */
  connectors(): readonly ConnectorReport[]
  /** Where a source or sink of those stands, as `GET /connectors/<name>/offsets` shows it. */
  offsetsOf?(name: string): Promise<readonly ConnectorOffset[]>
  /** The worker behind Kafka Connect's REST API; undefined while it starts, and where there is none. */
  connect?(): ConnectWorker | undefined
  /** True until everything above is filled in: `/readyz` and requests for state answer 503 so long. Default: never. */
  isStarting?(): boolean
}

export interface Gateway extends AsyncDisposable {
  /** host:port where it listens. */
  readonly address: string
  readonly url: string
  close(): Promise<void>
}

const retryAfterSeconds = 1
/** A picture that is taken anew all the time is not worth waiting for longer. */
const pictureMsMax = 2_000

/**
 * Starts the HTTP server: state queries, health, metrics.
 * @throws GATEWAY_PORT_IN_USE, GATEWAY_HOST_UNAVAILABLE, GATEWAY_TOKEN_REQUIRED, GATEWAY_ORIGIN_INVALID
 *
 * @example
 * await using gateway = await startGateway({ state: [], metrics: [], health: [], connectors: () => [] }, { port: 0 })
 */
export async function startGateway(content: GatewayContent, options: GatewayOptions = {}): Promise<Gateway> {
  const { host = '127.0.0.1', port = 8080, forwardTimeoutMs = 5_000, maxBodyBytes = 1 << 20 } = options
  const { requestTimeoutMs = 30_000, token, allowAnonymous = false, origins = [] } = options
  checkExposure(host, token, allowAnonymous)
  checkOrigins(origins, token)
  const server = fastify({
    bodyLimit: maxBodyBytes,
    // What is being answered when the gateway closes still is; `forwardTimeoutMs` bounds it.
    forceCloseConnections: 'idle',
    requestTimeout: requestTimeoutMs,
    clientErrorHandler: answerGarbage,
    // A path that cannot be decoded never reaches a route, nor the error handler.
    frameworkErrors: (error, _, reply) => sendError(reply, error),
    routerOptions: { maxParamLength: 8_192 },
  })
  server.setReplySerializer((payload) => JSON.stringify(payload, bigintAsText))
  server.setErrorHandler((error: FastifyError, _, reply) => sendError(reply, error))
  server.setNotFoundHandler((request, reply) =>
    sendError(
      reply,
      gatewayError('GATEWAY_NOT_FOUND', `nothing is served at ${request.method} ${request.url.slice(0, 200)}`),
    ),
  )
  // Before the token: what is refused must be readable, too.
  if (origins.length > 0) allowOrigins(server, origins)
  if (token !== undefined) requireToken(server, token)
  const closing = new AbortController()
  const endIdle = trackConnections(server.server)
  const { streamsMax = 100, stallTimeoutMs = 30_000 } = options
  const streams = { streamsMax, stallTimeoutMs, open: 0, closing: closing.signal }
  const peers = new Peers({ timeoutMs: forwardTimeoutMs, token })
  const reader = new StateReader(content, peers)
  storeRoutes(server, reader, streams)
  changeRoutes(server, reader, streams)
  metadataRoutes(server, reader)
  healthRoutes(server, content)
  metricsRoute(server, content.metrics)
  streamsRoutes(
    server,
    content.applications ?? [],
    new Peers({ timeoutMs: Math.min(forwardTimeoutMs, pictureMsMax), token }),
  )
  let address = `${host}:${port}`
  connectRoutes(server, content, { hasToken: token !== undefined, host, workerId: () => address })
  await listen(server, host, port)
  const { port: boundPort } = server.server.address() as AddressInfo
  address = host.includes(':') ? `[${host}]:${boundPort}` : `${host}:${boundPort}`
  const close = (): Promise<void> => {
    closing.abort()
    const closed = server.close()
    endIdle()
    return closed
  }
  return { address, url: `http://${address}`, close, [Symbol.asyncDispose]: close }
}

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

async function listen(server: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    await server.close()
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      throw gatewayError('GATEWAY_PORT_IN_USE', `port ${port} of ${host} is in use`, { host, port }, error)
    }
    throw gatewayError('GATEWAY_HOST_UNAVAILABLE', `cannot listen on ${host}:${port}`, { host, port }, error)
  }
}

/** Bytes that are no HTTP get an answer of the usual form, and their connection alone is closed. */
function answerGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  const { code, message, remedy } = gatewayError('GATEWAY_BAD_REQUEST', `this is no HTTP request: ${error.message}`)
  const body = JSON.stringify({ code, message, remedy })
  const head = `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`)
}

function sendError(reply: FastifyReply, error: FastifyError | MillraceError): FastifyReply {
  if (!isMillraceError(error)) {
    const status = error.statusCode ?? 500
    const { code, message, remedy } =
      status < 500
        ? gatewayError('GATEWAY_BAD_REQUEST', error.message)
        : gatewayError('GATEWAY_INTERNAL', 'the gateway failed at this request')
    return reply.status(status).send({ code, message, remedy })
  }
  const status = httpStatus[error.code] ?? (error.retriable ? 503 : 500)
  if (status === 503) reply.header('retry-after', retryAfterSeconds)
  return reply.status(status).send({ code: error.code, message: error.message, remedy: error.remedy })
}
