import type { Serde } from '@millrace/contracts'
import { StageFailure } from './stage-failure.ts'

type AnySerde = Serde<unknown, unknown>

const unread = Symbol('unread')

/**
 * The record on its way through the operators of a task: key and value are parsed when somebody asks, and travel on as
 * the bytes they came in where nobody does. Each node owns one and reuses it: what a node forwards is valid during the
 * call only.
 *
 * In flows of a table `value` is the new value and `oldValue` the one it replaces.
 */
export class FlowRecord {
  timestamp = -1
  oldValue: unknown = null
  /** False for updates of versioned tables that came after later ones. */
  isLatest = true
  /** Called with a value that was parsed; the test driver freezes it. */
  onParsed: ((value: unknown) => unknown) | undefined
  #key: unknown = null
  #value: unknown = null
  #keyBytes: Buffer | null | undefined
  #valueBytes: Buffer | null | undefined
  /** The serde, or what stands for it where others make the same bytes: see `keyFormOf`. */
  #keySerde: object | undefined
  #valueSerde: AnySerde | undefined

  get key(): unknown {
    if (this.#key === unread) this.#key = parsed(this.#keySerde as AnySerde, this.#keyBytes!)
    return this.#key
  }

  get value(): unknown {
    if (this.#value === unread) {
      this.#value = parsed(this.#valueSerde!, this.#valueBytes!)
      this.onParsed?.(this.#value)
    }
    return this.#value
  }

  /** Whether there is a key, without parsing it. */
  get hasKey(): boolean {
    return this.#key !== null
  }

  get hasValue(): boolean {
    return this.#value !== null
  }

  /** What the bytes of the key come to, from somebody who knows it: they need not be parsed. */
  noteKey(key: unknown): void {
    if (this.#key === unread) this.#key = key
  }

  setKey(key: unknown): void {
    this.#key = key
    this.#keyBytes = undefined
  }

  setValue(value: unknown): void {
    this.#value = value
    this.#valueBytes = undefined
  }

  /** A key whose bytes are known, too. */
  setKeyWithBytes(key: unknown, bytes: Buffer, serde: object): void {
    this.#key = key
    this.#keyBytes = bytes
    this.#keySerde = serde
  }

  /** A value whose bytes are known, too. */
  setValueWithBytes(value: unknown, bytes: Buffer | null, serde: AnySerde): void {
    this.#value = value
    this.#valueBytes = bytes
    this.#valueSerde = serde
  }

  readKey(bytes: Buffer | null, serde: AnySerde): void {
    this.#key = bytes === null ? null : unread
    this.#keyBytes = bytes
    this.#keySerde = serde
  }

  readValue(bytes: Buffer | null, serde: AnySerde): void {
    this.#value = bytes === null ? null : unread
    this.#valueBytes = bytes
    this.#valueSerde = serde
  }

  keyFrom(other: FlowRecord): void {
    this.#key = other.#key
    this.#keyBytes = other.#keyBytes
    this.#keySerde = other.#keySerde
  }

  valueFrom(other: FlowRecord): void {
    this.#value = other.#value
    this.onParsed = other.onParsed
    this.#valueBytes = other.#valueBytes
    this.#valueSerde = other.#valueSerde
  }

  /** Freezes what has been parsed; the test driver's way of finding changes in place. */
  freezeValue(freeze: (value: unknown) => unknown): void {
    if (this.#value !== unread) freeze(this.#value)
    freeze(this.oldValue)
  }

  /** The bytes that the key came in, where it is unchanged and `serde` would read the same from them. */
  keyBytesUnder(serde: object): Buffer | null | undefined {
    return this.#keySerde === serde || this.#keyBytes === null ? this.#keyBytes : undefined
  }

  valueBytesUnder(serde: AnySerde): Buffer | null | undefined {
    return this.#valueSerde === serde || this.#valueBytes === null ? this.#valueBytes : undefined
  }
}

function parsed(serde: AnySerde, bytes: Buffer): unknown {
  try {
    return serde.deserialize(bytes)
  } catch (cause) {
    throw new StageFailure('deserialize', cause)
  }
}
