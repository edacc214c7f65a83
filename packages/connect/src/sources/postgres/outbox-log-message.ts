import { connectError } from '../../errors.ts'
import { outboxHeaders } from '../outbox/outbox-headers.ts'
import type { OutboxRecord, UnknownTopicRow } from '../outbox/outbox-publisher.ts'

/** Prefix of the messages that `outbox(tx, { via: 'log' })` of `@millrace/outbox` writes. */
export const outboxLogPrefix = 'millrace.outbox'

interface Content {
  readonly id: string
  readonly aggregatetype: string
  readonly aggregateid: string
  readonly type: string
  readonly payload: string | null
  readonly payload_base64?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timestamp?: string
}

/** An event from the columns of an outbox row as a JSON object. */
export function outboxLogMessage(
  content: Buffer,
  commitTimeMs: number,
): { readonly row: UnknownTopicRow; readonly record: OutboxRecord } {
  const parsed = parse(content)
  const { id, aggregatetype, aggregateid, type, payload, payload_base64: binary, headers, timestamp } = parsed
  const text = payload === null ? null : Buffer.from(payload)
  return {
    row: { id, aggregateType: aggregatetype, aggregateId: aggregateid, type },
    record: {
      timestampMs: timestamp === undefined ? commitTimeMs : Date.parse(timestamp),
      key: Buffer.from(aggregateid),
      value: binary === undefined ? text : Buffer.from(binary, 'base64'),
      headers: outboxHeaders(Buffer.from(id), headers === undefined ? null : JSON.stringify(headers)),
    },
  }
}

function parse(content: Buffer): Content {
  try {
    const parsed = JSON.parse(content.toString()) as Partial<Content>
    const texts = [parsed.id, parsed.aggregatetype, parsed.aggregateid, parsed.type]
    const isPayload = parsed.payload === null || typeof parsed.payload === 'string'
    if (isPayload && texts.every((text) => typeof text === 'string')) return parsed as Content
  } catch {
    // The same as JSON of the wrong shape.
  }
  const message = `a message in the log with the prefix "${outboxLogPrefix}" is not an event`
  throw connectError('CONNECT_EVENT_INVALID', message)
}
