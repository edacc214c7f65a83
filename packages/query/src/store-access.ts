import type { Clock } from '@millrace/base'
import type { AnyTopicContract, KeyOf, Serde, ValueOf } from '@millrace/contracts'
import { keyFromText, keyToText, valueFromJson } from '@millrace/contracts/internal'
import { queryError } from './errors.ts'
import type { StateEntry, StateHeader } from './store-client.ts'
import type { Ask, Open } from './transport.ts'

/** The ways to a gateway that all clients of stores share. */
export interface StoreTransport {
  readonly ask: Ask
  readonly open: Open
  readonly clock: Clock
  readonly maxResponseBytes: number
  readonly deadlineMs: number
}

/** One store, as paths and bodies. */
export class StoreAccess<C extends AnyTopicContract> {
  readonly name: string
  readonly contract: C
  readonly transport: StoreTransport

  constructor(name: string, contract: C, transport: StoreTransport) {
    this.name = name
    this.contract = contract
    this.transport = transport
  }

  path(parameters: URLSearchParams, under: 'stores' | 'changes' = 'stores'): string {
    return `/${under}/${encodeURIComponent(this.name)}${parameters.size > 0 ? `?${parameters}` : ''}`
  }

  keyPath(key: unknown, parameters: URLSearchParams): string {
    const text = this.keyText(key)
    // A URL drops these two from its path, however they are written.
    if (text === '.' || text === '..') {
      parameters.set('key', text)
      return this.path(parameters)
    }
    const query = parameters.size > 0 ? `?${parameters}` : ''
    return `/stores/${encodeURIComponent(this.name)}/${encodeURIComponent(text)}${query}`
  }

  keyText(key: unknown): string {
    return keyToText(this.contract.key, this.contract.key.serialize(key as never))
  }

  /** The gateway gives a key as text, or as JSON where the text is JSON. */
  key(json: unknown): KeyOf<C> {
    const text = typeof json === 'string' ? json : JSON.stringify(json)
    const serde = this.contract.key as Serde<unknown, never>
    return serde.deserialize(keyFromText(serde, text)) as KeyOf<C>
  }

  value(json: unknown): ValueOf<C> {
    return valueFromJson(this.contract.value, json) as ValueOf<C>
  }

  entry(json: unknown): StateEntry<KeyOf<C>, ValueOf<C>> {
    const { key, value, timestamp, headers } = object(json)
    const entry = { key: this.key(key), value: this.value(value), timestamp: number(timestamp) }
    return { ...entry, ...headersOf(headers) }
  }

  /** Of an answer about one key; a gateway that has none for it may say so without one. */
  rows(answer: unknown, field: string): readonly unknown[] {
    return answer === undefined ? [] : array(object(answer)[field])
  }
}

/** A member `headers`, where the store has them. */
export function headersOf(json: unknown): { readonly headers?: readonly StateHeader[] } {
  return json === undefined ? {} : { headers: array(json).map(header) }
}

function header(json: unknown): StateHeader {
  const { key, value } = object(json)
  return { key: String(key), value: value === null ? null : bytesOf(String(value)) }
}

/** Of base64, in Node and in browsers. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

export function object(json: unknown): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>
  throw unexpected('a JSON object is missing')
}

export function array(json: unknown): unknown[] {
  if (Array.isArray(json)) return json
  throw unexpected('a JSON array is missing')
}

export function number(json: unknown): number {
  if (typeof json === 'number') return json
  throw unexpected('a number is missing')
}

export function unexpected(what: string): Error {
  return queryError('QUERY_UNEXPECTED_ANSWER', `the answer is not a gateway’s: ${what}`)
}
