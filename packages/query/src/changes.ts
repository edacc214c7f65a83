import { sleep } from '@millrace/base'
import type { AnyTopicContract, KeyInput, KeyOf, ValueOf } from '@millrace/contracts'
import { queryError } from './errors.ts'
import { BrokenAnswer, readLines } from './lines.ts'
import type { RequestOptions } from './read-options.ts'
import { headersOf, number, object, type StoreAccess, unexpected } from './store-access.ts'
import type { StateHeader } from './store-client.ts'

export interface ChangesOptions<K> extends RequestOptions {
  /** This key alone. */
  readonly key?: K
  /** Key-value and versioned stores: keys between these, both inclusive. */
  readonly from?: K
  readonly to?: K
  /** Keys whose bytes begin so. */
  readonly prefix?: string
  /** Goes on where an earlier subscription was, without the rows, if that is not too long ago; see `token`. */
  readonly token?: string
}

interface ChangedRow<K, V> {
  readonly key: K
  readonly value: V
  /** Of the record behind it, milliseconds since the epoch. */
  readonly timestamp: number
  /** Window and session stores. */
  readonly start?: number
  readonly end?: number
  /** Stores with headers. */
  readonly headers?: readonly StateHeader[]
}

/**
 * Of a versioned store `timestamp` is since when the value is valid; a version may come late, behind later ones.
 *
 * - `reset`: forget what is known, the rows follow. First of all, and whenever an interruption was too long to go on;
 * - `row`: a row as it is;
 * - `live`: the rows are complete, or the subscription goes on where it was;
 * - `change`: a committed update; value undefined: deleted. `partition` and `offset` are its place in the changelog.
 *
 * After an interruption no change comes twice, and none is left out. `token` is where to go on behind the event in a later
 * subscription; of those changes that have none, some come again then.
 */
export type StateChange<K, V> =
  | { readonly type: 'reset' }
  | ({ readonly type: 'row' } & ChangedRow<K, V>)
  | { readonly type: 'live'; readonly token: string }
  | ({
      readonly type: 'change'
      readonly partition: number
      readonly offset: number
      readonly token?: string
    } & ChangedRow<K, V | undefined>)

type Changes<C extends AnyTopicContract> = AsyncGenerator<StateChange<KeyOf<C>, ValueOf<C>>>

/** The gateway says something every ten seconds. */
const idleTimeoutMs = 30_000
/** Between a connection that broke and the next. */
const pauseMs = 100

export async function* followChanges<C extends AnyTopicContract>(
  store: StoreAccess<C>,
  options: ChangesOptions<KeyInput<C>>,
): Changes<C> {
  const at: Place = { token: options.token, next: new Map() }
  for (;;) {
    try {
      yield* followed(store, options, at)
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason
      if (!(error instanceof BrokenAnswer)) throw error
      await sleep(store.transport.clock, pauseMs, options.signal)
    }
  }
}

/** Where a subscription is: its token may lie before the last changes that were handed out. */
interface Place {
  token: string | undefined
  /** By partition, behind the last one. */
  readonly next: Map<number, number>
}

async function* followed<C extends AnyTopicContract>(
  store: StoreAccess<C>,
  options: ChangesOptions<KeyInput<C>>,
  at: Place,
): Changes<C> {
  const { transport } = store
  const path = store.path(parametersOf(store, options, at.token), 'changes')
  const answer = await transport.open(path, 'application/x-ndjson', options.signal)
  const reading = { clock: transport.clock, idleTimeoutMs, maxLineBytes: transport.maxResponseBytes }
  for await (const line of readLines(answer, reading)) {
    if (line.error !== undefined) throw failure(store.name, object(line.error), at.token)
    if (typeof line.token === 'string') at.token = line.token
    switch (line.type) {
      case 'reset':
        // Until the rows are complete there is nothing to go on from.
        at.token = undefined
        at.next.clear()
        yield { type: 'reset' }
        break
      case 'row':
        yield { type: 'row', ...row(store, line.row), value: store.value(object(line.row).value) }
        break
      case 'live':
        yield { type: 'live', token: String(line.token) }
        break
      case 'change': {
        const [partition, offset] = [number(line.partition), number(line.offset)]
        if (offset < (at.next.get(partition) ?? 0)) break
        at.next.set(partition, offset + 1)
        const { value } = object(line.change)
        const token = typeof line.token === 'string' ? { token: line.token } : {}
        const now = value === null ? undefined : store.value(value)
        yield { type: 'change', ...row(store, line.change), value: now, partition, offset, ...token }
        break
      }
      case 'heartbeat':
        break
      default:
        throw unexpected('an event of an unknown type')
    }
  }
  throw new BrokenAnswer('the subscription ended')
}

function failure(store: string, { code, message }: Record<string, unknown>, token: string | undefined): Error {
  if (code === 'STREAMS_CHANGES_LOST') {
    const what = `the changes of ${store} came faster than they were read`
    return queryError('QUERY_READER_TOO_SLOW', what, { store, ...(token !== undefined && { token }) })
  }
  return new BrokenAnswer(String(message))
}

function row<C extends AnyTopicContract>(
  store: StoreAccess<C>,
  json: unknown,
): Omit<ChangedRow<KeyOf<C>, never>, 'value'> {
  const { key, timestamp, start, end, headers } = object(json)
  const span = start === undefined ? {} : { start: number(start), end: number(end) }
  return { key: store.key(key), timestamp: number(timestamp), ...span, ...headersOf(headers) }
}

function parametersOf<C extends AnyTopicContract>(
  store: StoreAccess<C>,
  { key, from, to, prefix }: ChangesOptions<KeyInput<C>>,
  token: string | undefined,
): URLSearchParams {
  const parameters = new URLSearchParams()
  if (key !== undefined) parameters.set('key', store.keyText(key))
  if (from !== undefined) parameters.set('from', store.keyText(from))
  if (to !== undefined) parameters.set('to', store.keyText(to))
  if (prefix !== undefined) parameters.set('prefix', prefix)
  if (token !== undefined) parameters.set('after', token)
  return parameters
}
