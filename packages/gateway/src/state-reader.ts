import { keyFromText, keyToText, valueToJson } from '@millrace/contracts/internal'
import type { ReadOnlyStore, StoreEntry, WindowEntry } from '@millrace/streams'
import { gatewayError } from './errors.ts'
import { askPeer } from './peers.ts'
import type { StateProvider, StoreDescription } from './state-provider.ts'

export interface EntryBody {
  /** As it stands in a URL. */
  readonly key: string
  /** JSON; 64-bit numbers as strings, bytes in base64. */
  readonly value: unknown
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

export interface WindowBody extends EntryBody {
  readonly start: number
  readonly end: number
}

export interface RangeParameters {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly limit: number
}

export interface WindowParameters {
  readonly fromMs: number
  readonly toMs: number
}

export interface ReadContext {
  /** The request came from another instance: answer here or say that it cannot be. */
  readonly forwarded: boolean
  /** Partitions to answer for, where another instance asks; undefined: all. */
  readonly partitions: readonly number[] | undefined
}

interface StateContent {
  readonly state: readonly StateProvider[]
  isStarting?(): boolean
}

/** Windows in one answer at most; it is refused rather than cut, since what is missing could not be seen. */
const maxWindows = 50_000

/** Reads stores wherever their partitions are: here, or through the gateway of the instance that owns them. */
export class StateReader {
  readonly #content: StateContent
  readonly #forwardTimeoutMs: number

  constructor(content: StateContent, forwardTimeoutMs: number) {
    this.#content = content
    this.#forwardTimeoutMs = forwardTimeoutMs
  }

  stores(): StoreDescription[] {
    return this.#content.state.flatMap((provider) => [...provider.stores()])
  }

  /** @throws STORE_NOT_FOUND */
  describe(name: string): StoreDescription {
    return this.#find(name).store
  }

