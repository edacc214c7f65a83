const chunkBytes = 64 * 1024

/**
 * Copies of bytes, side by side in large pieces of memory: one of its own for each costs more than writing the row, since
 * LMDB's library asks for the address of each piece once.
 */
export class ByteCopies {
  #chunk = Buffer.allocUnsafeSlow(chunkBytes)
  #used = 0

  of(bytes: Uint8Array): Uint8Array {
    const { length } = bytes
    if (this.#used + length > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, length))
      this.#used = 0
    }
    const at = this.#used
    this.#chunk.set(bytes, at)
    this.#used += length
    return this.#chunk.subarray(at, this.#used)
  }
}
