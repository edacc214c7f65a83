import { keyFromText } from '@millrace/contracts/internal'
import {
  multiVersionedKeyQuery,
  type StateQuery,
  sessionKeyQuery,
  sessionRangeQuery,
  timestampedKeyQuery,
  timestampedRangeQuery,
  versionedKeyQuery,
  versionedRangeQuery,
  windowKeyQuery,
  windowRangeQuery,
} from '@millrace/streams'
import { gatewayError } from './errors.ts'
import { badParameter, flag, optionalNumber, type Query, type ReadRequest } from './read-request.ts'
import { type EntryBody, entryBody, type SpanBody, spanBody, type VersionBody, versionBody } from './row-bodies.ts'
import type { StoreDescription } from './state-provider.ts'
import type { Collected, StateReader } from './state-reader.ts'

/** Windows, sessions or versions in one answer at most; it is refused rather than cut, since what is missing could not be seen. */
const maxSpans = 50_000
const defaultLimit = 100
const maxLimit = 10_000

export interface Answer<T> extends Omit<Collected<unknown>, 'rows'> {
  readonly body: T
}

interface Page {
  readonly entries: readonly EntryBody[]
  readonly next: string | undefined
}

type Row = { readonly key: unknown; readonly value: unknown; readonly timestamp: number }
type Span = Row & { readonly start: number; readonly end: number }
type Version = Row & { readonly validTo: number | undefined }

/** What is answered for one key, whatever the store's kind. @throws KEY_NOT_FOUND, STATE_UNAVAILABLE */
export function answerKey(
  reader: StateReader,
  name: string,
  keyText: string,
  request: ReadRequest,
): Promise<Answer<unknown>> {
  const { store } = reader.find(name)
  switch (store.kind) {
    case 'keyValue':
      return oneRow(reader, store, keyText, request, timestampedKeyQuery, entryBody)
    case 'window':
      return spansOfKey(reader, store, keyText, request, (key, times) => windowKeyQuery(key, times), 'windows')
    case 'session':
      return spansOfKey(reader, store, keyText, request, (key, times) => sessionKeyQuery(key, times), 'sessions')
    case 'versioned': {
      const { asOf, from, to, versions } = request.query
      if (from !== undefined || to !== undefined || flag('versions', versions)) {
        return versionsOfKey(reader, store, keyText, request)
      }
      const asOfMs = optionalNumber('asOf', asOf)
      return oneRow(reader, store, keyText, request, (key) => versionedKeyQuery(key, asOfMs), versionBody)
    }
  }
}

/** What is answered for all keys or those between two. @throws STATE_UNAVAILABLE */
export async function answerAll(reader: StateReader, name: string, request: ReadRequest): Promise<Answer<unknown>> {
  const { store } = reader.find(name)
  switch (store.kind) {
    case 'keyValue':
      return answerRange(reader, name, request, limitOf(request))
    case 'window':
      return allSpans(reader, store, request, (range) => windowRangeQuery(range), 'windows')
    case 'session':
      return allSpans(reader, store, request, (range) => sessionRangeQuery(range), 'sessions')
    case 'versioned':
      return versionsOfAll(reader, store, request)
  }
}

/** Entries of all partitions in the order of their serialised keys; `next` is where to go on. */
export async function answerRange(
  reader: StateReader,
  name: string,
  request: ReadRequest,
  limit: number,
): Promise<Answer<Page>> {
  const { store } = reader.find(name)
  const { from, to, prefix } = request.query
  const reverse = flag('reverse', request.query.reverse)
  const bounds = { from: reader.key(name, from), to: reader.key(name, to), prefix, reverse }
  const { rows, ...rest } = await reader.collect<EntryBody>(
    {
      store: name,
      partitions: reader.partitionsFor(name, request),
      query: timestampedRangeQuery({ ...bounds, limit: limit + 1 }),
      rows: (result) => (result as Row[]).map((row) => entryBody(store, row)),
      path: path(name),
      field: 'entries',
      limit: limit + 1,
    },
    request,
  )
  const sorted = inKeyOrder(store, rows, reverse)
  return { ...rest, body: { entries: sorted.slice(0, limit), next: sorted[limit]?.key } }
}

async function oneRow<R extends Row>(
  reader: StateReader,
  store: StoreDescription,
  keyText: string,
  request: ReadRequest,
  query: (key: unknown) => StateQuery,
  body: (store: StoreDescription, row: R) => EntryBody,
): Promise<Answer<EntryBody>> {
  const { key, partition } = reader.partitionOf(store.name, keyText)
  const { rows, ...rest } = await reader.collect<EntryBody>(
    {
      store: store.name,
      partitions: [partition],
      query: query(key),
      rows: (found) => (found === undefined ? [] : [body(store, { key, ...(found as Omit<R, 'key'>) } as R)]),
      ...keyPath(store.name, keyText),
      field: null,
    },
    request,
  )
  const [row] = rows
  if (row) return { ...rest, body: row }
  throw gatewayError('KEY_NOT_FOUND', `"${store.name}" has no entry for this key`, { store: store.name })
}

async function spansOfKey(
  reader: StateReader,
  store: StoreDescription,
  keyText: string,
  request: ReadRequest,
  query: (key: unknown, times: ReturnType<typeof timesOf>) => StateQuery,
  field: string,
): Promise<Answer<unknown>> {
  const { key, partition } = reader.partitionOf(store.name, keyText)
  const times = timesOf(request.query)
  const { rows, ...rest } = await reader.collect<SpanBody>(
    {
      store: store.name,
      partitions: [partition],
      query: query(key, times),
      rows: (found) => (found as Span[]).map((span) => spanBody(store, { ...span, key })),
      ...keyPath(store.name, keyText),
      field,
    },
    request,
  )
  return { ...rest, body: { [field]: bounded(store.name, rows, request.query) } }
}