  /** @throws KEY_NOT_FOUND, STATE_UNAVAILABLE */
  async get(name: string, keyText: string, context: ReadContext): Promise<EntryBody> {
    const { provider, store } = this.#find(name)
    const bytes = parseKey(store.keySerde, keyText)
    const partition = partitionOf(provider, name, bytes)
    const host = this.#remoteHost(provider, name, partition, context)
    if (host) return (await this.#ask(host, keyPath(name, keyText))) as EntryBody
    const local = localStore(provider, name, partition)
    if (local.kind !== 'keyValue') throw notWindowed(name)
    const key = store.keySerde.deserialize(bytes)
    const found = local.get(key)
    if (!found) throw gatewayError('KEY_NOT_FOUND', `"${name}" has no entry for this key`, { store: name })
    return entryBody(store, { key, ...found })
  }

  /** Windows of one key whose start lies in [fromMs, toMs]. */
  async windows(name: string, keyText: string, query: WindowParameters, context: ReadContext): Promise<WindowBody[]> {
    const { provider, store } = this.#find(name)
    const bytes = parseKey(store.keySerde, keyText)
    const partition = partitionOf(provider, name, bytes)
    const host = this.#remoteHost(provider, name, partition, context)
    if (host) {
      const parameters = new URLSearchParams({ from: String(query.fromMs), to: String(query.toMs) })
      return ((await this.#ask(host, keyPath(name, keyText, parameters))) as { windows: WindowBody[] }).windows
    }
    const local = localStore(provider, name, partition)
    if (local.kind !== 'window') throw notKeyValue(name)
    const found = bounded(name, local.fetch(store.keySerde.deserialize(bytes), query))
    return found.map((entry) => windowBody(store, entry))
  }

  /** Entries of all partitions in the order of their serialised keys; `next` is where to go on. */
  async range(
    name: string,
    query: RangeParameters,
    context: ReadContext,
  ): Promise<{ entries: EntryBody[]; next: string | undefined }> {
    const { store } = this.#find(name)
    const parse = (text: string | undefined): unknown =>
      text === undefined ? undefined : store.keySerde.deserialize(parseKey(store.keySerde, text))
    const bounds = { from: parse(query.from), to: parse(query.to), limit: query.limit + 1 }
    const parameters = new URLSearchParams({ limit: String(query.limit + 1) })
    if (query.from !== undefined) parameters.set('from', query.from)
    if (query.to !== undefined) parameters.set('to', query.to)
    const lists = await this.#everywhere<EntryBody>(name, parameters, context, 'entries', (local) => {
      if (local.kind !== 'keyValue') throw notWindowed(name)
      return [...local.range(bounds)].map((entry) => entryBody(store, entry))
    })
    const sorted = lists
      .flat()
      .map((entry) => ({ entry, bytes: keyFromText(store.keySerde, entry.key) }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
      .map(({ entry }) => entry)
    const beyond = sorted[query.limit]
    return {
      entries: sorted.slice(0, query.limit),
      next: beyond?.key,
    }
  }

  /** Windows of all keys whose start lies in [fromMs, toMs], in the order of their start. */
  async allWindows(name: string, query: WindowParameters, context: ReadContext): Promise<WindowBody[]> {
    const parameters = new URLSearchParams({ from: String(query.fromMs), to: String(query.toMs) })
    const { store } = this.#find(name)
    const lists = await this.#everywhere<WindowBody>(name, parameters, context, 'windows', (local) => {
      if (local.kind !== 'window') throw notKeyValue(name)
      return bounded(name, local.fetchAll(query)).map((entry) => windowBody(store, entry))
    })
    return bounded(name, lists.flat()).sort((a, b) => a.start - b.start || (a.key < b.key ? -1 : 1))
  }

  /**
   * Asks for every partition exactly once: each goes to whoever owns it now, by number, and whoever is asked for one that it
   * does not hold refuses the whole. So an answer misses no partition and shows none twice while partitions move; it is
   * 503 then, and the client asks again. What is here is read at one moment, before anything is awaited.
   */
  async #everywhere<T>(
    name: string,
    parameters: URLSearchParams,
    context: ReadContext,
    field: string,
    read: (store: ReadOnlyStore) => T[],
  ): Promise<T[][]> {
    const { provider } = this.#find(name)
    const count = provider.partitions(name)
    if (count === undefined) throw unavailable(name)
    const unknown = context.partitions?.find((partition) => partition >= count)
    // The other instance may have seen the topic before this one did.
    if (unknown !== undefined) throw unavailable(name, unknown)
    const wanted = context.partitions ?? Array.from({ length: count }, (_, partition) => partition)
    const byHost = new Map<string, number[]>()
    const here: T[][] = []
    for (const partition of wanted) {
      const host = this.#remoteHost(provider, name, partition, context)
      if (host) byHost.set(host, [...(byHost.get(host) ?? []), partition])
      else here.push(read(localStore(provider, name, partition)))
    }
    const remote = [...byHost].map(async ([host, partitions]) => {
      const query = new URLSearchParams([...parameters, ['partitions', partitions.join(',')]])
      return ((await this.#ask(host, `${path(name)}?${query}`)) as Record<string, T[]>)[field] ?? []
    })
    return [...here, ...(await Promise.all(remote))]
  }

  #find(name: string): { provider: StateProvider; store: StoreDescription } {
    for (const provider of this.#content.state) {
      const store = provider.stores().find((candidate) => candidate.name === name)
      if (store) return { provider, store }
    }
    // Its application may not have been loaded yet, and then "there is no such store" would be wrong.
    if (this.#content.isStarting?.()) throw unavailable(name)
    throw gatewayError('STORE_NOT_FOUND', `there is no store "${name.slice(0, 100)}" here`, { store: name })
  }

  #remoteHost(provider: StateProvider, store: string, partition: number, context: ReadContext): string | undefined {
    const owner = provider.ownerOf(store, partition)
    if (owner.kind === 'local') return undefined
    if (owner.kind === 'unknown' || context.forwarded) throw unavailable(store, partition)
    return owner.host
  }

  #ask(host: string, pathAndQuery: string): Promise<unknown> {
    return askPeer(host, pathAndQuery, this.#forwardTimeoutMs)
  }
}

function bounded<T>(store: string, windows: Iterable<T>): T[] {
  const kept: T[] = []
  for (const window of windows) {
    if (kept.length === maxWindows) {
      const message = `more than ${maxWindows} windows of "${store}" lie between from and to`
      throw gatewayError('GATEWAY_ANSWER_TOO_LARGE', message, { store })
    }
    kept.push(window)
  }
  return kept
}

function path(store: string): string {
  return `/stores/${encodeURIComponent(store)}`
}

/** The keys `.` and `..` go behind the question mark: a URL drops them from its path, however they are written. */
function keyPath(store: string, keyText: string, parameters = new URLSearchParams()): string {
  const isDropped = keyText === '.' || keyText === '..'
  if (isDropped) parameters.set('key', keyText)
  const query = parameters.size > 0 ? `?${parameters}` : ''
  return `${isDropped ? path(store) : `${path(store)}/${encodeURIComponent(keyText)}`}${query}`
}

function partitionOf(provider: StateProvider, store: string, keyBytes: Uint8Array): number {
  const partition = provider.partitionOf(store, keyBytes)
  if (partition === undefined) throw unavailable(store)
  return partition
}

function localStore(provider: StateProvider, store: string, partition: number): ReadOnlyStore {
  const local = provider.local(store, partition)
  if (!local) throw unavailable(store, partition)
  return local
}

function entryBody(store: StoreDescription, { key, value, timestamp }: StoreEntry<unknown, unknown>): EntryBody {
  return {
    key: keyToText(store.keySerde, store.keySerde.serialize(key)),
    value: valueToJson(store.valueSerde, store.valueSerde.serialize(value)),
    timestamp,
  }
}

function windowBody(store: StoreDescription, entry: WindowEntry<unknown, unknown>): WindowBody {
  return { ...entryBody(store, entry), start: entry.start, end: entry.end }
}

function unavailable(store: string, partition?: number): Error {
  return gatewayError('STATE_UNAVAILABLE', `"${store}" is being moved or restored`, { store, partition })
}

function notWindowed(store: string): Error {
  return gatewayError('GATEWAY_BAD_REQUEST', `"${store}" is a window store: give from and to in milliseconds`, {
    store,
  })
}

function notKeyValue(store: string): Error {
  return gatewayError('GATEWAY_BAD_REQUEST', `"${store}" is a key-value store: it has no windows`, { store })
}

function parseKey(serde: StoreDescription['keySerde'], text: string): Uint8Array {
  try {
    const bytes = keyFromText(serde, text)
    serde.deserialize(bytes)
    return bytes
  } catch (error) {
    throw gatewayError('GATEWAY_BAD_REQUEST', `"${text.slice(0, 100)}" is not a key of this store`, {}, error)
  }
}
