import type { StoreEntry } from '../../core/stores/views.ts'

type Entry = StoreEntry<unknown, unknown>

/** Merges the answers of several partitions, each in the order of its keys' bytes, up to a limit. */
export function mergeEntries(
  parts: readonly Iterable<Entry>[],
  options: { readonly keyBytes: (key: unknown) => Uint8Array; readonly reverse: boolean; readonly limit: number },
): readonly Entry[] {
  const { keyBytes, reverse, limit } = options
  const candidates = parts.flatMap((part) => take(part, limit).map((entry) => ({ entry, bytes: keyBytes(entry.key) })))
  const direction = reverse ? -1 : 1
  return candidates
    .sort((a, b) => direction * Buffer.compare(a.bytes, b.bytes))
    .slice(0, limit)
    .map(({ entry }) => entry)
}

function take(part: Iterable<Entry>, limit: number): Entry[] {
  const entries: Entry[] = []
  for (const entry of part) {
    if (entries.length >= limit) break
    entries.push(entry)
  }
  return entries
}
