import type { Encoder } from '../sql/dialect.ts'

/**
 * What a key has to look like, by the column's type. The server compares a number or date with a text by turning the text
 * into one, of which it takes as much as it understands: `abc` is 0 to it, `1x` is 1. A deletion would hit another's row.
 */
const forms: readonly [type: RegExp, form: RegExp][] = [
  [/^(tiny|small|medium|big)?int|^year/, /^[+-]?\d+$/],
  [/^(decimal|numeric)/, /^[+-]?(\d+(\.\d*)?|\.\d+)$/],
  [/^(float|double|real)/, /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i],
  [/^date(?!time)/, /^\d{4}-\d\d-\d\d( 00:00:00(\.0+)?)?$/],
  [/^(datetime|timestamp)/, /^\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$/],
  [/^time(?!stamp)/, /^-?\d{1,3}:\d\d(:\d\d(\.\d{1,6})?)?$/],
]

/** An encoder that refuses what a key column of the type would not take as it is. @throws TypeError */
export function keyEncoder(type: string, encode: Encoder): Encoder {
  const form = forms.find(([name]) => name.test(type.toLowerCase()))?.[1]
  if (!form) return encode
  const fraction = fractionDigits(type)
  return (value) => {
    const text = encode(value)
    if (typeof text !== 'string' || !form.test(text)) throw new TypeError(`${String(text)} is no key of type ${type}`)
    // Writing would round it, and a deletion of the same key then find no row.
    if (fraction !== undefined && (/\.(\d*?)0*$/.exec(text)?.[1]?.length ?? 0) > fraction) {
      throw new TypeError(`${text} has more digits than a key of type ${type}`)
    }
    return text
  }
}

/** Undefined where the type has no fixed number of them. */
function fractionDigits(type: string): number | undefined {
  const [, name, , scale] = /^(decimal|numeric|datetime|timestamp|time)(\((?:\d+,)?(\d+)\))?/i.exec(type) ?? []
  if (name === undefined) return undefined
  const isDecimal = /^(decimal|numeric)/i.test(name)
  // `decimal(10)` has one number, which is not that of the digits behind the point.
  return isDecimal && !/,/.test(type) ? 0 : Number(scale ?? 0)
}

const foldedAscii = /^(utf8|utf8mb3|utf8mb4)_(general|unicode|unicode_520|0900_ai|0900_as|uca1400_ai|uca1400_as)_ci$/

/** Texts that are equal exactly where the keys are equal to the table; undefined where only the table can tell. */
export function canonicalKey(
  type: string,
  collation: string | undefined,
): ((encoded: unknown) => string | undefined) | undefined {
  if (/^(tiny|small|medium|big)?int/i.test(type))
    return (key) => (/^(0|-?[1-9]\d*)$/.test(String(key)) ? String(key) : undefined)
  if (/^(var)?binary/i.test(type)) return (key) => (Buffer.isBuffer(key) ? key.toString('latin1') : undefined)
  if (collation === undefined || !/^(var)?char/i.test(type)) return undefined
  if (/nopad_bin$|0900_bin$/.test(collation)) return (key) => String(key)
  if (/_bin$/.test(collation)) return (key) => String(key).replace(/ +$/, '')
  // What these make equal is known of plain letters and digits.
  if (foldedAscii.test(collation.replace('_nopad', ''))) {
    return (key) => (/^[\w:.-]+$/.test(String(key)) ? String(key).toLowerCase() : undefined)
  }
  return undefined
}
