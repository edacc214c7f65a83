import type { RecordCursor } from '@millrace/protocol'
import type { ByteWrite } from './byte-store.ts'
import { timestampBytes, writeMillis } from './bytes.ts'

/** Writes are numbered in 21 bits beside 32 bits of their keys, in one exact number. */
const numbers = 2 ** 21
export const gatheredWritesMax = numbers
/** Up to so many are put into order by comparing each with the others. */
const fewMax = 24
const deleted = 0xffff_ffff
/** Bytes of keys that are looked at to tell them apart. */
const digitsMax = 16

interface Digit {
  readonly least: number
  readonly base: number
}

/**
 * Writes that are kept for a while, and then given in the order of their keys, of each key the last one: that is how a tree on
 * disk is filled without coming back to its pages. Everything lies in a few arrays, whatever the number of writes.
 */
export class GatheredWrites {
  #bytes = Buffer.allocUnsafeSlow(65_536)
  #used = 0
  /** Of each write: where its key begins, how long it is, and how long the value behind it. */
  #entries = new Uint32Array(3 * 1024)
  #count = 0

  get bytes(): number {
    return this.#used
  }

  get count(): number {
    return this.#count
  }

  /** Copies both. */
  add(key: Uint8Array, value: Uint8Array | undefined): void {
    const at = this.#take(key.length, value === undefined ? deleted : value.length)
    this.#bytes.set(key, at)
    if (value !== undefined) this.#bytes.set(value, at + key.length)
  }

  /** The record in hand as it stands in a store of values with times, from bytes to bytes. */
  addRecord(record: RecordCursor): void {
    const { buffer, keyStart, keyLength, valueStart, valueLength } = record
    const at = this.#take(keyLength, valueLength < 0 ? deleted : timestampBytes + valueLength)
    const bytes = this.#bytes
    copy(buffer, keyStart, keyLength, bytes, at)
    if (valueLength < 0) return
    writeMillis(bytes, record.timestamp, at + keyLength)
    copy(buffer, valueStart, valueLength, bytes, at + keyLength + timestampBytes)
  }

