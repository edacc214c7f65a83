interface Entry<T> {
  readonly prefix: string
  value: T
  /** The longest other prefix that this one begins with. */
  parent: Entry<T> | undefined
}

/**
 * Values under prefixes. What a name begins with is found by one binary search: the longest of its prefixes is the greatest entry
 * not behind the name, or one of that entry's ancestors.
 */
export class PrefixMap<T> {
  /** In the order of their prefixes. */
  readonly #entries: Entry<T>[] = []

  get(prefix: string): T | undefined {
    const entry = this.#entries[this.#firstAtLeast(prefix)]
    return entry?.prefix === prefix ? entry.value : undefined
  }

  set(prefix: string, value: T): void {
    const at = this.#firstAtLeast(prefix)
    const existing = this.#entries[at]
    if (existing?.prefix === prefix) {
      existing.value = value
      return
    }
    const created: Entry<T> = { prefix, value, parent: this.#longest(prefix, at) }
    this.#entries.splice(at, 0, created)
    for (const below of this.#below(at)) {
      if (below.parent === created.parent) below.parent = created
    }
  }

  delete(prefix: string): void {
    const at = this.#firstAtLeast(prefix)
    const entry = this.#entries[at]
    if (entry?.prefix !== prefix) return
    for (const below of this.#below(at)) {
      if (below.parent === entry) below.parent = entry.parent
    }
    this.#entries.splice(at, 1)
  }

  /** The values of all prefixes of a name, the longest first. */
  *matching(name: string): Iterable<T> {
    // The name itself may be a prefix: then it stands at the place where it would be put.
    const at = this.#firstAtLeast(name)
    const own = this.#entries[at]?.prefix === name ? this.#entries[at] : this.#longest(name, at)
    for (let entry = own; entry; entry = entry.parent) yield entry.value
  }

  /** The longest prefix of a name before the place where the name belongs. */
  #longest(name: string, at: number): Entry<T> | undefined {
    let entry: Entry<T> | undefined = this.#entries[at - 1]
    while (entry && !name.startsWith(entry.prefix)) entry = entry.parent
    return entry
  }

  /** Those that begin with the prefix at a place: they stand right behind it. */
  *#below(at: number): Iterable<Entry<T>> {
    const { prefix } = this.#entries[at]!
    for (let next = at + 1; next < this.#entries.length; next++) {
      const entry = this.#entries[next]!
      if (!entry.prefix.startsWith(prefix)) return
      yield entry
    }
  }

  #firstAtLeast(prefix: string): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.prefix < prefix) low = middle + 1
      else high = middle
    }
    return low
  }
}
