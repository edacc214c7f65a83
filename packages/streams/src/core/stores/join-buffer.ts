import type { FlowRecord } from '../flow-record.ts'
import type { RecordContext } from '../record-context.ts'
import { StageFailure } from '../stage-failure.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SpecOf } from '../topology/store-kinds.ts'
import { decodeBufferValue, encodeBufferValue } from './buffer-value.ts'
import { asBuffer, readMillis, timestampBytes, writeMillis } from './bytes.ts'
import { bytesTaskStore } from './bytes-task-store.ts'
import { StoreBytes } from './store-bytes.ts'
import type { StoreEnvironment, TaskStore } from './task-store.ts'
import type { ReadOnlyKeyValueStore, StoreEntry } from './views.ts'
import { sequenceMax } from './window-key.ts'

/** How many records are taken out at once. */
const takenMax = 1_000
const timeFirstPrefix = 0
const sequenceBytes = 4

/** A record that waited, and where it came from. */
export interface WaitedRecord {
  readonly key: unknown
  readonly value: unknown
  readonly context: RecordContext
}

/**
 * Records of a stream that wait until stream time has passed them by a grace period (KIP-923), in order of time: under
 * time, key and sequence number (TimeFirstWindowKeySchema), with their context (BufferValue).
 */
export class JoinBuffer {
  readonly bytes: StoreBytes
  /** No record that waits is known to be earlier; finds itself out after restarts and aborts. */
  minTime = Number.NEGATIVE_INFINITY
  readonly keySerde: AnySerde
  readonly #valueSerde: AnySerde
  readonly #onPut: () => void
  readonly #strict: StoreEnvironment['strict']
  #sequence = 0

  constructor(spec: SpecOf<'joinBuffer'>, bytes: StoreBytes, environment: StoreEnvironment) {
    this.keySerde = spec.keySerde
    this.#valueSerde = spec.valueSerde
    this.bytes = bytes
    this.#onPut = environment.onPut
    this.#strict = environment.strict
  }

  put(record: FlowRecord, context: RecordContext): void {
    this.#onPut()
    const { timestamp } = record
    const keyBytes = record.keyBytesUnder(this.keySerde) ?? serialized(this.keySerde, record.key)
    const value = record.valueBytesUnder(this.#valueSerde) ?? serialized(this.#valueSerde, record.value)
    const { topic, partition, offset, headers } = context
    const origin = { topic, partition, offset, headers, timestamp }
    const stored = encodeBufferValue({ context: origin, prior: null, old: null, value, time: 0 })
    this.bytes.put(this.#freeKey(keyBytes, timestamp), stored, timestamp)
    if (timestamp < this.minTime) this.minTime = timestamp
  }

  /** Takes the records up to a time out, earliest first, and hands each on; it has left before that. */
  takeUpTo(timeMs: number, emit: (record: WaitedRecord) => void): void {
    while (this.minTime <= timeMs) {
      const taken: { readonly key: Buffer; readonly stored: Buffer }[] = []
      this.minTime = Number.POSITIVE_INFINITY
      for (const [key, stored] of this.bytes.range({})) {
        const timestamp = readMillis(asBuffer(key), 1)
        if (timestamp > timeMs || taken.length === takenMax) {
          this.minTime = timestamp
          break
        }
        taken.push({ key: Buffer.from(key), stored: Buffer.from(stored) })
      }
      for (const { key, stored } of taken) {
        this.#onPut()
        this.bytes.put(key, null, readMillis(key, 1))
        emit(this.read(key, stored))
      }
    }
  }

  read(key: Buffer, stored: Buffer): WaitedRecord {
    const { context, value } = decodeBufferValue(stored.subarray(timestampBytes))
    const keyBytes = key.subarray(1 + timestampBytes, -sequenceBytes)
    const parsed = value === null ? null : this.#valueSerde.deserialize(value)
    this.#strict?.read(parsed)
    return { key: this.keySerde.deserialize(keyBytes), value: parsed, context }
  }

  /** Sequence numbers begin anew with every run: those of records that still wait are passed over. */
  #freeKey(keyBytes: Uint8Array, timestamp: number): Buffer {
    for (;;) {
      this.#sequence = (this.#sequence + 1) & sequenceMax
      const key = Buffer.allocUnsafe(1 + timestampBytes + keyBytes.length + sequenceBytes)
      key[0] = timeFirstPrefix
      writeMillis(key, timestamp, 1)
      key.set(keyBytes, 1 + timestampBytes)
      key.writeInt32BE(this.#sequence, key.length - sequenceBytes)
      if (this.bytes.get(key) === undefined) return key
    }
  }
}

function serialized(serde: AnySerde, value: unknown): Uint8Array {
  try {
    return serde.serialize(value)
  } catch (cause) {
    throw new StageFailure('produce', cause)
  }
}

export function openJoinBuffer(spec: SpecOf<'joinBuffer'>, environment: StoreEnvironment): TaskStore<JoinBuffer> {
  const { committed, changelog } = environment
  const bytes = new StoreBytes(committed, changelog)
  const buffer = new JoinBuffer(spec, bytes, environment)
  const isUnknown = (): void => {
    buffer.minTime = Number.NEGATIVE_INFINITY
  }
  return bytesTaskStore(buffer, bytes, environment, {
    layout: 'keyValue',
    discarded: isUnknown,
    restored: isUnknown,
    view(isolation): ReadOnlyKeyValueStore {
      const range = (): Iterable<readonly [Uint8Array, Uint8Array]> =>
        isolation === 'committed' ? committed.range({}) : bytes.range({})
      function* all(): Generator<StoreEntry<unknown, unknown>> {
        for (const [key, stored] of range()) {
          const { context, ...entry } = buffer.read(Buffer.from(key), Buffer.from(stored))
          yield { ...entry, timestamp: context.timestamp }
        }
      }
      // Its keys are no user's: it can be looked through, not asked.
      return { kind: 'keyValue', get: () => undefined, range: all, all }
    },
  })
}
