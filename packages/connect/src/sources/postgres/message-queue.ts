const slabBytes = 256 * 1024

/**
 * Copies of the replication messages that wait to be read.
 *
 * They must be copies: the driver hands out views into its receive buffer and moves the rest of an incomplete message to
 * the front of that buffer when the next bytes arrive, so that a view kept longer would show other messages' bytes.
 */
export class MessageQueue {
  #slab: Buffer = Buffer.allocUnsafe(slabBytes)
  #used = 0
  #messages: Buffer[] = []
  #head = 0
  #bytes = 0

  get length(): number {
    return this.#messages.length - this.#head
  }

  /** Of the messages that wait. */
  get bytes(): number {
    return this.#bytes
  }

  push(message: Buffer): void {
    const { length } = message
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafe(Math.max(slabBytes, length))
      this.#used = 0
    }
    message.copy(this.#slab, this.#used)
    this.#messages.push(this.#slab.subarray(this.#used, this.#used + length))
    this.#used += length
    this.#bytes += length
  }

  shift(): Buffer | undefined {
    const message = this.#messages[this.#head]
    if (!message) return undefined
    this.#head++
    this.#bytes -= message.length
    if (this.#head === this.#messages.length) {
      this.#messages = []
      this.#head = 0
    } else if (this.#head >= 16_384) {
      this.#messages = this.#messages.slice(this.#head)
      this.#head = 0
    }
    return message
  }

  clear(): void {
    this.#messages = []
    this.#head = 0
    this.#bytes = 0
  }
}
