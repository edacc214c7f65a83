import type { Socket } from 'node:net'
import type { MessagePart } from '@millrace/protocol'
import type { BrokerCore } from '../core/broker-core.ts'
import type { BrokerSession } from '../core/broker-session.ts'
import type { Principal } from '../core/security/principal.ts'
import type { SessionListener } from '../core/security/session-listener.ts'
import { releaseParts } from '../core/storage/storage.ts'
import { brokerError } from '../errors.ts'
import { AnswerWriter } from './answer-writer.ts'
import type { ChunkPool } from './chunk-pool.ts'
import { connectionClosedChannel } from './diagnostics.ts'
import type { FramePool } from './frame-pool.ts'
import { FrameReader } from './frame-reader.ts'
import type { MemoryBudget } from './memory-budget.ts'

/** Requests of one connection that may be unanswered before reading pauses. */
const maxUnansweredRequests = 64
/** Bytes of answers the peer has not taken before reading pauses. */
const maxUnsentBytes = 4 * 1024 * 1024
/** Requests beyond this give way when memory is short. */
const largeRequestBytes = 1024 * 1024

/** A request that takes longer than others may must come at this rate at least. */
const leastBytesPerSecond = 4096

/** How long a peer may take to fetch the last answer of a connection that ends. */
const endingMs = 1000

export interface ConnectionLimits {
  readonly maxRequestBytes: number
  /** The same before authentication. */
  readonly maxUnauthenticatedRequestBytes: number
  /** Who has not authenticated by then is dropped. */
  readonly authenticationMs: number
  readonly maxIdleMs: number
  /** A request that has begun must be whole, or be coming at some rate, and unsent answers must make progress, within this. */
  readonly progressMs: number
}

/** How the peer came in. */
export interface ConnectionPeer {
  readonly listener: SessionListener
  /** Who it is by its certificate. */
  readonly principal?: Principal
}

/** What all connections of a broker share. */
export interface ConnectionMemory {
  readonly budget: MemoryBudget
  readonly chunks: ChunkPool
  readonly frames: FramePool
  /** What sockets read into. */
  readonly reads: Buffer
}

/** An answer's place in the order of the requests. */
interface Slot {
  ready: boolean
  response: readonly MessagePart[] | undefined
}

/** One client's socket: cuts frames, gives them to the session, writes answers in the order of the requests. */
export class Connection {
  readonly #socket: Socket
  readonly #session: BrokerSession
  readonly #limits: ConnectionLimits
  readonly #budget: MemoryBudget
  readonly #memory: ConnectionMemory
  readonly #frames: FrameReader
  readonly #answers: AnswerWriter
  readonly #clientHost: string
  #slots: Slot[] = []
  /** Requests that have arrived whole and not begun. */
  #waiting: Buffer[] = []
  #budgeted = 0
  #paused = false
  #flushing = false
  #closed = false
  /** Since when the connection only waits for its last answers to be given and taken. */
  #endingSinceMs: number | undefined
  /** What is wrong with the bytes behind the requests that have arrived whole. */
  #malformed: Error | undefined
  readonly #openedMs: number
  #lastProgressMs: number
  /** When the request began to arrive that is not whole. */
  #requestBeganMs: number
  #lastWritten = 0

