const initialBytes = 16 * 1024
/** One that a huge text has made larger is given up after it. */
const keptBytesMax = 1024 * 1024

/**
 * UTF-8 of a text in memory that is used again: what is copied at once needs no buffer of its own, and thousands of large
 * ones a second would take far more memory than the rows that are there at a time.
 */
export class TextScratch {
  #bytes = Buffer.allocUnsafeSlow(initialBytes)

  /** Valid until the next call. */
  encode(text: string): Buffer {
    // No character of a string takes more than three bytes.
    const most = text.length * 3
    if (most > this.#bytes.length) {
      if (most > keptBytesMax) return Buffer.from(text)
      this.#bytes = Buffer.allocUnsafeSlow(Math.min(keptBytesMax, most * 2))
    }
    return this.#bytes.subarray(0, this.#bytes.write(text))
  }
}