async function allSpans(
  reader: StateReader,
  store: StoreDescription,
  request: ReadRequest,
  query: (range: ReturnType<typeof timesOf> & ReturnType<typeof keysOf>) => StateQuery,
  field: string,
): Promise<Answer<unknown>> {
  const { name } = store
  // The first ones by time are found among all: a partition has them in the order of their keys.
  const times = { ...timesOf(request.query), limit: maxSpans + 1 }
  const keys = keysOf(reader, name, request.query)
  const { rows, ...rest } = await reader.collect<SpanBody>(
    {
      store: name,
      partitions: reader.partitionsFor(name, request),
      query: query({ ...times, ...keys }),
      rows: (found) => (found as Span[]).map((span) => spanBody(store, span)),
      path: path(name),
      field,
    },
    request,
  )
  const direction = times.reverse ? -1 : 1
  const sorted = [...rows].sort((a, b) => direction * (a.start - b.start || (a.key < b.key ? -1 : 1)))
  return { ...rest, body: { [field]: bounded(name, sorted, request.query) } }
}

async function versionsOfKey(
  reader: StateReader,
  store: StoreDescription,
  keyText: string,
  request: ReadRequest,
): Promise<Answer<unknown>> {
  const { key, partition } = reader.partitionOf(store.name, keyText)
  const { from, to, reverse } = request.query
  const fromMs = optionalNumber('from', from)
  const toMs = optionalNumber('to', to)
  const times = { ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) }
  const { rows, ...rest } = await reader.collect<VersionBody>(
    {
      store: store.name,
      partitions: [partition],
      query: multiVersionedKeyQuery(key, { ...times, ascending: !flag('reverse', reverse), limit: maxSpans + 1 }),
      rows: (found) => (found as Version[]).map((version) => versionBody(store, { ...version, key })),
      ...keyPath(store.name, keyText),
      field: 'versions',
    },
    request,
  )
  return { ...rest, body: { versions: bounded(store.name, rows, request.query) } }
}

/** The rows as they are, or were at a time, in the order of their keys. */
async function versionsOfAll(
  reader: StateReader,
  store: StoreDescription,
  request: ReadRequest,
): Promise<Answer<unknown>> {
  const { name } = store
  const asOfMs = optionalNumber('asOf', request.query.asOf)
  const { rows, ...rest } = await reader.collect<VersionBody>(
    {
      store: name,
      partitions: reader.partitionsFor(name, request),
      query: versionedRangeQuery({
        ...keysOf(reader, name, request.query),
        ...(asOfMs !== undefined && { asOfMs }),
        limit: maxSpans + 1,
      }),
      rows: (found) => (found as Version[]).map((version) => versionBody(store, version)),
      path: path(name),
      field: 'versions',
    },
    request,
  )
  const versions = bounded(name, inKeyOrder(store, rows, flag('reverse', request.query.reverse)), request.query)
  return { ...rest, body: { versions } }
}

function inKeyOrder<E extends EntryBody>(store: StoreDescription, rows: readonly E[], reverse: boolean): readonly E[] {
  const direction = reverse ? -1 : 1
  return rows
    .map((row) => ({ row, bytes: keyFromText(store.keySerde, row.key) }))
    .sort((a, b) => direction * Buffer.compare(a.bytes, b.bytes))
    .map(({ row }) => row)
}

function keysOf(reader: StateReader, name: string, { fromKey, toKey, prefix }: Query) {
  return { from: reader.key(name, fromKey), to: reader.key(name, toKey), prefix }
}

/** Without bounds: all that the store still has. */
function timesOf(query: Query): { fromMs: number; toMs: number; reverse: boolean; limit: number } {
  return {
    fromMs: optionalNumber('from', query.from) ?? 0,
    toMs: optionalNumber('to', query.to) ?? Number.MAX_SAFE_INTEGER,
    reverse: flag('reverse', query.reverse),
    limit: (optionalNumber('limit', query.limit) ?? maxSpans) + 1,
  }
}

/** The first ones where a limit was asked for; else all or none. */
function bounded<T>(store: string, spans: readonly T[], { limit }: Query): readonly T[] {
  const wanted = optionalNumber('limit', limit)
  if (spans.length <= maxSpans) return spans.slice(0, wanted)
  const message = `more than ${maxSpans} rows of "${store}" lie between the bounds`
  throw gatewayError('GATEWAY_ANSWER_TOO_LARGE', message, { store })
}

/** Another instance asks for one entry more than its client, to see whether there is one. */
function limitOf({ query: { limit }, forwarded }: ReadRequest): number {
  if (limit === undefined) return defaultLimit
  const number = optionalNumber('limit', limit)!
  if (number < 1 || number > (forwarded ? maxLimit + 1 : maxLimit))
    throw badParameter('limit', limit, `a whole number from 1 to ${maxLimit}`)
  return number
}

function path(store: string): string {
  return `/stores/${encodeURIComponent(store)}`
}

/** The keys `.` and `..` go behind the question mark: a URL drops them from its path, however they are written. */
function keyPath(store: string, keyText: string): { path: string; parameters?: Record<string, string> } {
  const isDropped = keyText === '.' || keyText === '..'
  return isDropped
    ? { path: path(store), parameters: { key: keyText } }
    : { path: `${path(store)}/${encodeURIComponent(keyText)}` }
}
