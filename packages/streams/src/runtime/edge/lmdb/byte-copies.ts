const chunkBytesMin = 4 * 1024
const chunkBytesMax = 64 * 1024

/**
 * Copies of bytes, side by side in large pieces of memory: one of its own for each costs more than writing the row, since
 * LMDB's library asks for the address of each piece once.
 */
export class ByteCopies {
  #chunk: Buffer | undefined
  #used = 0

  of(bytes: Uint8Array): Uint8Array {
    const { length } = bytes
    let chunk = this.#chunk
    if (chunk === undefined || this.#used + length > chunk.length) {
      const usual = chunk === undefined ? chunkBytesMin : Math.min(4 * chunk.length, chunkBytesMax)
      chunk = Buffer.allocUnsafeSlow(Math.max(usual, length))
      this.#chunk = chunk
      this.#used = 0
    }
    const at = this.#used
    chunk.set(bytes, at)
    this.#used += length
    return chunk.subarray(at, this.#used)
  }
}
