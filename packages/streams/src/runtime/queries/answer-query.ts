import type { Serde } from '@millrace/contracts'
import { hidesHeaders, withHeadersApart } from '../../core/stores/value-headers.ts'
import type { ReadOnlyStore, Timestamped } from '../../core/stores/views.ts'
import { streamsError } from '../../errors.ts'
import { type KeyRange, rangeLimits, type StateQuery, type TimeRange } from './state-query.ts'

type View<Kind extends ReadOnlyStore['kind']> = Extract<ReadOnlyStore, { readonly kind: Kind }>

/**
 * Asks one copy of one partition. Reads everything at once: nothing of the view outlives the call.
 *
 * @throws STREAMS_STORE_KIND
 */
export function answerQuery(store: AskedStore, view: ReadOnlyStore, query: StateQuery): unknown {
  const { name, hasHeaders = false, valueSerde } = store
  if (view.kind !== query.on) throw wrongKind(name, view.kind, query.type)
  // Stores of the DSL have headers beside the values already.
  if (!hasHeaders || (valueSerde && hidesHeaders(valueSerde))) return answerOf(view, query)
  // What it was, before it is taken apart: a value without its time has no place for headers.
  const answer = answerOf(view, query.type === 'key' ? { ...query, type: 'timestampedKey' } : query)
  if (Array.isArray(answer)) return (answer as Timestamped<unknown>[]).map(withHeadersApart)
  const row = answer === undefined ? undefined : withHeadersApart(answer as Timestamped<unknown>)
  return query.type === 'key' ? row?.value : row
}

/** What of a store decides how its answers look. */
export interface AskedStore {
  readonly name: string
  /** Its values are `StoredWithHeaders`; answers have the headers beside the value (KIP-1356). */
  readonly hasHeaders?: boolean | undefined
  readonly valueSerde?: Serde<unknown, unknown>
}

function answerOf(view: ReadOnlyStore, query: StateQuery): unknown {
  switch (query.type) {
    case 'key':
      return (view as View<'keyValue'>).get(query.key)?.value
    case 'timestampedKey':
      return copied((view as View<'keyValue'>).get(query.key))
    case 'range':
      return keyRange(view as View<'keyValue'>, query).map(({ key, value }) => ({ key, value }))
    case 'timestampedRange':
      return keyRange(view as View<'keyValue'>, query)
    case 'windowKey':
      return first((view as View<'window'>).fetch(query.key, times(query)), query)
    case 'windowRange':
      return first((view as View<'window'>).fetchAll({ ...times(query), ...keys(query) }), query)
    case 'sessionKey':
      return first((view as View<'session'>).findSessions(query.key, touching(query)), query)
    case 'sessionRange':
      return first(sessionsOfAll(view as View<'session'>, query), query)
    case 'versionedKey':
      return (view as View<'versioned'>).get(query.key, query.asOfMs)
    case 'multiVersionedKey': {
      const { fromMs, toMs, ascending } = query
      const bounds = { ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) }
      const order = ascending === undefined ? {} : { ascending }
      return first((view as View<'versioned'>).versions(query.key, { ...bounds, ...order }), query)
    }
    case 'versionedRange':
      return first((view as View<'versioned'>).rows({ asOfMs: query.asOfMs, ...keys(query) }), query)
  }
}

/** Windows and sessions are asked for in milliseconds that a key's bytes can hold. */
function times({ fromMs = 0, toMs = Number.MAX_SAFE_INTEGER, reverse = false }: TimeRange) {
  return { fromMs, toMs, reverse }
}

function keys({ from, to, prefix }: Pick<KeyRange<unknown>, 'from' | 'to' | 'prefix'>) {
  return { from, to, prefix }
}

function touching(query: TimeRange): { earliestEndMs: number; latestStartMs: number; reverse: boolean } {
  const { fromMs, toMs, reverse } = times(query)
  return { earliestEndMs: fromMs, latestStartMs: toMs, reverse }
}

function keyRange(view: View<'keyValue'>, { from, to, prefix, reverse, limit }: KeyRange<unknown>) {
  const most = limitOf(limit)
  return first(view.range({ from, to, prefix, reverse, limit: most }), { limit: most })
}

function* sessionsOfAll(view: View<'session'>, query: TimeRange & Parameters<typeof keys>[0]) {
  const { earliestEndMs, latestStartMs, reverse } = touching(query)
  for (const session of view.all({ ...keys(query), reverse })) {
    if (session.end >= earliestEndMs && session.start <= latestStartMs) yield session
  }
}

function limitOf(limit: number = rangeLimits.default): number {
  return Math.max(0, Math.min(limit, rangeLimits.max))
}

function first<T>(rows: Iterable<T>, { limit }: { readonly limit?: number | undefined }): T[] {
  const most = limitOf(limit)
  const found: T[] = []
  if (most === 0) return found
  for (const row of rows) {
    found.push(row)
    if (found.length === most) break
  }
  return found
}

/** A store may answer with one object that it fills anew each time. */
function copied<T extends object>(row: T | undefined): T | undefined {
  return row && { ...row }
}

export function wrongKind(store: string, kind: ReadOnlyStore['kind'], asked: string): Error {
  return streamsError('STREAMS_STORE_KIND', `${store} is a ${kind} store: it does not answer ${asked} queries`, {
    store,
  })
}
