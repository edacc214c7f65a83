/** A Kafka record header. */
interface Header {
  readonly key: string
  readonly value: Uint8Array | null
}

/** What a record that was a dead letter tells of its way back. */
export interface Redrive {
  /**
   * The topic that it went back to. Streams hand headers on to what they make of a record: in any other topic they tell
   * nothing.
   */
  readonly topic: string
  /** The place and time that the event had at first; see `originText`. Stays the same however often it comes back. */
  readonly origin: string
  /** The only application that it is meant for; empty for every reader. */
  readonly application: string
  /** How often it came back, this time included. */
  readonly count: number
}

const prefix = '__millrace.redrive.'
const topicHeader = `${prefix}topic`
const originHeader = `${prefix}origin`
const redriveApplicationHeader = `${prefix}application`
const countHeader = `${prefix}count`

/**
 * Names an event by place and time, as inboxes do for events without an id: what came back is known by the same name.
 *
 * @example originText({ topic: 'order', partition: 2, offset: 41, timestamp: 1700000000000 }) // 'order/2/41@1700000000000'
 */
export function originText(at: {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
}): string {
  return `${at.topic}/${at.partition}/${at.offset}@${at.timestamp}`
}

/** The place that `originText` names; undefined for any other text. */
export function parseOrigin(
  text: string,
): { readonly topic: string; readonly partition: number; readonly offset: number } | undefined {
  const [, topic, partition, offset] = /^(.+)\/(-?\d+)\/(-?\d+)@-?\d+$/.exec(text) ?? []
  return topic === undefined ? undefined : { topic, partition: Number(partition), offset: Number(offset) }
}

/** The headers that tell it. */
export function redriveHeaders(redrive: Redrive): { readonly key: string; readonly value: Buffer }[] {
  return [
    { key: topicHeader, value: Buffer.from(redrive.topic) },
    { key: originHeader, value: Buffer.from(redrive.origin) },
    ...(redrive.application === '' ? [] : [{ key: redriveApplicationHeader, value: Buffer.from(redrive.application) }]),
    { key: countHeader, value: Buffer.from(String(redrive.count)) },
  ]
}

/** Reads the headers of a record of `topic`; undefined where it is on its first way there. */
export function readRedrive(headers: readonly Header[], topic: string): Redrive | undefined {
  const text = (name: string): string | undefined => {
    const value = headers.findLast(({ key }) => key === name)?.value
    return value ? new TextDecoder().decode(value) : undefined
  }
  const origin = text(originHeader)
  if (origin === undefined || text(topicHeader) !== topic) return undefined
  const count = Number(text(countHeader))
  return {
    topic,
    origin,
    application: text(redriveApplicationHeader) ?? '',
    count: Number.isSafeInteger(count) ? count : 1,
  }
}

/** Whether a record of `topic` came back for another application: this one has had it. */
export function isForAnother(headers: readonly Header[], topic: string, application: string): boolean {
  if (headers.length === 0) return false
  const wanted = readRedrive(headers, topic)?.application ?? ''
  return wanted !== '' && wanted !== application
}

/** A record in its batch, as `RecordCursor` of `@millrace/protocol` walks it. */
interface RecordInBatch {
  /** What the records lie in: the fetched bytes, or the decompressed ones. */
  readonly buffer: Buffer
  readonly headerCount: number
  headers(): readonly Header[]
}

/**
 * Finds the records that came back for another application. Bytes that a fetch brought are searched once for such a
 * record; where there is none, and nearly always there is none, the headers of its records need not be read.
 */
export function redrivenForAnother(application: string): (record: RecordInBatch, topic: string) => boolean {
  const marker = Buffer.from(redriveApplicationHeader)
  // Weak: nobody but the records themselves decides how long their bytes stay.
  const searched = new WeakMap<Buffer, boolean>()
  return (record, topic) => {
    if (record.headerCount === 0) return false
    let hasAny = searched.get(record.buffer)
    if (hasAny === undefined) {
      hasAny = record.buffer.includes(marker)
      searched.set(record.buffer, hasAny)
    }
    return hasAny && isForAnother(record.headers(), topic, application)
  }
}

/** Whether a header tells of a way back. */
export function isRedriveHeader(name: string): boolean {
  return name.startsWith(prefix)
}
