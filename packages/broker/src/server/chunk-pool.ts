/** Large enough that system calls cost little beside the copying, small enough for a processor's own cache. */
const largeBytes = 512 * 1024
/** With many slow readers each holds a chunk: then they are small. */
const smallBytes = 64 * 1024
const largeAtOnce = 8
/** Chunks kept for later use. */
const keptLarge = 4
const keptSmall = 16

/**
 * Memory that answers pass through on their way from files to sockets. Used again and again it stays in the processor's
 * cache, and nobody has to collect it; fresh memory costs a multiple of what copying into it does.
 */
export class ChunkPool {
  readonly #large: Buffer[] = []
  readonly #small: Buffer[] = []
  #largeInUse = 0
  #usedBytes = 0

  /** Bytes of all chunks that are lent. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Lends a chunk; what is in it is of no meaning. */
  take(wantedBytes: number): Buffer {
    const large = wantedBytes > smallBytes && this.#largeInUse < largeAtOnce
    if (large) this.#largeInUse++
    const chunk = (large ? this.#large : this.#small).pop() ?? Buffer.allocUnsafeSlow(large ? largeBytes : smallBytes)
    this.#usedBytes += chunk.length
    return chunk
  }

  /** Takes a chunk back. To be called once, when nobody reads it any more: its bytes will be others'. */
  giveBack(chunk: Buffer): void {
    this.#usedBytes -= chunk.length
    const large = chunk.length === largeBytes
    if (large) this.#largeInUse--
    const free = large ? this.#large : this.#small
    if (free.length < (large ? keptLarge : keptSmall)) free.push(chunk)
  }
}
