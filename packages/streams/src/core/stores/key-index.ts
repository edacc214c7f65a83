import type { CacheEntry } from './record-cache.ts'

const slotsMin = 64
const keyBytesMin = 1024
/** A slot that held an entry: what was put behind it is still to be found. */
const gone = -1
/** Longer runs than this are no chance: the hash is changed. */
const probesMax = 256

/**
 * Finds cached entries by the bytes of their key, and by the start of their window. It costs about half of what a Map from
 * texts does: no text is made of a key that is only looked up, and what a lookup touches lies close together, while
 * nearly every step from object to object is a miss of the processor's cache where there are many keys.
 *
 * Open addressing: pairs of hash and number of an entry; the bytes of all keys lie in one buffer.
 */
export class KeyIndex {
  #seed = 0x3c6ef372
  #slots = new Int32Array(2 * slotsMin)
  #mask = slotsMin - 1
  /** Slots that are not empty, gone ones included. */
  #used = 0
  #entries: (CacheEntry | undefined)[] = []
  #free: number[] = []
  /** By entry: where its key lies. */
  #keyAt = new Int32Array(slotsMin)
  #keyLength = new Int32Array(slotsMin)
  #keys = Buffer.allocUnsafeSlow(keyBytesMin)
  #keysEnd = 0
  #keysGone = 0
  size = 0

  find(key: Uint8Array, windowStart: number): CacheEntry | undefined {
    const hash = this.#hash(key, windowStart)
    const slots = this.#slots
    const mask = this.#mask
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const number = slots[2 * at + 1]!
      if (number === 0) return undefined
      if (slots[2 * at] !== hash || number === gone || !this.#hasKey(number - 1, key)) continue
      const entry = this.#entries[number - 1]!
      if (entry.windowStart === windowStart) return entry
    }
  }

  /** The entry must not be there yet. */
  add(entry: CacheEntry, key: Uint8Array): void {
    if (2 * (this.#used + 1) > this.#mask) this.#rebuild()
    const number = this.#free.pop() ?? this.#entries.length
    this.#keep(number, key)
    this.#entries[number] = entry
    entry.place = number
    this.size++
    if (this.#insert(number, this.#hash(key, entry.windowStart)) <= probesMax) return
    this.#seed = Math.imul(this.#seed, 0x19660d) + 0x3c6ef35f
    this.#rebuild()
  }

  delete(entry: CacheEntry): void {
    const number = entry.place
    const length = this.#keyLength[number]!
    const key = this.#keys.subarray(this.#keyAt[number], this.#keyAt[number]! + length)
    let at = this.#hash(key, entry.windowStart) & this.#mask
    while (this.#slots[2 * at + 1] !== number + 1) at = (at + 1) & this.#mask
    this.#slots[2 * at + 1] = gone
    this.#entries[number] = undefined
    this.#free.push(number)
    this.#keysGone += length
    entry.place = -1
    this.size--
  }

  /** A view, of bytes that stay as they are. */
  keyOf(entry: CacheEntry): Buffer {
    const start = this.#keyAt[entry.place]!
    return this.#keys.subarray(start, start + this.#keyLength[entry.place]!)
  }

  *values(): Generator<CacheEntry> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry
  }

  #hasKey(number: number, key: Uint8Array): boolean {
    const { length } = key
    if (this.#keyLength[number] !== length) return false
    const keys = this.#keys
    let from = this.#keyAt[number]!
    for (let at = 0; at < length; at++) if (keys[from++] !== key[at]) return false
    return true
  }

  /** Four bytes at a time, mixed as in MurmurHash. */
  #hash(key: Uint8Array, windowStart: number): number {
    const { length } = key
    const whole = length & ~3
    let hash = this.#seed ^ length
    let at = 0
    for (; at < whole; at += 4) {
      const word = key[at]! | (key[at + 1]! << 8) | (key[at + 2]! << 16) | (key[at + 3]! << 24)
      hash = Math.imul(hash ^ word, 0x5bd1e995)
      hash ^= hash >>> 15
    }
    for (; at < length; at++) hash = Math.imul(hash ^ key[at]!, 0x5bd1e995)
    if (windowStart !== 0) hash = Math.imul(hash ^ (windowStart | 0), 0x5bd1e995)
    hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1e995)
    return hash ^ (hash >>> 15)
  }

  /** Returns how many slots it looked at. */
  #insert(number: number, hash: number): number {
    const slots = this.#slots
    let probes = 1
    let at = hash & this.#mask
    for (; slots[2 * at + 1]! > 0; at = (at + 1) & this.#mask) probes++
    if (slots[2 * at + 1] === 0) this.#used++
    slots[2 * at] = hash
    slots[2 * at + 1] = number + 1
    return probes
  }

  #keep(number: number, key: Uint8Array): void {
    if (number >= this.#keyAt.length) {
      this.#keyAt = grown(this.#keyAt)
      this.#keyLength = grown(this.#keyLength)
    }
    if (this.#keysEnd + key.length > this.#keys.length) this.#makeRoom(key.length)
    this.#keys.set(key, this.#keysEnd)
    this.#keyAt[number] = this.#keysEnd
    this.#keyLength[number] = key.length
    this.#keysEnd += key.length
  }

  /** In new memory: views of the old one stay as they are. */
  #makeRoom(bytes: number): void {
    const before = this.#keys
    const needed = this.#keysEnd - this.#keysGone + bytes
    this.#keys = Buffer.allocUnsafeSlow(Math.max(keyBytesMin, 2 * needed))
    this.#keysEnd = this.#keysGone = 0
    for (let number = 0; number < this.#entries.length; number++) {
      if (this.#entries[number] === undefined) continue
      const length = this.#keyLength[number]!
      const start = this.#keyAt[number]!
      this.#keys.set(before.subarray(start, start + length), this.#keysEnd)
      this.#keyAt[number] = this.#keysEnd
      this.#keysEnd += length
    }
  }

  /** Twice as large as what is there, without what is gone. */
  #rebuild(): void {
    let slots = slotsMin
    while (slots < 4 * (this.size + 1)) slots *= 2
    this.#slots = new Int32Array(2 * slots)
    this.#mask = slots - 1
    this.#used = 0
    for (const entry of this.values()) this.#insert(entry.place, this.#hash(this.keyOf(entry), entry.windowStart))
  }
}

function grown(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * numbers.length)
  larger.set(numbers)
  return larger
}
