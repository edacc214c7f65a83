import { contractError } from './errors.ts'

// Node's Buffer reads and writes short texts several times faster than TextDecoder and TextEncoder; browsers have only those.
const NodeBuffer = (globalThis as { Buffer?: typeof Buffer }).Buffer
const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 bytes of a text. Texts with half a surrogate pair have none and are refused. */
export function encodeText(text: string, what: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw contractError('CONTRACT_MISMATCH', `${what} is not well-formed Unicode: it holds half of a surrogate pair`)
  }
  return NodeBuffer ? NodeBuffer.from(text) : encoder.encode(text)
}

/** The text of UTF-8 bytes; bytes that are not UTF-8 are refused rather than replaced. */
export function decodeText(bytes: Uint8Array, what: string): string {
  if (NodeBuffer) {
    const view = bytes instanceof NodeBuffer ? bytes : NodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const text = view.toString('utf8')
    // Buffer puts U+FFFD where bytes are malformed; only a text that shows it can have been malformed.
    if (!text.includes('\ufffd')) return text
  }
  try {
    return strictDecoder.decode(bytes)
  } catch (cause) {
    throw contractError('CONTRACT_MISMATCH', `${what} is not UTF-8 text`, { bytes: bytes.byteLength }, cause)
  }
}

/** Parses JSON. The engine's message quotes the input, so it is not passed on. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw contractError('CONTRACT_MISMATCH', `${what} is not JSON`, { chars: text.length })
  }
}

/** Writes JSON; `undefined`, functions, bigint and circular values have none. */
export function toJson(value: unknown, what: string): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw contractError('CONTRACT_MISMATCH', `${what} cannot be written as JSON`, {}, cause)
  }
  if (text === undefined) throw contractError('CONTRACT_MISMATCH', `${what} is ${typeof value}, which JSON cannot hold`)
  return text
}
