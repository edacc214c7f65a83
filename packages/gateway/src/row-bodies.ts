import { keyToText, valueToJson } from '@millrace/contracts/internal'
import type { StoreDescription } from './state-provider.ts'

export interface EntryBody {
  /** As it stands in a URL. */
  readonly key: string
  /** JSON; 64-bit numbers as strings, bytes in base64. */
  readonly value: unknown
  /** Milliseconds since the epoch. */
  readonly timestamp: number
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
}

export function entryBody(store: StoreDescription, { key, value, timestamp }: Row): EntryBody {
  return {
    ...deletionBody(store, { key, timestamp }),
    value: valueToJson(store.valueSerde, store.valueSerde.serialize(value)),
  }
}

/** An entry that is gone. */
export function deletionBody(store: StoreDescription, { key, timestamp }: Omit<Row, 'value'>): EntryBody {
  return { key: keyToText(store.keySerde, store.keySerde.serialize(key)), value: null, timestamp }
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