  constructor(
    core: BrokerCore,
    socket: Socket,
    peer: ConnectionPeer,
    limits: ConnectionLimits,
    memory: ConnectionMemory,
    nowMs: number,
  ) {
    this.#socket = socket
    this.#limits = limits
    this.#budget = memory.budget
    this.#openedMs = nowMs
    this.#lastProgressMs = nowMs
    this.#requestBeganMs = nowMs
    this.#clientHost = socket.remoteAddress ?? 'unknown'
    this.#session = core.open({
      ...peer,
      clientHost: this.#clientHost,
      onDrop: (error) => this.destroy(error),
      onEnd: (error) => this.#end(error),
      onAuthenticated: () => {
        this.#frames.maxFrameBytes = limits.maxRequestBytes
      },
    })
    const { isAuthenticated } = this.#session
    const maxFrameBytes = isAuthenticated ? limits.maxRequestBytes : limits.maxUnauthenticatedRequestBytes
    this.#memory = memory
    this.#frames = new FrameReader(
      maxFrameBytes,
      (frame) => this.#waiting.push(frame),
      (bytes) => memory.frames.take(bytes),
    )
    this.#answers = new AnswerWriter(socket, memory.chunks, {
      sent: () => this.#resumeIfCalm(),
      error: (error) => this.destroy(error),
    })
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
    socket.resume()
    socket.on('error', () => this.destroy())
    socket.on('close', () => this.destroy())
  }

  #received(chunk: Buffer): void {
    // Read and thrown away: closing with unread bytes would take the last answer from the peer.
    if (this.#endingSinceMs !== undefined || this.#malformed) return
    this.#lastProgressMs = Date.now()
    const wasMidFrame = this.#frames.isMidFrame
    const whole = this.#waiting.length
    try {
      this.#frames.push(chunk)
      if (!wasMidFrame || this.#waiting.length > whole) this.#requestBeganMs = this.#lastProgressMs
    } catch (error) {
      this.#malformed = error as Error
    }
    this.#handleWaiting()
    // Holding back a large request that has begun would hold the memory that all wait for.
    if (this.#budget.isExhausted && this.#frames.pendingBytes > largeRequestBytes) {
      this.#drop('all connections together hold more than queued.max.bytes, and this one is sending a large request')
    }
  }

  /** Begins waiting requests until the peer must first take answers. */
  #handleWaiting(): void {
    // Answers that are ready when these requests have been handled go together.
    this.#flushing = true
    let handled = 0
    try {
      while (handled < this.#waiting.length && this.#isOpen && !this.#isOverloaded()) {
        this.#request(this.#waiting[handled++]!)
        this.#writeReady()
      }
    } catch (error) {
      // What came before the bad request gets its answer, as it would from Kafka, which takes one at a time.
      this.#flushing = false
      this.#slots.pop()
      this.#end(error as Error)
      return
    }
    this.#waiting.splice(0, handled)
    this.#flushing = false
    if (this.#malformed && this.#waiting.length === 0) this.#end(this.#malformed)
    else this.#flush()
  }

  #request(frame: Buffer): void {
    const slot: Slot = { ready: false, response: undefined }
    this.#slots.push(slot)
    const { frames } = this.#memory
    // What is not lent is not held on to either: a fetch may wait for long.
    const lent = frames.isLent(frame) ? frame : undefined
    this.#session.handleInParts(frame, (response, requestIsFree) => {
      if (lent && requestIsFree) frames.giveBack(lent)
      if (this.#closed) {
        releaseParts(response ?? [])
        return
      }
      slot.ready = true
      slot.response = response
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#flushing || this.#closed) return
    this.#writeReady()
    this.#answers.flush()
    this.#account()
    if (this.#endingSinceMs !== undefined) {
      this.#endWhenAnswered()
      return
    }
    if (this.#isOverloaded() || this.#waiting.length > 0) this.#pause()
    if (this.#paused) this.#resumeIfCalm()
  }

  #writeReady(): void {
    let count = 0
    while (count < this.#slots.length && this.#slots[count]!.ready) {
      const { response } = this.#slots[count]!
      if (response) this.#answers.add(response)
      count++
    }
    if (count > 0) this.#slots.splice(0, count)
  }

  #isOverloaded(): boolean {
    return (
      this.#answers.unsentBytes > maxUnsentBytes ||
      this.#slots.length >= maxUnansweredRequests ||
      (this.#budget.isExhausted && this.#answers.unsentBytes > 0)
    )
  }

  #account(): void {
    const bytes = this.#frames.pendingBytes + this.#answers.memoryBytes
    this.#budget.change(bytes - this.#budgeted)
    this.#budgeted = bytes
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#socket.pause()
  }

  #resumeIfCalm(): void {
    if (this.#endingSinceMs !== undefined) {
      this.#endWhenAnswered()
      return
    }
    if (!this.#paused || this.#flushing) return
    this.#account()
    if (this.#isOverloaded()) return
    if (this.#waiting.length > 0) this.#handleWaiting()
    if (this.#waiting.length > 0 || this.#isOverloaded()) return
    this.#paused = false
    // What came too late because nobody read it is not the peer's fault.
    this.#requestBeganMs = Date.now()
    this.#socket.resume()
  }

  /** Called from time to time: closes what is idle, cut off in mid-request, or does not read its answers. */
  check(nowMs: number): void {
    if (this.#endingSinceMs !== undefined) {
      if (nowMs - this.#endingSinceMs > endingMs) this.destroy()
      return
    }
    this.#resumeIfCalm()
    const { authenticationMs } = this.#limits
    if (!this.#session.isAuthenticated && nowMs - this.#openedMs > authenticationMs) {
      this.#drop(`nobody authenticated within ${authenticationMs} ms (connection.authentication.timeout.ms)`)
      return
    }
    if (this.#isTooSlow(nowMs)) {
      const { progressMs } = this.#limits
      this.#drop(`a request stayed incomplete for ${progressMs} ms (request.timeout.ms)`)
      return
    }
    const written = this.#socket.bytesWritten - this.#socket.writableLength
    if (written !== this.#lastWritten) {
      this.#lastWritten = written
      this.#lastProgressMs = Math.max(this.#lastProgressMs, nowMs)
      return
    }
    const silentMs = nowMs - this.#lastProgressMs
    const { progressMs, maxIdleMs } = this.#limits
    if (silentMs > progressMs && this.#frames.isMidFrame && !this.#paused) {
      this.#drop(`a request stayed incomplete for ${progressMs} ms (request.timeout.ms)`)
    } else if (silentMs > progressMs && this.#answers.unsentBytes > 0) {
      this.#drop(`answers were not read for ${progressMs} ms (request.timeout.ms)`)
    } else if (silentMs > maxIdleMs && this.#slots.length === 0) {
      this.#drop(`the connection was idle for ${maxIdleMs} ms (connections.max.idle.ms)`)
    }
  }

  /** Whether a request has begun that comes byte by byte, which would hold the connection for as long as the peer likes. */
  #isTooSlow(nowMs: number): boolean {
    if (!this.#frames.isMidFrame || this.#paused) return false
    const tookMs = nowMs - this.#requestBeganMs
    return tookMs > this.#limits.progressMs && this.#frames.pendingBytes * 1000 < tookMs * leastBytesPerSecond
  }

  #drop(reason: string): void {
    this.destroy(brokerError('BROKER_CONNECTION_DROPPED', reason, { client: this.#clientHost }))
  }

  /**
   * Closes the socket when requests that have begun are answered and the answers are written; a peer that does not take them, or
   * requests that take too long, are cut off.
   */
  #end(error: Error): void {
    if (!this.#isOpen) return
    this.#endingSinceMs = Date.now()
    this.#waiting = []
    this.#flush()
    this.#socket.resume()
    connectionClosedChannel.publish({ clientHost: this.#clientHost, error })
  }

  /** With unread bytes in it a socket would take the last answers from the peer when it closes: what still comes is read. */
  #endWhenAnswered(): void {
    if (this.#slots.length === 0 && !this.#answers.hasUnwritten && !this.#socket.writableEnded) this.#socket.end()
  }

  get #isOpen(): boolean {
    return !this.#closed && this.#endingSinceMs === undefined
  }

  /** Closes the socket at once; the error, if any, says why on the diagnostics channel. */
  destroy(error?: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#budget.change(-this.#budgeted)
    this.#waiting = []
    this.#session.close()
    for (const { response } of this.#slots) if (response) releaseParts(response)
    this.#slots = []
    this.#answers.close()
    this.#socket.destroy()
    if (error) connectionClosedChannel.publish({ clientHost: this.#clientHost, error })
  }
}
