import { bigIntOf, decimalScale, logicalNames } from '../../data/logical-types.ts'
import type { SchemaAndValue } from '../../data/record.ts'
import { failed } from '../plugin-makers.ts'

/** Java's `hashCode` of a value, by which PartitionRouting chooses. */
export function javaHash({ schema, value }: SchemaAndValue): number {
  if (schema?.name === logicalNames.decimal && value instanceof Uint8Array) {
    return (Math.imul(31, hashOfBigInt(bigIntOf(value))) + decimalScale(schema)) | 0
  }
  // Kafka's dates and times are java.util.Date there, which is hashed as its milliseconds.
  if (schema?.name === logicalNames.date) return hashOfLong(BigInt(value as number) * 86_400_000n)
  if (schema?.name === logicalNames.time) return hashOfLong(BigInt(value as number))
  switch (schema?.type) {
    case 'int8':
    case 'int16':
    case 'int32':
      return value as number
    case 'int64':
      return hashOfLong(BigInt(value as bigint))
    case 'float32':
      return hashOfFloat(value as number)
    case 'float64':
      return hashOfDouble(value as number)
    case 'boolean':
      return value ? 1231 : 1237
    case 'string':
      return hashOfText(value as string)
    default:
      throw failed(`PartitionRouting cannot hash a ${schema?.type ?? 'value without schema'}`)
  }
}

function hashOfText(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0
  return hash
}

function hashOfLong(value: bigint): number {
  const unsigned = BigInt.asUintN(64, value)
  return Number(BigInt.asIntN(32, unsigned ^ (unsigned >> 32n)))
}

function hashOfDouble(value: number): number {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return hashOfLong(bytes.readBigInt64BE())
}

function hashOfFloat(value: number): number {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatBE(value)
  return bytes.readInt32BE()
}

/** `BigInteger.hashCode`: over the magnitude, 32 bits at a time, with the sign. */
function hashOfBigInt(value: bigint): number {
  const magnitude = value < 0n ? -value : value
  const words: number[] = []
  for (let rest = magnitude; rest > 0n; rest >>= 32n) words.unshift(Number(rest & 0xffffffffn))
  let hash = 0
  for (const word of words) hash = (Math.imul(31, hash) + word) | 0
  return value < 0n ? -hash | 0 : hash
}
