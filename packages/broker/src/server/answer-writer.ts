import type { Duplex } from 'node:stream'
import type { MessagePart } from '@millrace/protocol'
import { FileRange, releaseParts } from '../core/storage/storage.ts'
import { brokerError } from '../errors.ts'
import type { ChunkPool } from './chunk-pool.ts'

/** Up to here length and answer are copied into one buffer; beyond they are written one after the other. */
const copyBelowBytes = 16 * 1024
/** Of what is larger the socket gets one piece after the other: so it shows whether the peer takes any. */
const pieceBytes = 512 * 1024
/** What one connection sends at most before others have their turn. */
const bytesPerTurn = 4 * 1024 * 1024

interface AnswerWriterEvents {
  /** The socket has taken more. */
  sent(): void
  /** An answer cannot be finished: the connection must go. */
  error(error: Error): void
}

/** A chunk on its way. */
interface Lent {
  readonly chunk: Buffer
  isBack: boolean
}

/**
 * Writes answers to a socket, in order. What lies in files is read piece by piece, as fast as the peer takes it, through
 * memory that is lent: it goes back when the socket has written it.
 */
export class AnswerWriter {
  readonly #socket: Duplex
  readonly #pool: ChunkPool
  readonly #on: AnswerWriterEvents
  /** What has not been given to the socket, from `#next` on. */
  #parts: MessagePart[] = []
  #next = 0
  /** How much of the first part has been sent. */
  #position = 0
  #queuedBytes = 0
  /** Those of them that are in memory. */
  #queuedMemoryBytes = 0
  #pumping = false
  #scheduled = false
  #closed = false

  constructor(socket: Duplex, pool: ChunkPool, on: AnswerWriterEvents) {
    this.#socket = socket
    this.#pool = pool
    this.#on = on
    socket.on('drain', () => this.#goOn())
  }

  /** Bytes that the kernel has not taken, most of which may still be in files. */
  get unsentBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength
  }

  /** Whether there is something that the socket has not been given. */
  get hasUnwritten(): boolean {
    return this.#next < this.#parts.length
  }

  /** Bytes of answers that memory is held for. */
  get memoryBytes(): number {
    return this.#queuedMemoryBytes + this.#socket.writableLength
  }

  /** Queues one answer; `flush` sends it. */
  add(answer: readonly MessagePart[]): void {
    let bytes = 0
    for (const part of answer) bytes += part.length
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(bytes, 0)
    this.#queuedBytes += 4 + bytes
    this.#queuedMemoryBytes += 4
    for (const part of answer) if (part instanceof Buffer) this.#queuedMemoryBytes += part.length
    const small = bytes < copyBelowBytes && answer.every((part) => part instanceof Buffer)
    if (small) this.#parts.push(Buffer.concat([length, ...(answer as readonly Buffer[])]))
    else this.#parts.push(length, ...answer)
  }

  /** Gives the socket as much as it takes without buffering files in memory; goes on by itself when it has drained. */
  flush(): void {
    if (this.#pumping || this.#scheduled || this.#closed || this.#next === this.#parts.length) return
    this.#pumping = true
    try {
      this.#pump()
    } catch (error) {
      this.#on.error(error as Error)
    } finally {
      this.#pumping = false
    }
    if (this.#next < this.#parts.length) return
    this.#parts = []
    this.#next = 0
  }

  #pump(): void {
    const socket = this.#socket
    let sent = 0
    while (this.#next < this.#parts.length && !this.#closed) {
      if (sent >= bytesPerTurn) {
        this.#flushSoon()
        return
      }
      let lent: Lent | undefined
      // One system call for what is encoded and the first piece of what follows from a file.
      socket.cork()
      try {
        this.#writeSmall()
        if (!socket.writableNeedDrain || socket.writableLength === 0) lent = this.#writePiece()
      } finally {
        socket.uncork()
      }
      sent += pieceBytes
      // The kernel has taken everything: the next piece may go through the same memory, which is in the cache now.
      if (socket.writableLength === 0) this.#giveBack(lent)
      else if (socket.writableNeedDrain) return
    }
  }

  #goOn(): void {
    this.flush()
    if (!this.#closed) this.#on.sent()
  }

  #giveBack(lent: Lent | undefined): void {
    if (!lent || lent.isBack) return
    lent.isBack = true
    this.#pool.giveBack(lent.chunk)
  }

  #writeSmall(): void {
    for (; this.#next < this.#parts.length; this.#next++) {
      const part = this.#parts[this.#next]!
      if (part instanceof FileRange || part.length > pieceBytes) return
      this.#writeBytes(part as Buffer)
    }
  }

  #writeBytes(bytes: Buffer): void {
    this.#queuedBytes -= bytes.length
    this.#queuedMemoryBytes -= bytes.length
    this.#socket.write(bytes)
  }

  /** Hands a piece of what is next to the socket. */
  #writePiece(): Lent | undefined {
    const part = this.#parts[this.#next]
    if (part instanceof FileRange) return this.#writeFromFile(part)
    if (part === undefined) return undefined
    this.#writeBytes((part as Buffer).subarray(this.#position, this.#position + pieceBytes))
    this.#advance(part, Math.min(pieceBytes, part.length - this.#position))
    return undefined
  }

  #advance(part: MessagePart, bytes: number): void {
    this.#position += bytes
    if (this.#position < part.length) return
    this.#next++
    this.#position = 0
  }

  #writeFromFile(range: FileRange): Lent {
    const wanted = range.length - this.#position
    const chunk = this.#pool.take(wanted)
    let count = 0
    try {
      count = range.readInto(chunk.subarray(0, Math.min(chunk.length, wanted)), this.#position)
      // The answer has announced the bytes: without them what follows would be taken for them.
      if (count === 0) throw brokerError('BROKER_STORAGE_FAILED', 'a file of the log is shorter than it was')
    } catch (error) {
      this.#pool.giveBack(chunk)
      throw error
    }
    this.#queuedBytes -= count
    this.#advance(range, count)
    if (this.#position === 0) range.release()
    const lent = { chunk, isBack: false }
    this.#socket.write(chunk.subarray(0, count), () => this.#giveBack(lent))
    return lent
  }

  #flushSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#goOn()
    })
  }

  /** Gives up what has not been sent. Chunks come back when the socket, destroyed, lets go of them. */
  close(): void {
    this.#closed = true
    releaseParts(this.#parts.slice(this.#next))
    this.#parts = []
    this.#next = 0
    this.#queuedBytes = 0
    this.#queuedMemoryBytes = 0
  }
}
