import type { ConsumedRecord } from '@millrace/kafka'

/** Bytes as people read them: JSON decoded, text as text, anything else as base64 that says so. */
export function decoded(bytes: Buffer | null): unknown {
  if (bytes === null) return null
  const text = bytes.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(bytes)) return { base64: bytes.toString('base64') }
  // Only structures: a key "123" is text to whoever wrote it.
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export interface ReadableRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** ISO 8601. */
  readonly timestamp: string
  readonly key: unknown
  readonly value: unknown
  readonly headers: Readonly<Record<string, unknown>>
}

export function readable(record: ConsumedRecord): ReadableRecord {
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: new Date(record.timestamp).toISOString(),
    key: decoded(record.key),
    value: decoded(record.value),
    headers: Object.fromEntries(record.headers.map(({ key, value }) => [key, value === null ? null : decoded(value)])),
  }
}

/** One line for a terminal. */
export function recordLine({ partition, offset, timestamp, key, value }: ReadableRecord): string {
  const text = (part: unknown): string => (typeof part === 'string' ? part : JSON.stringify(part))
  return `${partition}:${offset}  ${timestamp}  ${text(key)}  ${text(value)}`
}
