import { contractError } from './errors.ts'
import { valueFromJson, valueToJson } from './json-form.ts'
import type { Serde } from './serde.ts'
import { serdes } from './serdes.ts'

/** Entries whose length needs no word, as in Java. */
const fixedLengths = new Map<unknown, number>([
  [serdes.int16, 2],
  [serdes.int32, 4],
  [serdes.int64, 8],
  [serdes.float32, 4],
  [serdes.float64, 8],
  [serdes.uuid, 36],
])

/** First byte, as Java's SerializationStrategy counts. */
const constantSize = 0
const variableSize = 1
const nullLength = -1
const intBytes = 4

/**
 * Lists of what another serde writes: the bytes of Kafka's `Serdes.ListSerde` (KIP-466). Numbers and UUIDs stand one
 * behind the other, everything else has its length in front. Entries that are null are refused unless `nulls` says that
 * there are some. Kafka's own reader (4.3) fails on a list whose last entry is empty.
 *
 * @example
 * const tags = topic('tags', { key: serdes.string, value: listSerde(serdes.string) })
 */
export function listSerde<T, In = T>(
  inner: Serde<T, In>,
  options?: { readonly nulls?: false },
): Serde<T[], readonly In[]>
export function listSerde<T, In = T>(
  inner: Serde<T, In>,
  options: { readonly nulls: true },
): Serde<(T | null)[], readonly (In | null)[]>
export function listSerde(
  inner: Serde<unknown, unknown>,
  { nulls = false }: { readonly nulls?: boolean } = {},
): ListSerde {
  return listOf(inner, nulls)
}

type ListSerde = Serde<unknown[], readonly unknown[]>

function listOf(inner: Serde<unknown, unknown>, nulls: boolean): ListSerde {
  const fixedLength = fixedLengths.get(inner)
  const { forTopic, prepare } = inner
  return {
    name: `list(${inner.name})`,
    serialize(list) {
      if (!Array.isArray(list)) throw contractError('CONTRACT_MISMATCH', `expected a list, got ${typeof list}`)
      const entries = list.map((entry: unknown) => {
        if (entry !== null && entry !== undefined) return inner.serialize(entry)
        if (nulls) return null
        throw nullEntry()
      })
      return fixedLength === undefined ? lengthsAndEntries(entries) : nullsAndEntries(entries, fixedLength)
    },
    deserialize(bytes) {
      const reader = new Reader(bytes)
      const isConstant = reader.strategy() === constantSize
      if (isConstant && fixedLength === undefined) {
        throw contractError(
          'CONTRACT_MISMATCH',
          `entries of ${inner.name} have no length of their own, as those of the list`,
        )
      }
      const nullAt = isConstant ? reader.positions() : undefined
      const count = reader.count()
      const list: unknown[] = []
      for (let at = 0; at < count; at++) {
        const length = nullAt === undefined ? reader.int() : nullAt.has(at) ? nullLength : fixedLength!
        if (length === nullLength && !nulls) throw nullEntry()
        list.push(length === nullLength ? null : inner.deserialize(reader.bytes(length)))
      }
      reader.end()
      return list
    },
    ...(forTopic && { forTopic: (topic, role) => listOf(forTopic.call(inner, topic, role), nulls) }),
    ...(prepare && { prepare: () => prepare.call(inner) }),
    json: {
      toJson: (list) => list.map((entry) => (entry === null ? null : valueToJson(inner, inner.serialize(entry)))),
      fromJson(json) {
        if (!Array.isArray(json)) throw contractError('CONTRACT_MISMATCH', 'expected a list')
        return json.map((entry: unknown) => (entry === null && nulls ? null : valueFromJson(inner, entry)))
      },
    },
  }
}

function nullEntry(): Error {
  return contractError(
    'CONTRACT_MISMATCH',
    'an entry of the list is null: listSerde(…, { nulls: true }) takes such lists',
  )
}

/** The strategy for entries of any length: each has its own in front. */
function lengthsAndEntries(entries: readonly (Uint8Array | null)[]): Uint8Array {
  const writer = new Writer(1 + intBytes + entries.reduce((sum, entry) => sum + intBytes + (entry?.length ?? 0), 0))
  writer.byte(variableSize)
  writer.int(entries.length)
  for (const entry of entries) {
    writer.int(entry?.length ?? nullLength)
    if (entry !== null) writer.bytes(entry)
  }
  return writer.result
}

/** The strategy for numbers: where the null entries are comes first, and they take no room after that. */
function nullsAndEntries(entries: readonly (Uint8Array | null)[], length: number): Uint8Array {
  const nullAt = entries.flatMap((entry, at) => (entry === null ? [at] : []))
  const writer = new Writer(1 + intBytes * (2 + nullAt.length) + length * (entries.length - nullAt.length))
  writer.byte(constantSize)
  writer.int(nullAt.length)
  for (const at of nullAt) writer.int(at)
  writer.int(entries.length)
  for (const entry of entries) if (entry !== null) writer.bytes(entry)
  return writer.result
}

class Writer {
  readonly result: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(length: number) {
    this.result = new Uint8Array(length)
    this.#view = new DataView(this.result.buffer)
  }

  byte(value: number): void {
    this.#view.setUint8(this.#at++, value)
  }

  int(value: number): void {
    this.#view.setInt32(this.#at, value)
    this.#at += intBytes
  }

  bytes(value: Uint8Array): void {
    this.result.set(value, this.#at)
    this.#at += value.length
  }
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  strategy(): number {
    const [strategy] = this.bytes(1)
    if (strategy === constantSize || strategy === variableSize) return strategy
    throw contractError('CONTRACT_MISMATCH', 'a list begins with a byte of 0 or 1')
  }

  int(): number {
    const at = this.#taken(intBytes)
    return this.#view.getInt32(at)
  }

  count(): number {
    const count = this.int()
    if (count >= 0) return count
    throw contractError('CONTRACT_MISMATCH', 'the length of the list is negative')
  }

  positions(): Set<number> {
    const found = new Set<number>()
    for (let left = this.count(); left > 0; left--) found.add(this.int())
    return found
  }

  bytes(length: number): Uint8Array {
    const at = this.#taken(length)
    return this.#bytes.subarray(at, at + length)
  }

  end(): void {
    if (this.#at === this.#bytes.length) return
    throw contractError('CONTRACT_MISMATCH', `${this.#bytes.length - this.#at} bytes are left over behind the list`)
  }

  #taken(length: number): number {
    const at = this.#at
    if (length < 0 || at + length > this.#bytes.length) {
      throw contractError('CONTRACT_MISMATCH', 'the bytes end within the list')
    }
    this.#at += length
    return at
  }
}
