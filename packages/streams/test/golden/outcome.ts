/** A record in a fixture: key, value, timestamp, and headers where it has some. */
export type RecordForm = readonly [
  key: string | null,
  value: string | null,
  /** null where the producer would set it. */
  timestamp: number | null,
  headers?: readonly (readonly [name: string, value: string | null])[],
]

/** A row of a store in a fixture; start and end where it has a window. */
export interface EntryForm {
  readonly key: unknown
  readonly value: unknown
  readonly timestamp?: number
  readonly start?: number
  readonly end?: number
}

/** What came of a scenario: the same form for both sides. */
export interface Outcome {
  /** The text, line by line. */
  readonly describe: readonly string[]
  /** Every topic that was written to, repartition topics and changelogs included. */
  readonly topics: Readonly<Record<string, readonly RecordForm[]>>
  readonly stores: Readonly<Record<string, readonly EntryForm[]>>
  readonly dropped: number
  /** The step that failed; those after it were not taken. */
  readonly failedAt?: number
  /** What Java failed with, for the reader. */
  readonly failure?: string
}

/** Bytes as the text they are, or as `hex:` where they are none. */
export function bytesForm(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8')
  const isText = Buffer.from(text, 'utf8').equals(buffer) && !/\p{Cc}/u.test(text) && !text.startsWith('hex:')
  return isText ? text : `hex:${buffer.toString('hex')}`
}

export function recordForm(
  key: Uint8Array | null,
  value: Uint8Array | null,
  timestamp: number | null,
  headers: NonNullable<RecordForm[3]>,
): RecordForm {
  const plain = [bytesForm(key), bytesForm(value), timestamp] as const
  return headers.length === 0 ? plain : [...plain, headers]
}

/** Rows in an order of their own: kinds of stores, and Java's caches, iterate differently. */
export function sortedEntries(entries: readonly EntryForm[]): EntryForm[] {
  const rank = ({ key, start, end }: EntryForm): string => `${JSON.stringify(key)} ${String(start).padStart(20)} ${end}`
  return entries.map(entryForm).sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0))
}

function entryForm({ key, value, timestamp, start, end }: EntryForm): EntryForm {
  if (isWindowed(key)) return entryForm({ key: key.key, value, timestamp: timestamp!, ...key.window })
  return {
    key: plainForm(key),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    value: plainForm(value),
    ...(timestamp !== undefined && { timestamp }),
  }
}

/** As JSON gives Java's long and bytes back. */
function plainForm(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}

function isWindowed(key: unknown): key is { readonly key: unknown; readonly window: { start: number; end: number } } {
  return typeof key === 'object' && key !== null && 'window' in key
}
