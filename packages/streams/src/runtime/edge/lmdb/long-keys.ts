/**
 * LMDB takes keys of up to 1,978 bytes (with 4 KiB pages); Kafka's keys have no limit. A longer key lives in a bucket that
 * stands at its first `prefixBytes` bytes followed by a zero byte, and whose value lists all long keys with that prefix in
 * order. A bucket's key is one byte longer than any plain key can be, and sorts behind the plain key that equals the
 * prefix and before everything else, which is where its long keys belong: ranges stay in byte order.
 */
export const lmdbMaxKeyBytes = 1978

/** One byte is the table's tag (LMDB refuses empty keys), one tells buckets from plain keys. */
export const prefixBytes = lmdbMaxKeyBytes - 2

export interface BucketEntry {
  /** What follows the prefix. */
  readonly suffix: Uint8Array
  readonly value: Uint8Array
}

export function isLongKey(key: Uint8Array): boolean {
  return key.length > prefixBytes
}

export function isBucketKey(storedKey: Uint8Array): boolean {
  return storedKey.length === prefixBytes + 1
}

export function bucketKeyOf(key: Uint8Array): Uint8Array {
  const bucketKey = new Uint8Array(prefixBytes + 1)
  bucketKey.set(key.subarray(0, prefixBytes))
  return bucketKey
}

export function suffixOf(key: Uint8Array): Uint8Array {
  return key.subarray(prefixBytes)
}

export function fullKey(bucketKey: Uint8Array, suffix: Uint8Array): Uint8Array {
  const key = new Uint8Array(prefixBytes + suffix.length)
  key.set(bucketKey.subarray(0, prefixBytes))
  key.set(suffix, prefixBytes)
  return key
}

/** Entries as `int32 suffix length, suffix, int32 value length, value`, in the order of their suffixes. */
export function decodeBucket(bytes: Uint8Array): BucketEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: BucketEntry[] = []
  let at = 0
  const take = (): Uint8Array => {
    const length = view.getUint32(at)
    const part = bytes.subarray(at + 4, at + 4 + length)
    at += 4 + length
    return part
  }
  while (at < bytes.length) {
    const suffix = take()
    entries.push({ suffix, value: take() })
  }
  return entries
}

export function encodeBucket(entries: readonly BucketEntry[]): Uint8Array {
  const size = entries.reduce((sum, { suffix, value }) => sum + 8 + suffix.length + value.length, 0)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  const put = (part: Uint8Array): void => {
    view.setUint32(at, part.length)
    bytes.set(part, at + 4)
    at += 4 + part.length
  }
  for (const { suffix, value } of entries) {
    put(suffix)
    put(value)
  }
  return bytes
}

/** The bucket with one entry set, or removed when the value is undefined. */
export function withEntry(
  entries: readonly BucketEntry[],
  suffix: Uint8Array,
  value: Uint8Array | undefined,
): BucketEntry[] {
  const kept = entries.filter((entry) => Buffer.compare(entry.suffix, suffix) !== 0)
  if (value === undefined) return kept
  const at = kept.findIndex((entry) => Buffer.compare(entry.suffix, suffix) > 0)
  kept.splice(at < 0 ? kept.length : at, 0, { suffix, value })
  return kept
}
