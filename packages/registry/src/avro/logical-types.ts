import avsc, { type Schema, type Type } from 'avsc'

/** `timestamp-millis` and `local-timestamp-millis` as Date. */
class DateType extends avsc.types.LogicalType {
  protected override _fromValue(millis: number): Date {
    return new Date(millis)
  }
  protected override _toValue(date: unknown): number | undefined {
    return date instanceof Date && !Number.isNaN(date.getTime()) ? date.getTime() : undefined
  }
  protected override _resolve(writer: Type): ((value: unknown) => Date) | undefined {
    const from = underlying(writer).typeName
    if (from === 'int' || from === 'long') return (value) => new Date(millisOf(value))
    return from === 'abstract:long' ? (value) => new Date(millisOf(value)) : undefined
  }
}

/** `decimal` as string, exact: "12.50" where the scale is 2. */
class DecimalType extends avsc.types.LogicalType {
  readonly #scale: number
  readonly #precision: number

  constructor(schema: { readonly scale?: number; readonly precision?: number }, options?: unknown) {
    super(schema as never, options)
    const { scale = 0, precision = 0 } = schema
    const isLegal = Number.isInteger(precision) && precision > 0 && Number.isInteger(scale) && scale >= 0
    if (!isLegal || scale > precision) throw new TypeError('a decimal has a precision, and a scale not above it')
    this.#scale = scale
    this.#precision = precision
  }

  protected override _export(schema: Schema): void {
    Object.assign(schema as object, { scale: this.#scale, precision: this.#precision })
  }

  protected override _fromValue(bytes: Uint8Array): string {
    return decimalText(unscaledOf(bytes), this.#scale)
  }

  protected override _toValue(text: unknown): Buffer | undefined {
    const unscaled = unscaledFrom(text, this.#scale)
    if (unscaled === undefined || String(unscaled).replace('-', '').length > this.#precision) return undefined
    const { typeName, size } = this.underlyingType as Type & { readonly size?: number }
    return twosComplement(unscaled, typeName === 'fixed' ? size : undefined)
  }

  /** Decimals of another scale are other numbers: Avro lets nobody read them. */
  protected override _resolve(writer: Type): ((value: unknown) => string) | undefined {
    if (writer instanceof DecimalType) {
      return writer.#scale === this.#scale ? (value) => value as string : undefined
    }
    const isBytes = writer.typeName === 'bytes' || writer.typeName === 'fixed'
    return isBytes ? (value) => this._fromValue(value as Uint8Array) : undefined
  }
}

/** What the schemas of Java and others mean beyond Avro's own types. Those not named here stay what they are made of. */
export const logicalTypes = {
  'timestamp-millis': DateType,
  'local-timestamp-millis': DateType,
  decimal: DecimalType,
} as const

function underlying(type: Type): Type {
  return type instanceof avsc.types.LogicalType ? type.underlyingType : type
}

function millisOf(value: unknown): number {
  return value instanceof Date ? value.getTime() : Number(value)
}

/** Big-endian two's complement. */
function unscaledOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
}

function twosComplement(value: bigint, size: number | undefined): Buffer | undefined {
  const needed = Math.floor(bitLength(value) / 8) + 1
  if (size !== undefined && needed > size) return undefined
  const length = size ?? needed
  return Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  )
}

function bitLength(value: bigint): number {
  const magnitude = value < 0n ? -value - 1n : value
  return magnitude === 0n ? 0 : magnitude.toString(2).length
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled)
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Undefined for what is no decimal, or has more places than the schema. */
function unscaledFrom(text: unknown, scale: number): bigint | undefined {
  const parts = typeof text === 'string' ? /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) : null
  if (parts === null) return undefined
  const [, sign = '', whole = '', places = ''] = parts
  if (places.replace(/0+$/, '').length > scale) return undefined
  const unscaled = BigInt(whole + places.slice(0, scale).padEnd(scale, '0'))
  return sign === '-' ? -unscaled : unscaled
}
