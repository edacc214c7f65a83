import { type Serde, serdes } from '@millrace/contracts'
import { contractError } from '@millrace/contracts/internal'
import { streamsError } from '../../errors.ts'
import { asBuffer, readMillis, writeMillis } from '../stores/bytes.ts'

/**
 * For keys that a callback made and nobody gave a serde: plain text, as every contract writes string keys. What is no
 * string is refused, since its bytes could not be read back as what it was.
 */
export const derivedKeySerde: Serde<unknown, unknown> = {
  name: 'string',
  serialize(key) {
    if (typeof key === 'string') return serdes.string.serialize(key)
    throw streamsError('STREAMS_SERDE_MISSING', `a key made by a callback is a ${typeof key}, and has no serde`)
  },
  deserialize: (bytes) => serdes.string.deserialize(bytes),
  json: { toJson: (key) => key, fromJson: String },
}

/** For values that a callback made and nobody gave a serde. */
export const derivedValueSerde: Serde<unknown, unknown> = serdes.json<unknown>()

/** Counts as numbers, in the eight bytes of Java's Long; in JSON as numbers too, since none is beyond 2^53. */
export const countSerde: Serde<number> = {
  name: 'int64 as number',
  serialize(value) {
    if (!Number.isSafeInteger(value)) throw new RangeError('a count is a safe integer')
    const bytes = Buffer.allocUnsafe(8)
    writeMillis(bytes, value, 0)
    return bytes
  },
  deserialize: (bytes) => readMillis(asBuffer(bytes), 0),
  json: { toJson: (count) => count, fromJson: countOf },
}

function countOf(json: unknown): number {
  if (Number.isSafeInteger(json)) return json as number
  throw contractError('CONTRACT_MISMATCH', 'expected a count: a whole number')
}
