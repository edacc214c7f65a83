import { createServer, type Server, type Socket } from 'node:net'
import type { BrokerCore } from '../core/broker-core.ts'
import { brokerError } from '../errors.ts'
import { ChunkPool } from './chunk-pool.ts'
import { Connection, type ConnectionLimits, type ConnectionMemory } from './connection.ts'
import { connectionClosedChannel, listeningChannel } from './diagnostics.ts'
import { MemoryBudget } from './memory-budget.ts'

const checkIntervalMs = 1000

/** A TCP port of the broker. */
export class Listener {
  readonly #core: BrokerCore
  readonly #server: Server
  readonly #connections = new Map<Socket, Connection>()
  readonly #limits: ConnectionLimits
  readonly #memory: ConnectionMemory
  #timer: NodeJS.Timeout | undefined

  constructor(core: BrokerCore) {
    this.#core = core
    this.#limits = {
      maxRequestBytes: core.config.number('socket.request.max.bytes'),
      maxIdleMs: core.config.number('connections.max.idle.ms'),
      progressMs: core.config.number('request.timeout.ms'),
    }
    this.#memory = { budget: new MemoryBudget(core.config.number('queued.max.bytes')), chunks: new ChunkPool() }
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Begins to listen; resolves with the port. Rejects with BROKER_PORT_IN_USE or BROKER_HOST_UNAVAILABLE. */
  listen(host: string, port: number): Promise<number> {
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
        listeningChannel.publish({ host, port: actual, recoveredCutBytes: this.#core.recoveredCutBytes })
        resolve(actual)
      })
    })
  }

  #accept(socket: Socket): void {
    const limit = this.#core.config.number('max.connections')
    if (this.#connections.size >= limit) {
      const message = `there are ${limit} connections already (max.connections)`
      const clientHost = socket.remoteAddress ?? 'unknown'
      socket.destroy()
      connectionClosedChannel.publish({ clientHost, error: brokerError('BROKER_CONNECTION_DROPPED', message) })
      return
    }
    const connection = new Connection(this.#core, socket, this.#limits, this.#memory, Date.now())
    this.#connections.set(socket, connection)
    socket.once('close', () => this.#connections.delete(socket))
  }

  #check(): void {
    const nowMs = Date.now()
    for (const connection of this.#connections.values()) connection.check(nowMs)
  }

  /** Stops listening and closes every connection. */
  close(): Promise<void> {
    clearInterval(this.#timer)
    for (const connection of this.#connections.values()) connection.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
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
