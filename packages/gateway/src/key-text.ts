import type { Serde } from '@millrace/contracts'
import { gatewayError } from './errors.ts'

/**
 * A key as it stands in a URL: numbers in decimal, bytes in base64url, everything else as the text that the contract's
 * serde writes (bare text for string keys, JSON for structured ones).
 * @throws GATEWAY_BAD_REQUEST when the text is not a key of the store.
 */
export function parseKey(serde: Serde<unknown, unknown>, text: string): Uint8Array {
  try {
    switch (serde.name) {
      case 'int32':
      case 'float64':
        return serde.serialize(Number(text))
      case 'int64':
        return serde.serialize(BigInt(text))
      case 'boolean':
        return serde.serialize(text === 'true')
      case 'bytes':
        return serde.serialize(Buffer.from(text, 'base64url'))
      default: {
        const bytes = Buffer.from(text, 'utf8')
        serde.deserialize(bytes)
        return bytes
      }
    }
  } catch (error) {
    throw gatewayError('GATEWAY_BAD_REQUEST', `"${text.slice(0, 100)}" is not a key of this store`, {}, error)
  }
}

/** The inverse of `parseKey`. */
export function formatKey(serde: Serde<unknown, unknown>, key: unknown): string {
  const bytes = serde.serialize(key)
  switch (serde.name) {
    case 'int32':
    case 'int64':
    case 'float64':
    case 'boolean':
      return String(key)
    case 'bytes':
      return Buffer.from(bytes).toString('base64url')
    default:
      return Buffer.from(bytes).toString('utf8')
  }
}
