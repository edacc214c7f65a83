import { baseError, checkOptions } from '@millrace/base/internal'
import type { AnyTopicContract } from '@millrace/contracts'
import { decodeText } from '@millrace/contracts/internal'
import { outboxError } from './errors.ts'
import { newEventId } from './event-id.ts'

export interface AppendOptions {
  /** Headers of the record that readers get. `id` is set by Millrace. */
  readonly headers?: Readonly<Record<string, string>>
  /** The record's timestamp: a date or milliseconds since the epoch. Default: the database's clock when the row is written. */
  readonly timestamp?: Date | number
  /** The event's id, a UUID. Default: a new one. Give it when the same event may be appended again. */
  readonly id?: string
  /** What happened (`OrderPlaced`), for people and for Debezium's column `type`. Default: the topic's name. */
  readonly type?: string
}

/** A message as the columns of the outbox hold it. */
export interface MessageRow {
  readonly id: string
  readonly topic: string
  readonly key: string
  readonly type: string
  readonly value: Uint8Array | null
  /** A JSON object. */
  readonly headers: string | null
  readonly timestamp: Date | undefined
}

/** Header names that capture sets from the row itself. */
const reservedHeaders = new Set(['id'])

/** Checks a message against its contract; throws what `isNotReady` knows where a schema is still on its way. */
export function messageRow(contract: AnyTopicContract, key: unknown, value: unknown, given: AppendOptions): MessageRow {
  checkOptions('append', given, { headers: 'object', timestamp: 'any', id: 'string', type: 'string' })
  return {
    id: checkedId(given.id) ?? newEventId(),
    topic: contract.name,
    key: keyText(contract, contract.key.serialize(key as never)),
    type: given.type ?? contract.name,
    value: value === null ? null : contract.value.serialize(value as never),
    headers: headersJson(given.headers),
    timestamp: checkedDate(given.timestamp),
  }
}

function keyText(contract: AnyTopicContract, bytes: Uint8Array): string {
  let text: string
  try {
    text = decodeText(bytes, 'the key')
  } catch (cause) {
    throw outboxError(
      'OUTBOX_KEY_NOT_TEXT',
      `a key of topic ${contract.name} is not UTF-8`,
      { topic: contract.name },
      cause,
    )
  }
  if (!text.includes('\0')) return text
  throw outboxError('OUTBOX_KEY_NOT_TEXT', `a key of topic ${contract.name} holds NUL`, { topic: contract.name })
}

function headersJson(headers: Readonly<Record<string, string>> | undefined): string | null {
  if (headers === undefined) return null
  for (const [name, value] of Object.entries(headers)) {
    const refuse = (why: string): Error =>
      outboxError('OUTBOX_INVALID_HEADER', `header "${name}" ${why}`, { header: name })
    if (reservedHeaders.has(name)) throw refuse('is set by Millrace')
    if (typeof value !== 'string') throw refuse(`must be a string, not ${typeof value}`)
    if ((name + value).includes('\0') || !(name + value).isWellFormed())
      throw refuse('holds NUL or half a surrogate pair')
  }
  return JSON.stringify(headers)
}

function checkedId(id: string | undefined): string | undefined {
  if (id === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id
  throw baseError('CONFIG_INVALID_OPTION', 'append: `id` must be a UUID', { option: 'id' })
}

function checkedDate(timestamp: Date | number | undefined): Date | undefined {
  if (timestamp === undefined) return undefined
  const date = new Date(timestamp)
  if (!Number.isNaN(date.getTime())) return date
  throw baseError('CONFIG_INVALID_OPTION', 'append: `timestamp` must be a date or milliseconds', {
    option: 'timestamp',
  })
}
