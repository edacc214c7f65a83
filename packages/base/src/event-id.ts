/** A Kafka record header. */
interface Header {
  readonly key: string
  readonly value: Buffer | null
}

/** What an outbox's capture names its events by; Debezium's event router has it so. */
const idHeader = 'id'
const forwardedIdHeader = '__millrace.forwarded.id'

/**
 * The id of the event that a record is; undefined where it has none, or has one that is another event's: a stream hands
 * headers on to all that it makes of a record, and what comes out of one event may be many.
 */
export function eventIdOf(headers: readonly Header[]): Buffer | undefined {
  const id = last(headers, idHeader)
  return id !== undefined && last(headers, forwardedIdHeader)?.equals(id) ? undefined : id
}

/** The headers that streams hand on: an id among them says that it is the id of what was read. */
export function withForwardedId<H extends Header>(headers: readonly H[]): readonly (H | Header)[] {
  const id = eventIdOf(headers)
  if (id === undefined) return headers
  return [...headers.filter(({ key }) => key !== forwardedIdHeader), { key: forwardedIdHeader, value: id }]
}

function last(headers: readonly Header[], name: string): Buffer | undefined {
  return headers.findLast(({ key }) => key === name)?.value ?? undefined
}
