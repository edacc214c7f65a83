import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { isMillraceError } from '@millrace/base'
import { checkOptions } from '@millrace/base/internal'
import { kafkaError } from '../errors.ts'
import type { Connection, Target, Transport } from '../transport.ts'
import { endOfConnection, tlsFailure } from './end-of-connection.ts'
import { NetworkConnection } from './network-connection.ts'
import { authenticate, type SaslOptions } from './sasl.ts'

export interface NetworkTransportOptions {
  /** True or Node's TLS options (`ca`, `cert`, `key`, `servername` …) for an SSL listener. Default: plain TCP. */
  readonly tls?: boolean | ConnectionOptions
  readonly sasl?: SaslOptions
  /** Default 10,000. Covers TCP, TLS and SASL. */
  readonly connectTimeoutMs?: number
  /** A larger response ends the connection. Default 128 MiB. */
  readonly maxResponseBytes?: number
}

/**
 * TCP, TLS and SASL over Node's sockets.
 *
 * @example
 * kafkaClient({ brokers: 'kafka:9093', transport: networkTransport({ tls: true, sasl: { mechanism: 'PLAIN', username, password } }) })
 */
export function networkTransport(options: NetworkTransportOptions = {}): Transport {
  checkOptions('networkTransport', options, {
    tls: ['boolean', 'object'],
    sasl: 'object',
    connectTimeoutMs: { min: 1 },
    maxResponseBytes: { min: 1024, max: 0x7fffffff, integer: true },
  })
  return { connect: (target, { clientId, signal }) => open(target, clientId, signal, options) }
}

async function open(
  target: Target,
  clientId: string,
  signal: AbortSignal | undefined,
  options: NetworkTransportOptions,
): Promise<Connection> {
  const { host, port } = target
  const timeoutMs = options.connectTimeoutMs ?? 10_000
  const connection = new NetworkConnection(target, options.maxResponseBytes ?? 128 * 1024 * 1024)
  const timer = setTimeout(() => connection.end(failure(new Error(`not connected within ${timeoutMs} ms`))), timeoutMs)
  const onAbort = (): void => connection.end(failure(signal?.reason))
  const failure = (cause: unknown): unknown =>
    isMillraceError(cause)
      ? cause
      : (handshakeFailure(target, options, cause) ??
        kafkaError('KAFKA_CONNECT_FAILED', `cannot connect to ${host}:${port}: ${text(cause)}`, { host, port }, cause))
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    signal?.throwIfAborted()
    await openSocket(target, connection, options.tls)
    const { sasl } = options
    if (sasl !== undefined) {
      const again = (to: Pick<Connection, 'send'>): Promise<number> => authenticate(to, sasl, clientId, timeoutMs)
      connection.renewBefore(await again(connection), again)
    }
    return connection
  } catch (cause) {
    const error = failure(cause)
    connection.end(error)
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** With TLS a connection that is reset had been accepted: it was the handshake that the peer did not want. */
function handshakeFailure(target: Target, { tls }: NetworkTransportOptions, cause: unknown): unknown {
  const isReset = Boolean(tls) && (cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNRESET'
  return isReset ? endOfConnection(target, { isTls: true, answers: 0 }, cause) : tlsFailure(target, cause)
}

function openSocket(
  target: Target,
  connection: NetworkConnection,
  tls: boolean | ConnectionOptions = false,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket =
      tls === false ? tcpSocket(target, connection) : tlsSocket(target, connection, tls === true ? {} : tls)
    socket.once(tls === false ? 'connect' : 'secureConnect', resolve)
    socket.once('error', reject)
    connection.attach(socket)
    connection.closed.then(() => reject(new Error('the connection was closed'))).catch(reject)
  })
}

/** Plain TCP reads straight into the frame under construction. */
function tcpSocket({ host, port }: Target, connection: NetworkConnection): Socket {
  return connectTcp({
    host,
    port,
    keepAlive: true,
    onread: {
      // Node asks for the memory before every read when it is given a function.
      buffer: () => connection.readTarget(),
      callback: (length, buffer) => {
        connection.receive(buffer.subarray(0, length))
        return true
      },
    },
  })
}

function tlsSocket({ host, port }: Target, connection: NetworkConnection, options: ConnectionOptions): Socket {
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const socket = connectTls({ host, port, ...servername, ...options })
  socket.setKeepAlive(true)
  socket.on('data', (bytes) => connection.receive(bytes))
  return socket
}

function text(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(text).join('; ')
  return cause instanceof Error ? cause.message : String(cause)
}
