import { protocolError } from './errors.ts'
import type { MessageInput, MessageType } from './message-type.ts'
import { Reader } from './reader.ts'
import { includesVersion } from './schema.ts'
import { structCodec } from './struct-codec.ts'
import type { ValueCodec } from './value-codec.ts'
import { type Writer, withWriter } from './writer.ts'

const codecs = new WeakMap<MessageType<unknown>, ValueCodec[]>()

/** The codec of one message in one version, built when it is first needed. */
function codecOf(type: MessageType<unknown>, version: number): ValueCodec {
  let versions = codecs.get(type)
  if (!versions) {
    versions = []
    codecs.set(type, versions)
  }
  const known = versions[version]
  if (known) return known
  if (!Number.isInteger(version) || !includesVersion(type.validVersions, version)) {
    const { min, max } = type.validVersions
    const message = `${type.name} has versions ${min} to ${max}, not ${version}`
    throw protocolError('PROTOCOL_UNSUPPORTED_VERSION', message, { message: type.name, version })
  }
  const built = structCodec(type.fields, version, version >= type.flexibleFrom)
  versions[version] = built
  return built
}

/** Appends a message to what `writer` holds. */
export function writeMessage<T>(writer: Writer, type: MessageType<T>, version: number, value: MessageInput<T>): void {
  codecOf(type as MessageType<unknown>, version).write(writer, value)
}

/** Reads a message from where `reader` stands and leaves it behind the last byte. */
export function readMessage<T>(reader: Reader, type: MessageType<T>, version: number): T {
  return codecOf(type as MessageType<unknown>, version).read(reader) as T
}

/**
 * Encodes a message; fields left out take Kafka's default.
 *
 * Throws PROTOCOL_UNSUPPORTED_VERSION for a version the message does not have, PROTOCOL_UNSUPPORTED_FIELD when a field
 * is set that this version would drop silently, TypeError or RangeError for values of the wrong type.
 *
 * @example
 * encodeMessage(MetadataRequest, 12, { topics: [{ name: 'order' }], allowAutoTopicCreation: false })
 */
export function encodeMessage<T>(type: MessageType<T>, version: number, value: MessageInput<T>): Buffer {
  return withWriter((writer) => writeMessage(writer, type, version, value))
}

/**
 * Decodes a message. Fields that the version lacks hold Kafka's default; `bytes` and `records` are views into `bytes`.
 * Bytes behind the message are ignored. With `maxElements` all arrays together may have so many elements.
 *
 * Throws PROTOCOL_MALFORMED when the bytes are not such a message.
 *
 * @example
 * decodeMessage(OffsetCommitValue, 3, record.value).offset
 */
export function decodeMessage<T>(
  type: MessageType<T>,
  version: number,
  bytes: Buffer,
  offset = 0,
  { maxElements }: { readonly maxElements?: number } = {},
): T {
  return readMessage(new Reader(bytes, offset, bytes.length, maxElements), type, version)
}

/**
 * Encodes a message with its version before it (int16), as subscriptions, assignments and coordinator records stand in
 * other messages.
 *
 * @example
 * encodeVersionedMessage(ConsumerProtocolSubscription, 1, { topics: ['order'] })
 */
export function encodeVersionedMessage<T>(type: MessageType<T>, version: number, value: MessageInput<T>): Buffer {
  return withWriter((writer) => {
    writer.int16(version)
    writeMessage(writer, type, version, value)
  })
}

/**
 * Decodes what `encodeVersionedMessage` or Kafka wrote. With `newerAsLatest` a version beyond the known ones is read
 * as the latest known, which group members do with each other's subscriptions; otherwise it is refused.
 *
 * Throws PROTOCOL_UNSUPPORTED_VERSION, PROTOCOL_MALFORMED.
 */
export function decodeVersionedMessage<T>(
  type: MessageType<T>,
  bytes: Buffer,
  options: { readonly newerAsLatest?: boolean } = {},
): { version: number; value: T } {
  const reader = new Reader(bytes, 0, bytes.length)
  const version = reader.int16()
  const known = options.newerAsLatest ? Math.min(version, type.validVersions.max) : version
  return { version, value: readMessage(reader, type, known) }
}
