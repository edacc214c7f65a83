import type { Socket } from 'node:net'
import { systemClock } from '@millrace/base'
import { kafkaError } from '../errors.ts'
import { PendingReplies } from '../pending-replies.ts'
import type { Connection, SendOptions, Target } from '../transport.ts'
import { endOfConnection, isTlsAlert } from './end-of-connection.ts'
import { FrameReader } from './frame-reader.ts'

/** An authenticated session that ends. */
interface Session {
  readonly dueMs: number
  /** Authenticates again; resolves with how long it lasts then, 0 for ever. */
  readonly authenticate: (connection: Pick<Connection, 'send'>) => Promise<number>
}

/** Length-prefixed requests and responses over one socket. */
export class NetworkConnection implements Connection {
  readonly closed: Promise<void>
  readonly #target: Target
  readonly #replies: PendingReplies
  readonly #reader: FrameReader
  #socket: Socket | undefined
  #markClosed: () => void = () => {}
  #error: unknown
  #answers = 0
  #isTls = false
  #session: Session | undefined
  /** While the session is authenticated again: requests wait behind it. */
  #renewal: Promise<void> | undefined

  constructor(target: Target, maxResponseBytes: number) {
    this.#target = target
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve
    })
    const { host, port } = target
    this.#replies = new PendingReplies(systemClock, () =>
      this.end(kafkaError('KAFKA_TIMEOUT', `${host}:${port} did not reply in time`, { host, port })),
    )
    this.#reader = new FrameReader(maxResponseBytes, (frame) => {
      this.#answers += 1
      if (!this.#replies.settle(frame))
        this.end(this.#disconnected(new Error('the peer sent a reply that nobody asked for')))
    })
  }

  /** The memory that the socket reads into next. */
  readTarget(): Buffer {
    return this.#reader.target()
  }

  /** Takes the socket over once it is connected. */
  attach(socket: Socket): void {
    this.#socket = socket
    this.#isTls = 'encrypted' in socket
    socket.setNoDelay(true)
    socket.on('error', (cause) => this.end(this.#ended(cause)))
    socket.on('close', () => this.end(this.#ended()))
  }

  receive(bytes: Uint8Array): void {
    if (this.#error !== undefined) return
    try {
      this.#reader.push(bytes)
    } catch (cause) {
      this.end(this.#unreadable(bytes, cause))
    }
  }

  /**
   * The session ends in `lifetimeMs`: it is authenticated again before, when there is something to send (KIP-368). An idle connection
   * just expires, and renews itself before its next request.
   */
  renewBefore(lifetimeMs: number, authenticate: Session['authenticate']): void {
    // Some time before the end, and not all connections at once.
    const afterMs = lifetimeMs * (0.85 + Math.random() * 0.1)
    this.#session = lifetimeMs > 0 ? { dueMs: systemClock.now() + afterMs, authenticate } : undefined
  }

  send(request: Buffer, options: SendOptions): Promise<Buffer> {
    return this.sendParts([request], options)
  }

  sendParts(request: readonly Buffer[], options: SendOptions): Promise<Buffer> {
    const session = this.#session
    if (session && !this.#renewal && systemClock.now() >= session.dueMs) this.#renewal = this.#renew(session)
    return this.#renewal ? this.#renewal.then(() => this.#transmit(request, options)) : this.#transmit(request, options)
  }

  async #renew({ authenticate }: Session): Promise<void> {
    try {
      const lifetimeMs = await authenticate({ send: (request, options) => this.#transmit([request], options) })
      this.renewBefore(lifetimeMs, authenticate)
      this.#renewal = undefined
    } catch (cause) {
      this.end(cause)
      throw cause
    }
  }

  #transmit(request: readonly Buffer[], options: SendOptions): Promise<Buffer> {
    const socket = this.#socket
    if (this.#error !== undefined || socket === undefined) return Promise.reject(this.#error ?? this.#disconnected())
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(
      request.reduce((sum, part) => sum + part.length, 0),
      0,
    )
    socket.cork()
    socket.write(length)
    for (const part of request) socket.write(part)
    socket.uncork()
    return options.expectResponse === false ? Promise.resolve(Buffer.alloc(0)) : this.#replies.add(options.deadlineMs)
  }

  close(): void {
    this.end(this.#disconnected())
  }

  end(error: unknown): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#socket?.destroy()
    this.#replies.failAll(error)
    this.#markClosed()
  }

  /** What the end of the socket says: the peer's doing, not ours. */
  #ended(cause?: unknown): unknown {
    const stage = { isTls: this.#isTls, answers: this.#answers }
    return endOfConnection(this.#target, stage, cause) ?? this.#disconnected(cause)
  }

  #unreadable(bytes: Uint8Array, cause: unknown): unknown {
    const { host, port } = this.#target
    if (this.#answers === 0 && isTlsAlert(bytes)) {
      return kafkaError('KAFKA_TLS_FAILED', `${host}:${port} answered in TLS`, { host, port })
    }
    const message = `${host}:${port} announced a ${cause instanceof Error ? cause.message : 'bad frame'}`
    return kafkaError('KAFKA_RESPONSE_TOO_LARGE', message, { host, port }, cause)
  }

  #disconnected(cause?: unknown): unknown {
    const { host, port } = this.#target
    return kafkaError('KAFKA_DISCONNECTED', `connection to ${host}:${port} ended`, { host, port }, cause)
  }
}
