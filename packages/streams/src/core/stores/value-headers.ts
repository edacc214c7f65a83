import type { Header } from '@millrace/protocol'
import { noHeaders, type RecordContext } from '../record-context.ts'
import type { AnySerde } from '../topology/physical.ts'
import { aroundTopicSerde } from '../topology/topic-serdes.ts'
import { asBuffer, timestampBytes } from './bytes.ts'
import type { ChangelogWriter } from './store-bytes.ts'

/** A value with the headers of the record that made it, as a store with headers holds it (KIP-1271). */
export interface StoredWithHeaders {
  readonly value: unknown
  readonly headers: readonly Header[]
}

const noBytes = Buffer.alloc(0)
const nullLength = 0xffff_ffff

/** In stores: the length of the headers, the headers, the value. In changelogs headers are the record's. */
export function withHeadersSerde(inner: AnySerde): AnySerde & WithInner {
  return {
    inner,
    name: `${inner.name} with headers`,
    ...aroundTopicSerde(inner, withHeadersSerde),
    serialize(stored) {
      const { value, headers } = stored as StoredWithHeaders
      return joined(headers, inner.serialize(value))
    },
    deserialize(bytes) {
      const { headers, value } = split(bytes)
      return { value: inner.deserialize(value), headers }
    },
  }
}

interface WithInner {
  readonly inner: AnySerde
}

/**
 * For stores of the DSL in the format with headers (KIP-1285): the bytes of `withHeadersSerde`, of which steps see the value
 * alone. As in Kafka Streams 4.3, where steps put their results without headers; a row has some where it was restored from
 * a topic of the user's.
 */
export function hiddenHeadersSerde(inner: AnySerde): AnySerde & WithInner & HidingSerde {
  return {
    inner,
    hidesHeaders: true,
    name: `${inner.name} with headers`,
    ...aroundTopicSerde(inner, hiddenHeadersSerde),
    serialize: (value) => joined(noHeaders, inner.serialize(value)),
    deserialize: (bytes) => inner.deserialize(valuePart(bytes)),
  }
}

interface HidingSerde {
  readonly hidesHeaders?: boolean
}

/** Whether values are without the headers that the store keeps. */
export function hidesHeaders(valueSerde: AnySerde & HidingSerde): boolean {
  return valueSerde.hidesHeaders === true
}

interface WithInner {
  readonly inner: AnySerde
}

/** Of the values alone. */
export function plainValueSerde({ valueSerde, hasHeaders = false }: HeadersOrNot): AnySerde {
  return hasHeaders ? (valueSerde as AnySerde & WithInner).inner : valueSerde
}

interface HeadersOrNot {
  readonly valueSerde: AnySerde
  readonly hasHeaders?: boolean | undefined
}

/** An entry of such a store, with the headers beside the value. */
export function withHeadersApart<E extends { readonly value: unknown }>(
  entry: E,
): E & { readonly headers: readonly Header[] } {
  const { value, headers } = entry.value as StoredWithHeaders
  return { ...entry, value, headers }
}

/** A changelog of plain values, whose records have the headers; deletions have those of the record in hand. */
export function loggingHeaders(log: ChangelogWriter, context: Pick<RecordContext, 'headers'>): ChangelogWriter {
  return (timestampMs, key, stored) => {
    if (stored === null) return log(timestampMs, key, null, context.headers)
    const { headers, value } = split(stored)
    log(timestampMs, key, value, headers)
  }
}

/** A row, its time in front, that was stored without headers, as a store with headers has it. */
export function withoutHeadersAsStored(stored: Uint8Array): Buffer {
  return Buffer.concat([stored.subarray(0, timestampBytes), uint32(0), stored.subarray(timestampBytes)])
}

export function joined(headers: readonly Header[], value: Uint8Array): Buffer {
  const head = headers.length === 0 ? noBytes : Buffer.concat(headers.flatMap(headerParts))
  return Buffer.concat([uint32(head.length), head, value])
}

function valuePart(bytes: Uint8Array): Buffer {
  const buffer = asBuffer(bytes)
  return buffer.subarray(4 + buffer.readUInt32BE(0))
}

export function headersOf(bytes: Uint8Array): readonly Header[] {
  return asBuffer(bytes).readUInt32BE(0) === 0 ? noHeaders : split(bytes).headers
}

function split(bytes: Uint8Array): { headers: Header[]; value: Buffer } {
  const buffer = asBuffer(bytes)
  const valueAt = 4 + buffer.readUInt32BE(0)
  const headers: Header[] = []
  for (let at = 4; at < valueAt; ) {
    const keyLength = buffer.readUInt32BE(at)
    const key = buffer.toString('utf8', at + 4, at + 4 + keyLength)
    at += 4 + keyLength
    const valueLength = buffer.readUInt32BE(at)
    at += 4
    if (valueLength === nullLength) {
      headers.push({ key, value: null })
      continue
    }
    // A copy: headers outlive the bytes of the store.
    headers.push({ key, value: Buffer.from(buffer.subarray(at, at + valueLength)) })
    at += valueLength
  }
  return { headers, value: buffer.subarray(valueAt) }
}

function headerParts({ key, value }: Header): Buffer[] {
  const name = Buffer.from(key)
  if (value === null) return [uint32(name.length), name, uint32(nullLength)]
  return [uint32(name.length), name, uint32(value.length), value]
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value)
  return bytes
}
