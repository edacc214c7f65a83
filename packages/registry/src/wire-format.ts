import { contractError } from '@millrace/contracts/internal'

/**
 * What stands in front of a value that was written through a schema registry: a byte 0, and the schema's id as 32 bits,
 * big-endian. https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
 */
export const prefixBytes = 5
const magic = 0

/** The id in front of a value. */
export function schemaIdOf(bytes: Buffer): number {
  if (bytes.length >= prefixBytes && bytes[0] === magic) return bytes.readInt32BE(1)
  const found = bytes.length < prefixBytes ? `it has ${bytes.length} bytes` : `its first byte is ${bytes[0]}, not 0`
  throw contractError('CONTRACT_MISMATCH', `the value was not written through a schema registry: ${found}`)
}

export function writePrefix(bytes: Buffer, id: number): void {
  bytes[0] = magic
  bytes.writeInt32BE(id, 1)
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
