import { decodeMessage, encodeMessage, type MessageInput, type MessageType } from '@millrace/protocol'

/**
 * Keys and values of Kafka's coordinator records begin with an int16: in a key it says which record it is, in a value
 * which version of that record.
 */
const prefixBytes = 2

function withPrefix(prefix: number, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(prefixBytes + body.length)
  bytes.writeInt16BE(prefix, 0)
  body.copy(bytes, prefixBytes)
  return bytes
}

export function encodeKey<T>(type: MessageType<T>, key: MessageInput<T>): Buffer {
  return withPrefix(type.apiKey ?? 0, encodeMessage(type, 0, key))
}

export function encodeValue<T>(type: MessageType<T>, version: number, value: MessageInput<T>): Buffer {
  return withPrefix(version, encodeMessage(type, version, value))
}

/** Which record the key is of; -1 when it is none. */
export function recordTypeOf(key: Buffer): number {
  return key.length < prefixBytes ? -1 : key.readInt16BE(0)
}

export function decodeKey<T>(type: MessageType<T>, key: Buffer): T {
  return decodeMessage(type, 0, key, prefixBytes)
}

/** Throws PROTOCOL_UNSUPPORTED_VERSION on a value of a newer version. */
export function decodeValue<T>(type: MessageType<T>, value: Buffer): T {
  return decodeMessage(type, value.readInt16BE(0), value, prefixBytes)
}
