import { contractError } from './errors.ts'
import type { JsonForm, Serde } from './serde.ts'
import { serdes } from './serdes.ts'
import { decodeText, encodeText, parseJson, toJson } from './text.ts'

type AnySerde = Serde<unknown, never>

/** How the bytes of one built-in serde look where state is read by people and browsers: in URLs and JSON bodies. */
interface Form {
  toJson(bytes: Uint8Array): unknown
  fromJson(json: unknown): Uint8Array
}

// Objects are compared, not names: a serde of the user's own may be called "int64" too.
const forms = new Map<unknown, Form>([
  [serdes.string, { toJson: serdes.string.deserialize, fromJson: (json) => serdes.string.serialize(json as string) }],
  [
    serdes.boolean,
    { toJson: serdes.boolean.deserialize, fromJson: (json) => serdes.boolean.serialize(asBoolean(json)) },
  ],
  [serdes.int16, { toJson: serdes.int16.deserialize, fromJson: (json) => serdes.int16.serialize(asNumber(json)) }],
  [serdes.int32, { toJson: serdes.int32.deserialize, fromJson: (json) => serdes.int32.serialize(asNumber(json)) }],
  // JSON numbers end at 2^53; JSON has no NaN and no infinities either.
  [
    serdes.int64,
    {
      toJson: (bytes) => String(serdes.int64.deserialize(bytes)),
      fromJson: (json) => serdes.int64.serialize(asBigint(json)),
    },
  ],
  [
    serdes.float32,
    {
      toJson: (bytes) => finiteOrText(serdes.float32.deserialize(bytes)),
      fromJson: (json) => serdes.float32.serialize(asNumber(json)),
    },
  ],
  [
    serdes.float64,
    {
      toJson: (bytes) => finiteOrText(serdes.float64.deserialize(bytes)),
      fromJson: (json) => serdes.float64.serialize(asNumber(json)),
    },
  ],
  [serdes.uuid, { toJson: serdes.uuid.deserialize, fromJson: (json) => serdes.uuid.serialize(json as string) }],
  [serdes.bytes, { toJson: toBase64, fromJson: fromBase64 }],
])

/**
 * Serialised bytes of a value as JSON. Schemas and `serdes.json` store JSON, which is passed on as it is (a schema's
 * input, which the reader's schema turns into its output); 64-bit numbers become strings, bytes become base64.
 *
 * @param what for error messages: the value of which store
 * @throws CONTRACT_MISMATCH when the bytes are not the serde's, CONTRACT_NO_JSON_FORM when nobody knows how they look in JSON
 */
export function valueToJson(serde: AnySerde, bytes: Uint8Array, what = 'the value'): unknown {
  if (serde.json !== undefined) return serde.json.toJson(serde.deserialize(bytes))
  const form = forms.get(serde)
  if (form) return form.toJson(bytes)
  try {
    return parseJson(decodeText(bytes, what), what)
  } catch (cause) {
    throw noJsonForm(serde, what, 'no JSON', cause)
  }
}

/** The value behind the JSON that `valueToJson` made, checked by the serde's schema. */
export function valueFromJson<T>(serde: Serde<T, never>, json: unknown): T {
  if (serde.json !== undefined) return serde.json.fromJson(json)
  const form = forms.get(serde)
  return serde.deserialize(form ? form.fromJson(json) : encodeText(toJson(json, 'the value'), 'the value'))
}

/**
 * Serialised bytes of a key as text, for a URL: bare text stays, numbers are written in decimal, bytes in base64.
 *
 * @throws CONTRACT_NO_JSON_FORM when the bytes of a serde of the user's own are not text
 */
export function keyToText(serde: AnySerde, bytes: Uint8Array, what = 'the key'): string {
  if (serde.json !== undefined) return jsonText(serde.json.toJson(serde.deserialize(bytes)))
  const form = forms.get(serde)
  if (form) return String(form.toJson(bytes))
  try {
    return decodeText(bytes, what)
  } catch (cause) {
    throw noJsonForm(serde, what, 'no text', cause)
  }
}

/** The serialised key behind the text that `keyToText` made. */
export function keyFromText(serde: AnySerde, text: string): Uint8Array {
  const form = forms.get(serde)
  if (serde.json !== undefined) return (serde as Serde<unknown>).serialize(keyFromJsonText(serde.json, text))
  return form ? form.fromJson(text) : encodeText(text, 'the key')
}

function noJsonForm(serde: AnySerde, what: string, are: string, cause: unknown): Error {
  const message = `${what} cannot be shown: its serde "${serde.name}" has no \`json\` form, and its bytes are ${are}`
  return contractError('CONTRACT_NO_JSON_FORM', message, { serde: serde.name }, cause)
}

/** A text stands for itself; anything else is JSON. */
function jsonText(json: unknown): string {
  return typeof json === 'string' ? json : JSON.stringify(json)
}

function keyFromJsonText(form: JsonForm<unknown>, text: string): unknown {
  try {
    return form.fromJson(text)
  } catch {
    return form.fromJson(parseJson(text, 'the key'))
  }
}

function asNumber(json: unknown): number {
  if (typeof json === 'number') return json
  const isText = typeof json === 'string' && json.trim() !== ''
  const number = isText ? Number(json) : Number.NaN
  if (!Number.isNaN(number) || json === 'NaN') return number
  throw contractError('CONTRACT_MISMATCH', 'expected a number')
}

function asBigint(json: unknown): bigint {
  if (/^-?\d{1,19}$/.test(String(json))) return BigInt(String(json))
  throw contractError('CONTRACT_MISMATCH', 'expected a whole number')
}

function asBoolean(json: unknown): boolean {
  if (json === true || json === 'true') return true
  if (json === false || json === 'false') return false
  throw contractError('CONTRACT_MISMATCH', 'expected true or false')
}

function finiteOrText(number: number): number | string {
  return Number.isFinite(number) ? number : String(number)
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

function fromBase64(json: unknown): Uint8Array {
  try {
    return Uint8Array.from(atob(String(json)), (char) => char.charCodeAt(0))
  } catch {
    throw contractError('CONTRACT_MISMATCH', 'expected bytes in base64')
  }
}
