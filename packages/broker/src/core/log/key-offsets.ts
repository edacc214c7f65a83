const chunkBytes = 1024 * 1024
const lengthBytes = 4
/** Offset, place and slots of one key, at the worst. */
const entryBytes = 8 + 8 + 16

interface Chunk {
  readonly bytes: Buffer
  used: number
}

/**
 * The latest offset of each key, exactly and within a given number of bytes: keys stand one after the other in chunks, and a table
 * of slots finds them by a hash. A map of strings would need several times as much and stop the broker whenever it grows.
 */
export class KeyOffsets {
  readonly #maxBytes: number
  readonly #capacity: number
  readonly #mask: number
  /** Number of the entry plus one; 0 is free. */
  readonly #slots: Uint32Array
  readonly #offsets: Float64Array
  /** Number of the chunk times its size, plus the place in it. */
  readonly #places: Float64Array
  readonly #chunks: Chunk[] = []
  #keyBytes = 0
  #count = 0

  /** `mostKeys`: more different keys will not come. */
  constructor(maxBytes: number, mostKeys: number) {
    this.#maxBytes = maxBytes
    this.#capacity = Math.max(1, Math.min(mostKeys, Math.floor(maxBytes / (entryBytes + lengthBytes))))
    const slots = 2 ** Math.ceil(Math.log2(this.#capacity * 1.5 + 1))
    this.#mask = slots - 1
    this.#slots = new Uint32Array(slots)
    this.#offsets = new Float64Array(this.#capacity)
    this.#places = new Float64Array(this.#capacity)
  }

  get count(): number {
    return this.#count
  }

  /** Whether the next key that is not known yet has no place; one always has. */
  get isFull(): boolean {
    if (this.#count === 0) return false
    return this.#count === this.#capacity || this.#count * entryBytes + this.#keyBytes >= this.#maxBytes
  }

  /** Call only when it is not full. */
  set(key: Buffer, offset: number): void {
    const slot = this.#slotOf(key)
    const entry = this.#slots[slot]!
    if (entry > 0) {
      this.#offsets[entry - 1] = offset
      return
    }
    const place = this.#store(key)
    this.#places[this.#count] = place
    this.#offsets[this.#count] = offset
    this.#slots[slot] = ++this.#count
  }

  get(key: Buffer): number | undefined {
    const entry = this.#slots[this.#slotOf(key)]!
    return entry === 0 ? undefined : this.#offsets[entry - 1]
  }

  /** The slot that has the key, or the free one where it belongs. */
  #slotOf(key: Buffer): number {
    let slot = hashOf(key) & this.#mask
    for (let entry = this.#slots[slot]!; entry > 0; entry = this.#slots[slot]!) {
      if (this.#isAt(this.#places[entry - 1]!, key)) return slot
      slot = (slot + 1) & this.#mask
    }
    return slot
  }

  #isAt(place: number, key: Buffer): boolean {
    const { bytes } = this.#chunks[Math.floor(place / chunkBytes)]!
    const at = place % chunkBytes
    if (bytes.readUInt32LE(at) !== key.length) return false
    const from = at + lengthBytes
    return bytes.compare(key, 0, key.length, from, from + key.length) === 0
  }

  #store(key: Buffer): number {
    const size = lengthBytes + key.length
    let chunk = this.#chunks.at(-1)
    if (!chunk || chunk.bytes.length - chunk.used < size) {
      // The first keys need little; one that is larger than a chunk gets a chunk of its own.
      const usual = this.#chunks.length === 0 ? 4096 : chunkBytes
      chunk = { bytes: Buffer.allocUnsafeSlow(Math.max(usual, size)), used: 0 }
      this.#chunks.push(chunk)
    }
    const at = chunk.used
    chunk.bytes.writeUInt32LE(key.length, at)
    key.copy(chunk.bytes, at + lengthBytes)
    chunk.used += size
    this.#keyBytes += size
    return (this.#chunks.length - 1) * chunkBytes + at
  }
}

/** FNV-1a over words, finished as MurmurHash3 does: equal bits at the end for neighbours would fill the table in heaps. */
function hashOf(key: Buffer): number {
  let hash = 0x811c9dc5 ^ key.length
  const words = key.length & ~3
  for (let at = 0; at < words; at += 4) {
    const word = key[at]! | (key[at + 1]! << 8) | (key[at + 2]! << 16) | (key[at + 3]! << 24)
    hash = Math.imul(hash ^ word, 0x01000193)
    hash ^= hash >>> 15
  }
  for (let at = words; at < key.length; at++) hash = Math.imul(hash ^ key[at]!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
