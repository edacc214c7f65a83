import avsc from 'avsc'

const longMin = -(2n ** 63n)
const longMax = 2n ** 63n - 1n
/** So many bytes of seven bits each stay within what a number holds exactly. */
const plainBytesMax = 7

/** Avro's long as bigint: a number holds 53 of its 64 bits. Reads and writes the zigzag varint itself. */
export const bigintLong = avsc.types.LongType.__with(
  {
    fromBuffer(bytes: Buffer): bigint {
      if (bytes.length <= plainBytesMax) {
        let raw = 0
        for (let at = bytes.length - 1; at >= 0; at--) raw = raw * 128 + (bytes[at]! & 0x7f)
        return BigInt(raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2)
      }
      let raw = 0n
      for (let at = bytes.length - 1; at >= 0; at--) raw = (raw << 7n) | BigInt(bytes[at]! & 0x7f)
      return BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n))
    },
    toBuffer(value: bigint): Buffer {
      const bytes: number[] = []
      let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
      for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
      bytes.push(Number(rest))
      return Buffer.from(bytes)
    },
    fromJSON: (json: number | string) => BigInt(json),
    toJSON: (value: bigint) => Number(value),
    isValid: (value: unknown) => typeof value === 'bigint' && value >= longMin && value <= longMax,
    compare: (one: bigint, other: bigint) => (one === other ? 0 : one < other ? -1 : 1),
  },
  true,
)
