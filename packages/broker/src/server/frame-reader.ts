import { brokerError } from '../errors.ts'

const lengthBytes = 4
/** Up to here the whole frame is allocated when its length is known; beyond, memory follows what has really arrived. */
const allocateAtOnceBytes = 1024 * 1024

/** The first memory of a larger frame. */
const firstRoomBytes = 64 * 1024

/** Cuts a stream into frames: four bytes of length, then as many bytes. A frame has memory of its own. */
export class FrameReader {
  /** Larger frames are refused when their length is read. */
  maxFrameBytes: number
  readonly #onFrame: (frame: Buffer) => void
  readonly #allocate: (bytes: number) => Buffer
  /** The beginning of a length that was split. */
  #lengthPart = Buffer.alloc(0)
  #expected = -1
  #filled = 0
  #whole: Buffer | undefined

  /** `allocate` gives memory for frames up to 1 MiB. */
  constructor(maxFrameBytes: number, onFrame: (frame: Buffer) => void, allocate: (bytes: number) => Buffer) {
    this.maxFrameBytes = maxFrameBytes
    this.#allocate = allocate
    this.#onFrame = onFrame
  }

  /** Bytes held of a frame that is not complete. */
  get pendingBytes(): number {
    return this.#filled + this.#lengthPart.length
  }

  get isMidFrame(): boolean {
    return this.#expected >= 0 || this.#lengthPart.length > 0
  }

  /** Copies what has arrived. Throws BROKER_REQUEST_INVALID for a length that cannot be, and what `onFrame` throws. */
  push(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#expected < 0) {
        rest = this.#takeLength(rest)
        continue
      }
      const taken = rest.subarray(0, this.#expected - this.#filled)
      rest = rest.subarray(taken.length)
      this.#take(taken)
    }
  }

  #takeLength(bytes: Buffer): Buffer {
    if (this.#lengthPart.length + bytes.length < lengthBytes) {
      this.#lengthPart = Buffer.concat([this.#lengthPart, bytes])
      return bytes.subarray(bytes.length)
    }
    const missing = lengthBytes - this.#lengthPart.length
    const length = this.#lengthPart.length === 0 ? bytes : Buffer.concat([this.#lengthPart, bytes.subarray(0, missing)])
    const expected = length.readInt32BE(0)
    this.#lengthPart = Buffer.alloc(0)
    if (expected <= 0 || expected > this.maxFrameBytes) {
      const message = `a request announces ${expected} bytes; requests have 1 to ${this.maxFrameBytes} here (socket.request.max.bytes, before authentication sasl.server.max.receive.size)`
      throw brokerError('BROKER_REQUEST_INVALID', message, { bytes: expected })
    }
    this.#expected = expected
    this.#filled = 0
    return bytes.subarray(missing)
  }

  /** Memory that holds what has arrived of the frame, and in the end exactly all of it. */
  #withRoomFor(bytes: number): Buffer {
    const whole = this.#whole
    if (whole && whole.length >= bytes) return whole
    if (this.#expected <= allocateAtOnceBytes) return this.#allocate(this.#expected)
    // Grown and not kept in pieces: a piece of one byte would hold a hundred.
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#expected, Math.max(firstRoomBytes, 2 * bytes)))
    if (whole) grown.set(whole.subarray(0, this.#filled))
    return grown
  }

  #take(bytes: Buffer): void {
    const complete = this.#filled + bytes.length === this.#expected
    this.#whole = this.#withRoomFor(this.#filled + bytes.length)
    this.#whole.set(bytes, this.#filled)
    this.#filled += bytes.length
    if (!complete) return
    const frame = this.#whole
    this.#whole = undefined
    this.#expected = -1
    this.#filled = 0
    this.#onFrame(frame)
  }
}
