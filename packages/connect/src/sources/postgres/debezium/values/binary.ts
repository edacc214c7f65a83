import { javaDouble } from '../../../../data/java-numbers.ts'
import type { ConnectSchema } from '../../../../data/schema.ts'
import { booleanCodec, codec, type ValueCodec } from './value-codec.ts'

export type BinaryMode = 'bytes' | 'base64' | 'base64-url-safe' | 'hex'

/** The schema of bytes, and how they are written. */
export function binaryForm(mode: BinaryMode): { schema: ConnectSchema; write: (bytes: Buffer) => unknown } {
  if (mode === 'bytes') return { schema: { type: 'bytes' }, write: (bytes) => bytes }
  return { schema: { type: 'string' }, write: (bytes) => binaryText(mode, bytes) }
}

function binaryText(mode: Exclude<BinaryMode, 'bytes'>, bytes: Buffer): string {
  if (mode === 'hex') return bytes.toString('hex')
  const text = bytes.toString('base64')
  // Java's url-safe encoder keeps the padding, Node's leaves it out.
  return mode === 'base64' ? text : text.replaceAll('+', '-').replaceAll('/', '_')
}

/** `bytea` in PostgreSQL's hex form. */
export function byteaCodec(mode: BinaryMode): ValueCodec {
  const { schema, write } = binaryForm(mode)
  return codec(schema, (text) => write(Buffer.from(text.slice(2), 'hex')), write(Buffer.alloc(0)))
}

/** Shapes, whose numbers are printed as Java prints them. */
export function shapeCodec(mode: BinaryMode): ValueCodec {
  const { schema, write } = binaryForm(mode)
  const text = (shape: string): string =>
    shape.replaceAll(/-?\d[\d.]*(?:e[+-]?\d+)?/g, (digits) => javaDouble(Number(digits)))
  return codec(schema, (shape) => write(Buffer.from(text(shape))), write(Buffer.alloc(0)))
}

/** A type that nobody knows: the bytes of its text. */
export function unknownCodec(mode: BinaryMode): ValueCodec {
  const { schema, write } = binaryForm(mode)
  return codec(schema, (text) => write(Buffer.from(text)), write(Buffer.alloc(0)))
}

/** `bit` and `varbit`: one bit is a boolean, more are bytes of which the first holds the last bits. */
export function bitsCodec(length: number): ValueCodec {
  if (length <= 1) return { ...booleanCodec, value: isSet, json: (text) => (isSet(text) ? 'true' : 'false') }
  const schema: ConnectSchema = {
    type: 'bytes',
    name: 'io.debezium.data.Bits',
    version: 1,
    parameters: { length: String(length) },
  }
  return codec(schema, littleEndian, Buffer.alloc(0))
}

const isSet = (text: string): boolean => text.includes('1')

/** Zero bytes at the end are left out. */
function littleEndian(bits: string): Buffer {
  const first = bits.indexOf('1')
  if (first < 0) return Buffer.alloc(0)
  const bytes: number[] = []
  for (let end = bits.length; end > first; end -= 8) {
    bytes.push(Number.parseInt(bits.slice(Math.max(first, end - 8), end), 2))
  }
  return Buffer.from(bytes)
}
