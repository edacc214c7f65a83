/**
 * Cuts a byte stream into length-prefixed frames. It hands the socket the memory to read into: the rest of a large
 * frame arrives in the frame's own buffer and is never copied; what is small goes through one scratch buffer.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #onFrame: (frame: Buffer) => void
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes)
  readonly #length = Buffer.allocUnsafeSlow(4)
  #lengthFilled = 0
  #frame: Buffer | undefined
  #filled = 0

  constructor(maxFrameBytes: number, onFrame: (frame: Buffer) => void) {
    this.#maxFrameBytes = maxFrameBytes
    this.#onFrame = onFrame
  }

  /** Where the socket should put its next bytes; never reaches beyond the current frame when it is that frame. */
  target(): Buffer {
    const frame = this.#frame
    return frame !== undefined && frame.length - this.#filled >= directBytes
      ? frame.subarray(this.#filled)
      : this.#scratch
  }

  /** Takes bytes that the socket has put into `target()`, or anywhere else. Throws RangeError for an oversized frame. */
  push(bytes: Uint8Array): void {
    const frame = this.#frame
    if (frame !== undefined && bytes.buffer === frame.buffer) {
      this.#filled += bytes.length
      this.#finishFrame()
      return
    }
    let at = 0
    while (at < bytes.length) at = this.#frame === undefined ? this.#takeLength(bytes, at) : this.#takeBody(bytes, at)
  }

  #takeLength(bytes: Uint8Array, from: number): number {
    const take = Math.min(4 - this.#lengthFilled, bytes.length - from)
    this.#length.set(bytes.subarray(from, from + take), this.#lengthFilled)
    this.#lengthFilled += take
    if (this.#lengthFilled < 4) return from + take
    this.#lengthFilled = 0
    const length = this.#length.readInt32BE(0)
    if (length < 0 || length > this.#maxFrameBytes) throw new RangeError(`frame of ${length} bytes`)
    this.#frame = Buffer.allocUnsafeSlow(length)
    this.#filled = 0
    this.#finishFrame()
    return from + take
  }

  #takeBody(bytes: Uint8Array, from: number): number {
    const frame = this.#frame as Buffer
    const take = Math.min(frame.length - this.#filled, bytes.length - from)
    frame.set(bytes.subarray(from, from + take), this.#filled)
    this.#filled += take
    this.#finishFrame()
    return from + take
  }

  #finishFrame(): void {
    const frame = this.#frame
    if (frame === undefined || this.#filled < frame.length) return
    this.#frame = undefined
    this.#onFrame(frame)
  }
}

const scratchBytes = 65_536
/** Below this much left, one read into the scratch buffer also brings the beginning of the next frame. */
const directBytes = 65_536
