const chunkMaxKeys = 512

/**
 * A set of texts in order. Additions are kept aside until somebody asks for a range, so that a store that is never
 * iterated pays nothing for order, and one that is iterated after every write pays for one insertion.
 */
export class SortedKeys {
  #chunks: string[][] = []
  #added: string[] = []

  /** The text must not be in the set. */
  add(text: string): void {
    this.#added.push(text)
  }

  /** The text must be in the set. */
  delete(text: string): void {
    this.#settle()
    const chunkAt = this.#chunkOf(text)
    const chunk = this.#chunks[chunkAt]
    if (!chunk) return
    const at = lowerBound(chunk, text)
    if (chunk[at] !== text) return
    chunk.splice(at, 1)
    if (chunk.length === 0) this.#chunks.splice(chunkAt, 1)
  }

  /** Texts from `from` (inclusive) to `to` (exclusive). The set must not change while it is iterated. */
  *range(from: string | undefined, to: string | undefined, reverse: boolean): Generator<string> {
    this.#settle()
    if (reverse) yield* this.#backward(from, to)
    else yield* this.#forward(from, to)
  }

  *#forward(from: string | undefined, to: string | undefined): Generator<string> {
    let chunkAt = from === undefined ? 0 : this.#chunkOf(from)
    let at = from === undefined || !this.#chunks[chunkAt] ? 0 : lowerBound(this.#chunks[chunkAt]!, from)
    for (; chunkAt < this.#chunks.length; chunkAt++, at = 0) {
      const chunk = this.#chunks[chunkAt]!
      for (; at < chunk.length; at++) {
        const text = chunk[at]!
        if (to !== undefined && text >= to) return
        yield text
      }
    }
  }

  *#backward(from: string | undefined, to: string | undefined): Generator<string> {
    const last = this.#chunks.length - 1
    let chunkAt = to === undefined ? last : Math.min(this.#chunkOf(to), last)
    for (; chunkAt >= 0; chunkAt--) {
      const chunk = this.#chunks[chunkAt]!
      for (let at = (to === undefined ? chunk.length : lowerBound(chunk, to)) - 1; at >= 0; at--) {
        const text = chunk[at]!
        if (from !== undefined && text < from) return
        yield text
      }
    }
  }

  #settle(): void {
    if (this.#added.length === 0) return
    if (this.#added.length > chunkMaxKeys) this.#rebuild()
    else for (const text of this.#added) this.#insert(text)
    this.#added = []
  }

  #insert(text: string): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push([text])
      return
    }
    const chunkAt = Math.min(this.#chunkOf(text), this.#chunks.length - 1)
    const chunk = this.#chunks[chunkAt]!
    chunk.splice(lowerBound(chunk, text), 0, text)
    if (chunk.length > chunkMaxKeys) this.#chunks.splice(chunkAt + 1, 0, chunk.splice(chunkMaxKeys >> 1))
  }

  #rebuild(): void {
    const all = this.#chunks.flat().concat(this.#added).sort(byText)
    this.#chunks = []
    const half = chunkMaxKeys >> 1
    for (let at = 0; at < all.length; at += half) this.#chunks.push(all.slice(at, at + half))
  }

  /** First chunk whose last text is not before `text`. */
  #chunkOf(text: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const chunk = this.#chunks[middle]!
      if (chunk[chunk.length - 1]! < text) low = middle + 1
      else high = middle
    }
    return low
  }
}

function lowerBound(chunk: readonly string[], text: string): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (chunk[middle]! < text) low = middle + 1
    else high = middle
  }
  return low
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
