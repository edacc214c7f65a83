import type { Header, HeaderInput } from '@millrace/protocol'
import type { RecordContext } from '../record-context.ts'
import { asBuffer } from './bytes.ts'
import type {
  AllQuery,
  HeadersKeyValueStore,
  HeadersSessionStore,
  HeadersWindowStore,
  SessionStore,
  TimestampedKeyValueStore,
  WindowStore,
  WithHeaders,
} from './user-stores.ts'
import { type StoredWithHeaders, withHeadersApart } from './value-headers.ts'
import type { RangeQuery, Timestamped } from './views.ts'

/** A key-value store whose values carry headers, over the one that holds both as one value. */
export function headersAccess(
  store: TimestampedKeyValueStore<unknown, unknown>,
  context: RecordContext,
): HeadersKeyValueStore<unknown, unknown> {
  const { name, get, range, all } = store
  const put: HeadersKeyValueStore<unknown, unknown>['put'] = (key, value, at) => {
    store.put(key, stored(value, at?.headers, context), at?.timestamp)
  }
  return {
    name,
    get: (key) => opened(get(key)),
    put,
    putIfAbsent(key, value, at) {
      const found = opened(get(key))
      if (found === undefined) put(key, value, at)
      return found
    },
    delete: (key) => opened(store.delete(key)),
    range: (query: RangeQuery<unknown>) => each(range(query)),
    all: (query?: AllQuery) => each(all(query)),
  }
}

export function headersWindowAccess(
  store: WindowStore<unknown, unknown>,
  context: RecordContext,
): HeadersWindowStore<unknown, unknown> {
  return {
    name: store.name,
    put: (key, start, value, at) => store.put(key, start, stored(value, at?.headers, context), at?.timestamp),
    get: (key, start) => opened(store.get(key, start)),
    fetch: (key, query) => each(store.fetch(key, query)),
    fetchAll: (query) => each(store.fetchAll(query)),
    all: () => each(store.all()),
  }
}

export function headersSessionAccess(
  store: SessionStore<unknown, unknown>,
  context: RecordContext,
): HeadersSessionStore<unknown, unknown> {
  return {
    name: store.name,
    put: (key, session, value, headers) => store.put(key, session, stored(value, headers, context)),
    fetchSession: (key, startMs, endMs) => opened(store.fetchSession(key, startMs, endMs)),
    findSessions: (key, query) => each(store.findSessions(key, query)),
    fetch: (key) => each(store.fetch(key)),
    all: (query) => each(store.all(query)),
  }
}

function stored(
  value: unknown,
  headers: readonly HeaderInput[] | undefined,
  context: RecordContext,
): StoredWithHeaders | null {
  if (value === null || value === undefined) return null
  return { value, headers: (headers ?? context.headers).map(owned) }
}

/** Headers of the record in hand lie in its batch: a copy outlives it. */
function owned({ key, value }: HeaderInput): Header {
  return { key, value: value === null ? null : Buffer.from(asBuffer(value)) }
}

function opened<E extends Timestamped<unknown>>(entry: E | undefined): (E & WithHeaders) | undefined {
  return entry && withHeadersApart(entry)
}

function* each<E extends Timestamped<unknown>>(entries: Iterable<E>): Generator<E & WithHeaders> {
  for (const entry of entries) yield opened(entry)!
}
