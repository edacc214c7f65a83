import type { Header } from '@millrace/protocol'
import { configDef } from '../config/config-def.ts'
import { kindOf } from '../data/kind-of.ts'
import type { SchemaAndValue } from '../data/record.ts'
import type { ConnectSchema, SchemaType } from '../data/schema.ts'
import { connectError } from '../errors.ts'
import type { Converter, ConverterPlugin, HeaderConverter, HeaderConverterPlugin } from './converter.ts'
import { converterType } from './converter-type.ts'

/** A type whose bytes are big-endian and of one length, as Kafka's serializers write them. */
interface FixedType {
  readonly type: SchemaType
  readonly length: number
  /** Undefined where the value is of another type. */
  write(value: unknown, into: Buffer): number | undefined
  read(bytes: Buffer): unknown
}

/** What all converters of one fixed type do; each has a class of its own, whose name error reports show. */
class FixedConverter implements Converter, HeaderConverter {
  readonly #fixed: FixedType
  readonly #schema: ConnectSchema

  constructor(fixed: FixedType) {
    this.#fixed = fixed
    this.#schema = { type: fixed.type, optional: true }
  }

  fromConnect(topic: string, _headers: Header[], { value }: SchemaAndValue): Uint8Array | null {
    if (value === null || value === undefined) return null
    const bytes = Buffer.alloc(this.#fixed.length)
    if (this.#fixed.write(value, bytes) !== undefined) return bytes
    throw this.#failed(topic, `${kindOf(value)}, not an ${this.#fixed.type}`)
  }

  toConnect(topic: string, _headers: readonly Header[], bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null) return { schema: this.#schema, value: null }
    const { length, type } = this.#fixed
    const value = bytes.length === length ? this.#fixed.read(Buffer.from(bytes)) : undefined
    if (value === undefined) throw this.#failed(topic, `${bytes.length} bytes that are not an ${type}`)
    return { schema: this.#schema, value }
  }

  fromConnectHeader(topic: string, _name: string, data: SchemaAndValue): Uint8Array | null {
    return this.fromConnect(topic, [], data)
  }

  toConnectHeader(topic: string, _name: string, bytes: Uint8Array | null): SchemaAndValue {
    return this.toConnect(topic, [], bytes)
  }

  #failed(topic: string, what: string): Error {
    return connectError('CONNECT_CONVERT_FAILED', `a record of ${topic} is ${what}`, { topic })
  }
}

export class ShortConverter extends FixedConverter {
  constructor() {
    super({
      type: 'int16',
      length: 2,
      write: (value, into) => (fits(value, 2 ** 15) ? into.writeInt16BE(value) : undefined),
      read: (bytes) => bytes.readInt16BE(),
    })
  }
}

export class IntegerConverter extends FixedConverter {
  constructor() {
    super({
      type: 'int32',
      length: 4,
      write: (value, into) => (fits(value, 2 ** 31) ? into.writeInt32BE(value) : undefined),
      read: (bytes) => bytes.readInt32BE(),
    })
  }
}

export class LongConverter extends FixedConverter {
  constructor() {
    super({
      type: 'int64',
      length: 8,
      write: (value, into) => {
        const long = Number.isSafeInteger(value) ? BigInt(value as number) : value
        return typeof long === 'bigint' && BigInt.asIntN(64, long) === long ? into.writeBigInt64BE(long) : undefined
      },
      read: (bytes) => bytes.readBigInt64BE(),
    })
  }
}

export class FloatConverter extends FixedConverter {
  constructor() {
    super({
      type: 'float32',
      length: 4,
      write: (value, into) => (typeof value === 'number' ? into.writeFloatBE(value) : undefined),
      read: (bytes) => bytes.readFloatBE(),
    })
  }
}

export class DoubleConverter extends FixedConverter {
  constructor() {
    super({
      type: 'float64',
      length: 8,
      write: (value, into) => (typeof value === 'number' ? into.writeDoubleBE(value) : undefined),
      read: (bytes) => bytes.readDoubleBE(),
    })
  }
}

export class BooleanConverter extends FixedConverter {
  constructor() {
    super({
      type: 'boolean',
      length: 1,
      write: (value, into) => (typeof value === 'boolean' ? into.writeUInt8(value ? 1 : 0) : undefined),
      read: (bytes) => (bytes[0]! > 1 ? undefined : bytes[0] === 1),
    })
  }
}

function fits(value: unknown, bound: number): value is number {
  return Number.isInteger(value) && (value as number) >= -bound && (value as number) < bound
}

/** The plugins of `org.apache.kafka.connect.converters`' numbers and booleans. */
export const numberConverters: readonly (ConverterPlugin & HeaderConverterPlugin)[] = [
  ShortConverter,
  IntegerConverter,
  LongConverter,
  FloatConverter,
  DoubleConverter,
  BooleanConverter,
].map((Class) => ({
  classNames: [`org.apache.kafka.connect.converters.${Class.name}`, Class.name],
  configDef: configDef(converterType),
  create: () => new Class(),
}))
