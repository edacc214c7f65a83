import type { AnySerde } from '../topology/physical.ts'
import type { SpecOf } from '../topology/store-kinds.ts'
import { asBuffer, justAfter, readMillis, timestampBytes, writeMillis } from './bytes.ts'
import { bytesTaskStore } from './bytes-task-store.ts'
import { StoreBytes } from './store-bytes.ts'
import type { StoreEnvironment, TaskStore } from './task-store.ts'
import type { ReadOnlyKeyValueStore, StoreEntry } from './views.ts'

/** How many waiting records are looked at before those found are handed on. */
const scannedMax = 1_000

/** The records of one side, key and time that wait for a partner. */
export interface WaitingRecords {
  readonly storeKey: Buffer
  readonly timestamp: number
  readonly isLeft: boolean
  readonly key: unknown
  readonly values: readonly unknown[]
}

/**
 * Records of a left or outer join that have found no partner yet, in order of their time, those of the right side first
 * (TimestampedKeyAndJoinSide: time, side, key); a value is the list of values of one key and time (ListValueStore), each
 * with its side in front (LeftOrRightValue).
 */
export class OuterJoinStore {
  readonly bytes: StoreBytes
  /**
   * No waiting record is known to be earlier. Not kept over restarts and aborts: the first look into the store finds it
   * out.
   */
  minTime = Number.NEGATIVE_INFINITY
  readonly #spec: SpecOf<'outerJoin'>
  readonly #onPut: () => void

  constructor(spec: SpecOf<'outerJoin'>, bytes: StoreBytes, { onPut }: StoreEnvironment) {
    this.#spec = spec
    this.bytes = bytes
    this.#onPut = onPut
  }

  put(keyBytes: Uint8Array, timestamp: number, isLeft: boolean, valueBytes: Uint8Array): void {
    const key = storeKeyOf(keyBytes, timestamp, isLeft)
    const old = this.bytes.get(key)
    const value = Buffer.concat([Buffer.of(isLeft ? 1 : 0), valueBytes])
    this.#write(key, listBytes([...(old === undefined ? [] : listOf(old.subarray(timestampBytes))), value]), timestamp)
  }

  /** The records of this side, key and time have found a partner. */
  removeIfThere(keyBytes: Uint8Array, timestamp: number, isLeft: boolean, nowMs: number): void {
    const key = storeKeyOf(keyBytes, timestamp, isLeft)
    if (this.bytes.get(key) !== undefined) this.#write(key, null, nowMs)
  }

  /** `nowMs` is the time of the record in hand. */
  remove({ storeKey }: WaitingRecords, nowMs: number): void {
    this.#write(storeKey, null, nowMs)
  }

  /**
   * Waiting records in order, from behind `after` on, as long as `take` says so; what it says `skip` to is left out. A
   * bounded number at once, as a copy: the store may be changed while they are handed on.
   */
  scan(
    after: Uint8Array | undefined,
    decide: (timestamp: number, isLeft: boolean) => 'take' | 'skip' | 'stop',
  ): { readonly found: readonly WaitingRecords[]; readonly last: Buffer | undefined } {
    const found: WaitingRecords[] = []
    let last: Buffer | undefined
    let seen = 0
    for (const [key, stored] of this.bytes.range({ from: after && justAfter(after) })) {
      const storeKey = Buffer.from(key)
      const decision = decide(readMillis(storeKey, 0), storeKey[timestampBytes] === 1)
      if (decision === 'stop') return { found, last: undefined }
      if (decision === 'take') found.push(this.read(storeKey, Buffer.from(stored)))
      if (++seen === scannedMax) {
        last = storeKey
        break
      }
    }
    return { found, last }
  }

  read(storeKey: Buffer, stored: Buffer): WaitingRecords {
    const { keySerde, leftSerde, rightSerde } = this.#spec
    const isLeft = storeKey[timestampBytes] === 1
    const serde = isLeft ? leftSerde : rightSerde
    return {
      storeKey,
      timestamp: readMillis(storeKey, 0),
      isLeft,
      key: keySerde.deserialize(storeKey.subarray(timestampBytes + 1)),
      values: listOf(stored.subarray(timestampBytes)).map((entry) => serde.deserialize(entry.subarray(1))),
    }
  }

  valueBytes(record: { valueBytesUnder(serde: AnySerde): Buffer | null | undefined; value: unknown }, isLeft: boolean) {
    const serde = isLeft ? this.#spec.leftSerde : this.#spec.rightSerde
    return record.valueBytesUnder(serde) ?? serde.serialize(record.value)
  }

  #write(key: Uint8Array, value: Uint8Array | null, timestamp: number): void {
    this.#onPut()
    this.bytes.put(key, value, timestamp)
  }
}

function storeKeyOf(keyBytes: Uint8Array, timestamp: number, isLeft: boolean): Buffer {
  const bytes = Buffer.allocUnsafe(timestampBytes + 1 + keyBytes.length)
  writeMillis(bytes, timestamp, 0)
  bytes[timestampBytes] = isLeft ? 1 : 0
  bytes.set(keyBytes, timestampBytes + 1)
  return bytes
}

/** ListSerializer's strategy for entries of varying size. */
const variableSize = 1

function listBytes(entries: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [Buffer.of(variableSize), int32(entries.length)]
  for (const entry of entries) parts.push(int32(entry.length), entry)
  return Buffer.concat(parts)
}

function listOf(bytes: Buffer): Buffer[] {
  const entries: Buffer[] = []
  let at = 5
  for (let left = bytes.readInt32BE(1); left > 0; left--) {
    const length = bytes.readInt32BE(at)
    entries.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return entries
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

export function openOuterJoinStore(
  spec: SpecOf<'outerJoin'>,
  environment: StoreEnvironment,
): TaskStore<OuterJoinStore> {
  const { committed, changelog } = environment
  const bytes = new StoreBytes(committed, changelog)
  const store = new OuterJoinStore(spec, bytes, environment)
  return bytesTaskStore(store, bytes, environment, {
    layout: 'keyValue',
    discarded() {
      store.minTime = Number.NEGATIVE_INFINITY
    },
    view(isolation): ReadOnlyKeyValueStore {
      const range = (): Iterable<readonly [Uint8Array, Uint8Array]> =>
        isolation === 'committed' ? committed.range({}) : bytes.range({})
      function* all(): Generator<StoreEntry<unknown, unknown>> {
        for (const [key, stored] of range()) {
          const { timestamp, key: own, values } = store.read(Buffer.from(key), asBuffer(stored))
          for (const value of values) yield { key: own, value, timestamp }
        }
      }
      // Its keys are no user's: it can be looked through, not asked.
      return { kind: 'keyValue', get: () => undefined, range: all, all }
    },
  })
}
