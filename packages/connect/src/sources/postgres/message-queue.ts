const slabBytes = 256 * 1024
/** Slabs kept for the next messages; more than a full queue needs with the default `bufferMaxBytes`. */
const spareSlabsMax = 40

interface Slab {
  readonly bytes: Buffer
  used: number
  /** Messages in it that wait. */
  waiting: number
}

/**
 * Copies of the replication messages that wait to be read, in reused memory.
 *
 * They must be copies: the driver hands out views into its receive buffer and moves the rest of an incomplete message to
 * the front of that buffer when the next bytes arrive, so that a view kept longer would show other messages' bytes.
 */
export class MessageQueue {
  #slabs: Slab[] = []
  #spare: Slab[] = []
  /** Lengths of the messages, in order. */
  #lengths: number[] = []
  /** Their positions in the log, as they came. */
  #lsns: string[] = []
  #lsn = '0/0'
  #head = 0
  /** Where the next message to read begins in the first slab. */
  #readAt = 0
  #bytes = 0

  get length(): number {
    return this.#lengths.length - this.#head
  }

  /** Of the messages that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** Where the message lies in the log that `shift` returned last. */
  get lsn(): string {
    return this.#lsn
  }

  push(message: Buffer, lsn: string): void {
    const { length } = message
    let slab = this.#slabs.at(-1)
    if (!slab || slab.used + length > slab.bytes.length) {
      slab = this.#nextSlab(length)
      this.#slabs.push(slab)
    }
    message.copy(slab.bytes, slab.used)
    slab.used += length
    slab.waiting++
    this.#lengths.push(length)
    this.#lsns.push(lsn)
    this.#bytes += length
  }

  /** The next message; valid until the next call of `push` or `shift`. */
  shift(): Buffer | undefined {
    const length = this.#lengths[this.#head]
    if (length === undefined) return undefined
    this.#dropReadSlabs()
    const slab = this.#slabs[0]!
    const message = slab.bytes.subarray(this.#readAt, this.#readAt + length)
    this.#readAt += length
    slab.waiting--
    this.#bytes -= length
    this.#lsn = this.#lsns[this.#head]!
    this.#head++
    if (this.#head === this.#lengths.length || this.#head >= 16_384) {
      this.#lengths = this.#lengths.slice(this.#head)
      this.#lsns = this.#lsns.slice(this.#head)
      this.#head = 0
    }
    return message
  }

  clear(): void {
    this.#slabs = []
    this.#spare = []
    this.#lengths = []
    this.#lsns = []
    this.#head = 0
    this.#readAt = 0
    this.#bytes = 0
  }

  /** Slabs in front whose messages have all been read; the last one handed out is not valid any more. */
  #dropReadSlabs(): void {
    for (let slab = this.#slabs[0]; slab?.waiting === 0; slab = this.#slabs[0]) {
      this.#slabs.shift()
      this.#readAt = 0
      slab.used = 0
      if (slab.bytes.length === slabBytes && this.#spare.length < spareSlabsMax) this.#spare.push(slab)
    }
  }

  #nextSlab(length: number): Slab {
    if (length > slabBytes) return { bytes: Buffer.allocUnsafeSlow(length), used: 0, waiting: 0 }
    return this.#spare.pop() ?? { bytes: Buffer.allocUnsafeSlow(slabBytes), used: 0, waiting: 0 }
  }
}
