import type { Database, RootDatabase } from 'lmdb'
import type { DiskRoom } from './disk-room.ts'
import {
  bucketKeyOf,
  decodeBucket,
  encodeBucket,
  fullKey,
  isBucketKey,
  isLongKey,
  prefixBytes,
  suffixOf,
  withEntry,
} from './long-keys.ts'

export type KeyValueBytes = readonly [key: Uint8Array, value: Uint8Array]

export interface RangeBounds {
  readonly from?: Uint8Array | undefined
  /** Exclusive. */
  readonly to?: Uint8Array | undefined
  readonly reverse?: boolean | undefined
}

const tag = 1
/** Stands for "behind every key"; recognised by identity. */
const behindAll = new Uint8Array(0)

/**
 * A tag byte before every key, because LMDB refuses empty keys and Kafka does not. Written straight into the library's
 * key buffer, so that a lookup allocates nothing for it.
 */
const keyEncoder = {
  writeKey(key: Uint8Array, target: Uint8Array, start: number): number {
    if (key === behindAll) {
      target[start] = tag + 1
      return start + 1
    }
    target[start] = tag
    target.set(key, start + 1)
    return start + 1 + key.length
  },
  readKey: (target: Uint8Array, start: number, end: number): Uint8Array =>
    Uint8Array.prototype.slice.call(target, start + 1, end),
}

/** One named database of an LMDB environment: bytes to bytes, any key length, unsigned byte order. */
export class LmdbTable {
  readonly #db: Database<Uint8Array, Uint8Array>
  readonly #name: string
  /** The table through the handle that reads go through; `#db` but for transactions in turns. */
  #reads: Database<Uint8Array, Uint8Array>
  #elsewhere: Database<Uint8Array, Uint8Array> | undefined
  readonly #room: DiskRoom | undefined

  /** Without `room` it is for reading. */
  constructor(root: RootDatabase, name: string, room?: DiskRoom) {
    this.#room = room
    this.#name = name
    this.#db = openTable(root, name)
    this.#reads = this.#db
  }

  /** Lets reads go through another handle of the environment, where a transaction of this one does not show yet. */
  readThrough(other: RootDatabase | undefined): void {
    if (other) this.#elsewhere ??= openTable(other, this.#name)
    this.#reads = other ? this.#elsewhere! : this.#db
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (!isLongKey(key)) return this.#reads.getBinary(key)
    const suffix = suffixOf(key)
    return bucketOf(this.#reads, bucketKeyOf(key)).find((entry) => Buffer.compare(entry.suffix, suffix) === 0)?.value
  }

  /** Legal inside a write transaction only; undefined removes. */
  set(key: Uint8Array, value: Uint8Array | undefined): void {
    if (isLongKey(key)) {
      this.#setLong(key, value)
      return
    }
    this.#room?.row(key.length, value === undefined ? 0 : value.length)
    if (value === undefined) this.#db.removeSync(key)
    else this.#db.putSync(key, value)
  }

  /** In byte order of the keys. The snapshot ends with the iteration: leave none half read. */
  *range({ from, to, reverse = false }: RangeBounds = {}): IterableIterator<KeyValueBytes> {
    // A bound beyond the limit starts or ends inside a bucket: the bucket is read whole and its entries are compared.
    const low = from === undefined ? new Uint8Array(0) : isLongKey(from) ? bucketKeyOf(from) : from
    const high = to === undefined ? behindAll : isLongKey(to) ? behindBucketOf(to) : to
    const entries = reverse
      ? this.#reads.getRange({ start: high, exclusiveStart: true, end: low, inclusiveEnd: true, reverse: true })
      : this.#reads.getRange({ start: low, end: high })
    for (const { key, value } of entries) {
      if (!isBucketKey(key)) yield [key, value]
      else yield* bucketRange(key, value, { from, to, reverse })
    }
  }

  /** Frees all pages at once. */
  clear(): void {
    this.#db.clearSync()
  }

  #setLong(key: Uint8Array, value: Uint8Array | undefined): void {
    const bucketKey = bucketKeyOf(key)
    const entries = withEntry(bucketOf(this.#db, bucketKey), suffixOf(key), value)
    const bytes = entries.length === 0 ? undefined : encodeBucket(entries)
    this.#room?.row(bucketKey.length, bytes?.length ?? 0)
    if (bytes === undefined) this.#db.removeSync(bucketKey)
    else this.#db.putSync(bucketKey, bytes)
  }
}

function openTable(root: RootDatabase, name: string): Database<Uint8Array, Uint8Array> {
  return root.openDB<Uint8Array, Uint8Array>(name, {
    encoding: 'binary',
    // The library passes a custom encoder through although its types only name the built-in ones.
    ...({ keyEncoder } as object),
  })
}

function bucketOf(db: Database<Uint8Array, Uint8Array>, bucketKey: Uint8Array): ReturnType<typeof decodeBucket> {
  const bytes = db.getBinary(bucketKey)
  return bytes === undefined ? [] : decodeBucket(bytes)
}

/** The smallest stored key behind the bucket of a long key: nothing can stand between them. */
function behindBucketOf(key: Uint8Array): Uint8Array {
  const bound = bucketKeyOf(key)
  bound[prefixBytes] = 1
  return bound
}

function* bucketRange(
  bucketKey: Uint8Array,
  bytes: Uint8Array,
  { from, to, reverse }: RangeBounds,
): IterableIterator<KeyValueBytes> {
  const entries = decodeBucket(bytes)
  for (const { suffix, value } of reverse ? entries.reverse() : entries) {
    const key = fullKey(bucketKey, suffix)
    if (from !== undefined && Buffer.compare(key, from) < 0) continue
    if (to !== undefined && Buffer.compare(key, to) >= 0) continue
    yield [key, value]
  }
}
