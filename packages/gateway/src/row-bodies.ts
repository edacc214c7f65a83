import { keyToText, valueToJson } from '@millrace/contracts/internal'
import type { Header } from '@millrace/protocol'
import type { StoreDescription } from './state-provider.ts'

export interface EntryBody {
  /** As it stands in a URL. */
  readonly key: string
  /** JSON; 64-bit numbers as strings, bytes in base64. */
  readonly value: unknown
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  /** Stores with headers; values in base64. */
  readonly headers?: readonly HeaderBody[]
}

interface HeaderBody {
  readonly key: string
  readonly value: string | null
}

/** A window (its end exclusive) or a session (its end inclusive). */
export interface SpanBody extends EntryBody {
  readonly start: number
  readonly end: number
}

export interface VersionBody extends EntryBody {
  /** null: still valid. */
  readonly validTo: number | null
}

interface Row {
  readonly key: unknown
  readonly value: unknown
  readonly timestamp: number
  readonly headers?: readonly Header[] | undefined
}

export function entryBody(store: StoreDescription, { key, value, timestamp, headers }: Row): EntryBody {
  return {
    ...deletionBody(store, { key, timestamp }),
    value: valueToJson(store.valueSerde, store.valueSerde.serialize(value), `a value of the store "${store.name}"`),
    ...(headers && { headers: headers.map(headerBody) }),
  }
}

function headerBody({ key, value }: Header): HeaderBody {
  return { key, value: value === null ? null : Buffer.from(value).toString('base64') }
}

/** An entry that is gone. */
export function deletionBody(store: StoreDescription, { key, timestamp }: Omit<Row, 'value'>): EntryBody {
  const text = keyToText(store.keySerde, store.keySerde.serialize(key), `a key of the store "${store.name}"`)
  return { key: text, value: null, timestamp }
}

export function spanBody(
  store: StoreDescription,
  row: Row & { readonly start: number; readonly end: number },
): SpanBody {
  return { ...entryBody(store, row), start: row.start, end: row.end }
}

export function versionBody(
  store: StoreDescription,
  row: Row & { readonly validTo?: number | undefined },
): VersionBody {
  return { ...entryBody(store, row), validTo: row.validTo ?? null }
}
