import type { KeyValueBytes } from './lmdb-table.ts'

/** Merges ranges that are each in key order and share no key. Few ranges are expected, so the least is found by looking. */
export function* mergeRanges(
  ranges: readonly Iterable<KeyValueBytes>[],
  reverse: boolean,
): IterableIterator<KeyValueBytes> {
  const iterators = ranges.map((range) => range[Symbol.iterator]())
  try {
    const heads = iterators.map((iterator) => iterator.next())
    for (;;) {
      let least = -1
      for (const [index, head] of heads.entries()) {
        if (head.done) continue
        const best = least < 0 ? undefined : heads[least]
        const order = best?.done === false ? Buffer.compare(head.value[0], best.value[0]) : -1
        if (best === undefined || (reverse ? order > 0 : order < 0)) least = index
      }
      const head = heads[least]
      if (!head || head.done) return
      yield head.value
      heads[least] = iterators[least]!.next()
    }
  } finally {
    // An abandoned range would keep its read transaction and hold back pages.
    for (const iterator of iterators) iterator.return?.()
  }
}
