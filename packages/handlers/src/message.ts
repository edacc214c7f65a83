import { isUtf8 } from 'node:buffer'
import { eventIdOf, originText, readRedrive } from '@millrace/base/internal'
import type { AnyTopicContract, KeyOf, ValueOf } from '@millrace/contracts'

/** A record header as Kafka has it. */
export interface MessageHeader {
  readonly key: string
  readonly value: Buffer | null
}

/** A record as it was fetched. Its bytes are views of the fetched block. */
export interface RawMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly keyBytes: Buffer | null
  readonly valueBytes: Buffer | null
  readonly headers: readonly MessageHeader[]
}

/** What a handler gets: key and value as their contract's readers see them. */
export interface Message<K, V> {
  /** Null where the record has no key. */
  readonly key: K | null
  /** Null for a tombstone: the key is deleted. */
  readonly value: V | null
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: readonly MessageHeader[]
  /**
   * What the inbox knows the event by: the header `id`, unless a stream handed it on from the event that it made this
   * record of; else topic, partition, offset and timestamp.
   */
  readonly eventId: string
}

/** Decodes a record. Throws what the serdes throw. */
export function decodeMessage<C extends AnyTopicContract>(contract: C, raw: RawMessage): Message<KeyOf<C>, ValueOf<C>> {
  const { keyBytes, valueBytes, ...rest } = raw
  return {
    ...rest,
    key: keyBytes === null ? null : (contract.key.deserialize(keyBytes) as KeyOf<C>),
    value: valueBytes === null ? null : (contract.value.deserialize(valueBytes) as ValueOf<C>),
    eventId: inboxIdOf(raw),
  }
}

/** Ids longer than this are not taken as ids: the inbox keeps them in an index. */
const eventIdMaxBytes = 512

/**
 * The outbox's capture puts the event's id into the header `id`, so that an event that was published twice is one event.
 * Without it a record is identified by its place, which holds as long as nobody writes it a second time, and by its time:
 * in a topic that was deleted and made again the places come round, while the inbox remembers. What comes back from the
 * dead letters is the event that it was at first.
 */
function inboxIdOf(raw: RawMessage): string {
  const { headers } = raw
  const id = eventIdOf(headers)
  const isUsable = id !== undefined && id.length > 0 && id.length <= eventIdMaxBytes && !id.includes(0)
  // Ids that are no text would all become the same replacement characters.
  if (isUsable) return isUtf8(id) ? id.toString('utf8') : `0x${id.toString('hex')}`
  return (headers.length > 0 ? readRedrive(headers, raw.topic)?.origin : undefined) ?? originText(raw)
}
