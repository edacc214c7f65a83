/** Something that waits for a time. */
export interface Timed {
  readonly time: number
  /** Decides the order of equal times. */
  readonly keyText: string
}

/** A heap of what waits, the earliest first. */
export class TimeHeap<T extends Timed> {
  readonly #items: T[] = []

  get first(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(item, items[parent]!)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  /** Takes the first away. */
  shift(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++
      if (!isBefore(items[child]!, last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return first
  }

  clear(): void {
    this.#items.length = 0
  }
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.time < b.time || (a.time === b.time && a.keyText < b.keyText)
}