  #take(keyLength: number, valueLength: number): number {
    const at = this.#used
    const end = at + keyLength + (valueLength === deleted ? 0 : valueLength)
    if (end > this.#bytes.length) this.#growBytes(end)
    const entry = 3 * this.#count
    if (entry === this.#entries.length) this.#growEntries()
    this.#entries[entry] = at
    this.#entries[entry + 1] = keyLength
    this.#entries[entry + 2] = valueLength
    this.#used = end
    this.#count++
    return at
  }

  clear(): void {
    this.#used = 0
    this.#count = 0
  }

  /** The bytes are those that lie here: to be copied before the next `add`. */
  *inKeyOrder(): Generator<ByteWrite> {
    const count = this.#count
    const order = new Float64Array(count)
    for (let i = 0; i < count; i++) order[i] = i
    this.#sort(order, 0)
    for (let i = 0; i < count; i++) {
      const number = order[i]! % numbers
      const next = i + 1 < count ? order[i + 1]! : Number.POSITIVE_INFINITY
      // Of different bytes (what stands above the number) are different keys.
      if (next - order[i]! < numbers && this.#compare(number, next % numbers, 0) === 0) continue
      const entry = 3 * number
      const at = this.#entries[entry]!
      const valueAt = at + this.#entries[entry + 1]!
      const valueLength = this.#entries[entry + 2]!
      const value = valueLength === deleted ? undefined : this.#bytes.subarray(valueAt, valueAt + valueLength)
      yield { key: this.#bytes.subarray(at, valueAt), value }
    }
  }

  /**
   * By key and then by age. `order` holds the numbers of writes in the order of age, whose keys are the same up to `from`;
   * each comes to stand below what tells the next bytes of its key.
   */
  #sort(order: Float64Array, from: number): void {
    const at = this.#sharedPrefix(order, from)
    const digits = this.#digits(order, at)
    // All keys have ended: they are the same.
    if (digits.length === 0) return
    for (let i = 0; i < order.length; i++) order[i] = this.#value(order[i]!, at, digits) * numbers + order[i]!
    // Of the same bytes the numbers decide, which is the order of age.
    order.sort()
    for (let begin = 0; begin < order.length; ) {
      const value = Math.floor(order[begin]! / numbers)
      const next = (value + 1) * numbers
      let end = begin + 1
      while (end < order.length && order[end]! < next) end++
      if (end - begin > 1) this.#sortAlike(order.subarray(begin, end), value, at + digits.length)
      begin = end
    }
  }

  /** Keys that are the same up to `from`, where some of them may have ended: those have ended together. */
  #sortAlike(order: Float64Array, value: number, from: number): void {
    if (this.#keyLength(order[0]! % numbers) < from) return
    if (order.length <= fewMax) {
      this.#sortFew(order, from)
      return
    }
    for (let i = 0; i < order.length; i++) order[i] = order[i]! % numbers
    this.#sort(order, from)
    for (let i = 0; i < order.length; i++) order[i] = value * numbers + (order[i]! % numbers)
  }

  #sortFew(order: Float64Array, from: number): void {
    for (let i = 1; i < order.length; i++) {
      const moved = order[i]!
      const number = moved % numbers
      let to = i
      while (to > 0 && this.#compare(order[to - 1]! % numbers, number, from) > 0) {
        order[to] = order[to - 1]!
        to--
      }
      order[to] = moved
    }
  }

  /** How many bytes, `from` or more, all keys have in common. */
  #sharedPrefix(order: Float64Array, from: number): number {
    const first = order[0] ?? 0
    const firstAt = this.#entries[3 * first]!
    let shared = this.#keyLength(first)
    for (let i = 1; i < order.length && shared > from; i++) {
      const at = this.#entries[3 * order[i]!]!
      const length = Math.min(shared, this.#keyLength(order[i]!))
      let same = from
      while (same < length && this.#bytes[at + same] === this.#bytes[firstAt + same]) same++
      shared = same
    }
    return shared
  }

  /** The bytes from `at` on, as many as one number of 32 bits can tell: of each what is least, and how many there are. */
  #digits(order: Float64Array, at: number): readonly Digit[] {
    const least = new Uint8Array(digitsMax).fill(255)
    const greatest = new Uint8Array(digitsMax)
    for (let i = 0; i < order.length; i++) {
      const start = this.#entries[3 * order[i]!]! + at
      const length = Math.min(this.#keyLength(order[i]!) - at, digitsMax)
      for (let digit = 0; digit < length; digit++) {
        const byte = this.#bytes[start + digit]!
        if (byte < least[digit]!) least[digit] = byte
        if (byte > greatest[digit]!) greatest[digit] = byte
      }
    }
    const digits: Digit[] = []
    let values = 1
    for (let digit = 0; digit < digitsMax; digit++) {
      // One more for keys that have ended; nothing at all where all have.
      const base = Math.max(0, greatest[digit]! - least[digit]!) + 2
      if (values * base > 2 ** 32 || least[digit]! > greatest[digit]!) break
      values *= base
      digits.push({ least: least[digit]!, base })
    }
    return digits
  }

  #value(number: number, at: number, digits: readonly Digit[]): number {
    const start = this.#entries[3 * number]! + at
    const length = this.#keyLength(number) - at
    let value = 0
    for (let i = 0; i < digits.length; i++) {
      const { base, least } = digits[i]!
      value = value * base + (i < length ? this.#bytes[start + i]! - least + 1 : 0)
    }
    return value
  }

  #keyLength(number: number): number {
    return this.#entries[3 * number + 1]!
  }

  /** Keys of two writes by their bytes from `from` on, before which they are the same. */
  #compare(a: number, b: number, from: number): number {
    const bytes = this.#bytes
    const aLength = this.#keyLength(a)
    const bLength = this.#keyLength(b)
    const end = this.#entries[3 * a]! + Math.min(aLength, bLength)
    for (let i = this.#entries[3 * a]! + from, j = this.#entries[3 * b]! + from; i < end; i++, j++) {
      const difference = bytes[i]! - bytes[j]!
      if (difference !== 0) return difference
    }
    return aLength - bLength
  }

  #growBytes(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(grown, 0, 0, this.#used)
    this.#bytes = grown
  }

  #growEntries(): void {
    const grown = new Uint32Array(2 * this.#entries.length)
    grown.set(this.#entries)
    this.#entries = grown
  }
}

/** Short ones byte by byte, which costs less than a call into the engine. */
function copy(source: Buffer, start: number, length: number, target: Buffer, at: number): void {
  if (length > 48) source.copy(target, at, start, start + length)
  else for (let i = 0; i < length; i++) target[at + i] = source[start + i]!
}
