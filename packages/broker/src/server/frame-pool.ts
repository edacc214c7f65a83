/** Frames from here on are lent memory that is used again; smaller ones are cheap. */
const smallestBytes = 64 * 1024
const largestBytes = 1024 * 1024
/** Below, many share one piece of memory. */
const ownMemoryBytes = 2048
/** Frames kept of each size: powers of two. */
const keptOfSize = 4

/** Memory for large requests that nothing refers to once they are answered. */
export class FramePool {
  readonly #free = new Map<number, Buffer[]>()
  readonly #lent = new WeakMap<ArrayBufferLike, Buffer>()

  /** Memory of so many bytes; what is in it is of no meaning. */
  take(bytes: number): Buffer {
    if (bytes < ownMemoryBytes) return Buffer.allocUnsafe(bytes)
    if (bytes < smallestBytes || bytes > largestBytes) return Buffer.allocUnsafeSlow(bytes)
    const size = 2 ** Math.ceil(Math.log2(bytes))
    const whole = this.#free.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size)
    this.#lent.set(whole.buffer, whole)
    return whole.subarray(0, bytes)
  }

  isLent(frame: Buffer): boolean {
    return frame.buffer.byteLength >= smallestBytes && this.#lent.has(frame.buffer)
  }

  /** Takes memory back, if it was lent here. To be called once nobody refers to it: its bytes will be others'. */
  giveBack(frame: Buffer): void {
    const whole = this.#lent.get(frame.buffer)
    if (!whole) return
    this.#lent.delete(frame.buffer)
    const free = this.#free.get(whole.length)
    if (!free) this.#free.set(whole.length, [whole])
    else if (free.length < keptOfSize) free.push(whole)
  }
}
