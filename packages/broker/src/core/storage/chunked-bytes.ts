const firstChunkBytes = 512
const maxChunkBytes = 1024 * 1024

interface Chunk {
  readonly start: number
  readonly bytes: Buffer
  used: number
}

/**
 * Growing bytes in memory. One append is never split, so that a read of what one append wrote is a view; bytes once
 * handed out are never overwritten, not even after a truncation.
 */
export class ChunkedBytes {
  #chunks: Chunk[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  append(bytes: Uint8Array): void {
    let last = this.#chunks.at(-1)
    if (!last || last.bytes.length - last.used < bytes.length) {
      const wanted = last ? Math.min(maxChunkBytes, last.bytes.length * 4) : firstChunkBytes
      last = { start: this.#size, bytes: Buffer.allocUnsafeSlow(Math.max(wanted, bytes.length)), used: 0 }
      this.#chunks.push(last)
    }
    last.bytes.set(bytes, last.used)
    last.used += bytes.length
    this.#size += bytes.length
  }

  read(position: number, length: number): Buffer {
    const end = Math.min(this.#size, position + length)
    if (position >= end) return Buffer.alloc(0)
    let index = this.#chunkAt(position)
    const first = this.#chunks[index]!
    if (end <= first.start + first.used) return first.bytes.subarray(position - first.start, end - first.start)
    const parts: Buffer[] = []
    for (let at = position; at < end; index++) {
      const chunk = this.#chunks[index]!
      const part = chunk.bytes.subarray(at - chunk.start, Math.min(chunk.used, end - chunk.start))
      parts.push(part)
      at += part.length
    }
    return Buffer.concat(parts)
  }

  truncate(size: number): void {
    if (size >= this.#size) return
    while (this.#chunks.length > 0 && this.#chunks.at(-1)!.start >= size) this.#chunks.pop()
    const last = this.#chunks.pop()
    // The cut chunk is closed: a reader may still hold a view of what was behind the cut.
    if (last) {
      const used = size - last.start
      this.#chunks.push({ start: last.start, bytes: last.bytes.subarray(0, used), used })
    }
    this.#size = size
  }

  #chunkAt(position: number): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#chunks[middle]!.start <= position) low = middle
      else high = middle - 1
    }
    return low
  }
}
