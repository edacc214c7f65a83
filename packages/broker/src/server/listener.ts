import { createServer, type Server, type Socket } from 'node:net'
import type { BrokerCore } from '../core/broker-core.ts'
import type { ListenerSettings, SecurityProtocol } from '../core/security/listener-settings.ts'
import type { SaslPolicy } from '../core/security/sasl/sasl-exchange.ts'
import type { SessionListener } from '../core/security/session-listener.ts'
import { brokerError } from '../errors.ts'
import { Connection, type ConnectionLimits, type ConnectionMemory, type ConnectionPeer } from './connection.ts'
import type { ConnectionQuotas } from './connection-quotas.ts'
import { connectionClosedChannel, listeningChannel } from './diagnostics.ts'
import { readingInto } from './reading-socket.ts'
import type { TlsDoor } from './security/tls-door.ts'

const checkIntervalMs = 1000

/** A listener that is open. */
export interface ListenerEndpoint {
  /** The listener's name, in capitals. */
  readonly listener: string
  readonly securityProtocol: SecurityProtocol
  /** The address it listens on. */
  readonly host: string
  readonly port: number
}

/** What the listeners of a broker share. */
export interface ListenerShared {
  readonly memory: ConnectionMemory
  readonly quotas: ConnectionQuotas
}

/** What a listener asks of those who come; loaded only for listeners that need it, since it takes a part of the start. */
export interface ListenerSecurity {
  readonly sasl: SaslPolicy | undefined
  readonly tlsDoor: typeof TlsDoor | undefined
}

/** A TCP port of the broker. */
export class Listener {
  readonly #core: BrokerCore
  readonly #settings: ListenerSettings
  readonly #shared: ListenerShared
  readonly #server: Server
  readonly #tls: TlsDoor | undefined
  readonly #sasl: SaslPolicy | undefined
  /** All sockets, also those that wait for their turn or are in the middle of a TLS handshake. */
  readonly #sockets = new Set<Socket>()
  readonly #connections = new Map<Socket, Connection>()
  readonly #limits: ConnectionLimits
  /** As sessions see it; known once the port is. */
  #ofSessions: SessionListener | undefined
  #timer: NodeJS.Timeout | undefined

  /** Throws BROKER_TLS_INVALID. */
  constructor(core: BrokerCore, settings: ListenerSettings, security: ListenerSecurity, shared: ListenerShared) {
    this.#core = core
    this.#settings = settings
    this.#shared = shared
    this.#sasl = security.sasl
    const number = (name: string): number => Number(core.config.ofListener(settings.name, name))
    this.#limits = {
      maxRequestBytes: core.config.number('socket.request.max.bytes'),
      maxUnauthenticatedRequestBytes: number('sasl.server.max.receive.size'),
      authenticationMs: number('connection.authentication.timeout.ms'),
      maxIdleMs: core.config.number('connections.max.idle.ms'),
      progressMs: core.config.number('request.timeout.ms'),
    }
    const Door = security.tlsDoor
    this.#tls =
      Door &&
      new Door(core.config, settings, {
        entered: (socket, principal) => this.#connect(socket, principal && { principal }),
        refused: (clientHost, reason, cause) => this.#report(clientHost, reason, cause),
      })
    // TLS reads by itself.
    const pauseOnConnect = this.#tls === undefined
    this.#server = createServer({ noDelay: true, pauseOnConnect }, (accepted) => {
      this.#accept(pauseOnConnect ? readingInto(shared.memory.reads, accepted) : accepted)
    })
  }

  /** Begins to listen; resolves with where. Rejects with BROKER_PORT_IN_USE or BROKER_HOST_UNAVAILABLE. */
  listen(): Promise<ListenerEndpoint> {
    const { name, securityProtocol, host, port, advertised } = this.#settings
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
      this.#server.listen({ host, port, exclusive: true }, () => {
        this.#server.removeAllListeners('error')
        // Errors of accepting (no file descriptors left) pass; the next connection tries again.
        this.#server.on('error', () => {})
        this.#timer = setInterval(() => this.#check(), checkIntervalMs)
        this.#timer.unref()
        const address = this.#server.address()
        const actual = typeof address === 'object' && address ? address.port : port
        const told = advertised.port === 0 ? { host: advertised.host, port: actual } : advertised
        this.#ofSessions = { name, advertised: told, sasl: this.#sasl }
        const { recoveredCutBytes } = this.#core
        listeningChannel.publish({ host, port: actual, listener: name, securityProtocol, recoveredCutBytes })
        resolve({ listener: name, securityProtocol, host, port: actual })
      })
    })
  }

  /** What sessions of this listener tell clients to connect to. */
  get advertised(): { readonly host: string; readonly port: number } {
    return this.#ofSessions?.advertised ?? this.#settings.advertised
  }

  #accept(socket: Socket): void {
    const { quotas } = this.#shared
    const clientHost = socket.remoteAddress ?? 'unknown'
    const { authenticationMs } = this.#limits
    const place = quotas.admit(this.#settings.name, addressOf(clientHost), Date.now(), authenticationMs)
    if (place.kind === 'refused') {
      socket.destroy()
      this.#report(clientHost, place.reason)
      return
    }
    this.#sockets.add(socket)
    // Whoever takes the socket over sees its errors; until then they only close it.
    socket.on('error', () => {})
    const enter = (): void => {
      if (this.#tls) this.#tls.enter(socket)
      else this.#connect(socket)
    }
    const timer = place.waitMs > 0 ? setTimeout(enter, place.waitMs) : undefined
    socket.once('close', () => {
      clearTimeout(timer)
      this.#sockets.delete(socket)
      place.release()
    })
    if (!timer) enter()
  }

  #connect(socket: Socket, peer: Omit<ConnectionPeer, 'listener'> = {}): void {
    const limits = this.#limits
    const who = { ...peer, listener: this.#ofSessions! }
    const connection = new Connection(this.#core, socket, who, limits, this.#shared.memory, Date.now())
    this.#connections.set(socket, connection)
    socket.once('close', () => this.#connections.delete(socket))
  }

  #report(clientHost: string, reason: string, cause?: unknown): void {
    const fields = { client: clientHost, listener: this.#settings.name }
    const error = brokerError('BROKER_CONNECTION_DROPPED', reason, fields, cause)
    connectionClosedChannel.publish({ clientHost, error })
  }

  #check(): void {
    const nowMs = Date.now()
    for (const connection of this.#connections.values()) connection.check(nowMs)
  }

  /** Stops listening and closes every connection. */
  close(): Promise<void> {
    clearInterval(this.#timer)
    for (const connection of this.#connections.values()) connection.destroy()
    const closed = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    for (const socket of this.#sockets) socket.destroy()
    const stopped = new Promise((resolve) => this.#server.close(resolve))
    return Promise.all([stopped, ...closed]).then(() => {})
  }
}

/** An address as settings name it: IPv4 addresses that come over an IPv6 socket as IPv4. */
function addressOf(clientHost: string): string {
  return clientHost.startsWith('::ffff:') ? clientHost.slice('::ffff:'.length) : clientHost
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    return brokerError('BROKER_PORT_IN_USE', `port ${port} on ${host} is in use`, { host, port }, error)
  }
  return brokerError(
    'BROKER_HOST_UNAVAILABLE',
    `cannot listen on ${host}:${port}: ${error.message}`,
    { host, port },
    error,
  )
}
