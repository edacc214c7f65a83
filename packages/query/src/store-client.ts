import type { AnyTopicContract, KeyInput, KeyOf, Serde, ValueOf } from '@millrace/contracts'
import { keyFromText, keyToText, valueFromJson } from '@millrace/contracts/internal'
import { queryError } from './errors.ts'
import type { Ask } from './transport.ts'

export interface StateEntry<K, V> {
  readonly key: K
  readonly value: V
  /** Of the record that the value comes from, milliseconds since the epoch. */
  readonly timestamp: number
}

export interface StateWindow<V> {
  /** Milliseconds since the epoch, inclusive. */
  readonly start: number
  /** Milliseconds since the epoch, exclusive. */
  readonly end: number
  readonly value: V
}

export interface RequestOptions {
  /** Ends the request and its retries. */
  readonly signal?: AbortSignal
}

export interface RangeOptions<K> extends RequestOptions {
  /** First key, inclusive. Default: the lowest. Keys are ordered by their bytes. */
  readonly from?: K
  /** Last key, inclusive. Default: the highest. */
  readonly to?: K
  /** How many entries in all. Default: no limit. */
  readonly limit?: number
  /** How many entries one request asks for. Default 500. */
  readonly pageSize?: number
}

export interface WindowOptions extends RequestOptions {
  /** Windows that start at or after this; a date or milliseconds since the epoch. */
  readonly from: Date | number
  /** Windows that start at or before this. */
  readonly to: Date | number
}

/** One state store, typed by a contract. Reads see committed state. */
export interface StoreClient<C extends AnyTopicContract> {
  /** The value of a key, undefined when the store has none. */
  get(key: KeyInput<C>, options?: RequestOptions): Promise<ValueOf<C> | undefined>
  /** As `get`, with the timestamp of the record behind the value. */
  entry(key: KeyInput<C>, options?: RequestOptions): Promise<StateEntry<KeyOf<C>, ValueOf<C>> | undefined>
  /** Entries in the order of their keys, fetched page by page while they are read. */
  range(options?: RangeOptions<KeyInput<C>>): AsyncIterable<StateEntry<KeyOf<C>, ValueOf<C>>>
  /** The windows of a key in a windowed store. */
  window(key: KeyInput<C>, options: WindowOptions): Promise<StateWindow<ValueOf<C>>[]>
}

const defaultPageSize = 500

export function storeClient<C extends AnyTopicContract>(store: string, contract: C, ask: Ask): StoreClient<C> {
  const base = `/stores/${encodeURIComponent(store)}`
  const pathOf = (key: KeyInput<C>, parameters = new URLSearchParams()): string => {
    const text = textOf(contract, key)
    // A URL drops these two from its path, however they are written.
    const isDropped = text === '.' || text === '..'
    if (isDropped) parameters.set('key', text)
    const query = parameters.size > 0 ? `?${parameters}` : ''
    return `${isDropped ? base : `${base}/${encodeURIComponent(text)}`}${query}`
  }
  const entryOf = (json: unknown): StateEntry<KeyOf<C>, ValueOf<C>> => {
    const { key, value, timestamp } = object(json)
    return {
      key: keyOf(contract, key) as KeyOf<C>,
      value: valueFromJson(contract.value, value) as ValueOf<C>,
      timestamp: number(timestamp),
    }
  }
  const entry: StoreClient<C>['entry'] = async (key, { signal } = {}) => {
    const answer = await ask(pathOf(key), signal)
    return answer === undefined || object(answer).value === null ? undefined : entryOf(answer)
  }
  return {
    entry,
    get: async (key, options) => (await entry(key, options))?.value,
    async *range({ from, to, limit = Number.POSITIVE_INFINITY, pageSize = defaultPageSize, signal } = {}) {
      let start = from === undefined ? undefined : textOf(contract, from)
      for (let left = limit; left > 0; ) {
        const wanted = Math.min(left, pageSize)
        const parameters = new URLSearchParams({ limit: String(wanted) })
        if (start !== undefined) parameters.set('from', start)
        if (to !== undefined) parameters.set('to', textOf(contract, to))
        const page = object(await ask(`${base}?${parameters}`, signal))
        const entries = array(page.entries)
        // Decoded before the first is handed out, so that a page is whole or an error.
        yield* entries.map(entryOf)
        left -= entries.length
        if (page.next === undefined || page.next === null) return
        if (page.next === start) throw unexpected('a page leads back to itself')
        start = String(page.next)
      }
    },
    async window(key, { from, to, signal }) {
      const parameters = new URLSearchParams({ from: String(Number(from)), to: String(Number(to)) })
      const answer = await ask(pathOf(key, parameters), signal)
      if (answer === undefined) return []
      return array(object(answer).windows).map((json) => {
        const { start, end, value } = object(json)
        return { start: number(start), end: number(end), value: valueFromJson(contract.value, value) as ValueOf<C> }
      })
    },
  }
}

function textOf(contract: AnyTopicContract, key: unknown): string {
  return keyToText(contract.key, contract.key.serialize(key as never))
}

/** The gateway gives a key as text, or as JSON where the text is JSON. */
function keyOf(contract: AnyTopicContract, json: unknown): unknown {
  const text = typeof json === 'string' ? json : JSON.stringify(json)
  return (contract.key as Serde<unknown, never>).deserialize(keyFromText(contract.key, text))
}

function object(json: unknown): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>
  throw unexpected('a JSON object is missing')
}

function array(json: unknown): unknown[] {
  if (Array.isArray(json)) return json
  throw unexpected('a JSON array is missing')
}

function number(json: unknown): number {
  if (typeof json === 'number') return json
  throw unexpected('a number is missing')
}

function unexpected(what: string): Error {
  return queryError('QUERY_UNEXPECTED_ANSWER', `the answer is not a gateway’s: ${what}`)
}
