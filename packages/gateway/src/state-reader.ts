import { isMillraceError } from '@millrace/base'
import { keyFromText } from '@millrace/contracts/internal'
import type { PartitionResult, Position, PositionBound, StateQuery } from '@millrace/streams'
import { mergePositions } from '@millrace/streams'
import { gatewayError } from './errors.ts'
import { isNotNow, type Peers } from './peers.ts'
import { parametersFor, type ReadRequest } from './read-request.ts'
import type { StateProvider, StoreDescription } from './state-provider.ts'

interface StateContent {
  readonly state: readonly StateProvider[]
  isStarting?(): boolean
}

/** Rows of some partitions, with what they reflect and where the changes go on. */
export interface Collected<T> {
  readonly rows: readonly T[]
  readonly position: Position
  readonly checkpoints: ReadonlyMap<number, number>
}

/** A question to some partitions, for whoever has them. */
interface Question<T> {
  readonly store: string
  readonly partitions: readonly number[]
  readonly query: StateQuery
  /** Rows of one partition as they are sent. */
  readonly rows: (result: unknown) => readonly T[]
  /** Where another instance is asked, without parameters, and the field of its answer that has the rows; null: the answer is the row. */
  readonly path: string
  /** Parameters beside those of the request. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly field: string | null
  /** Of what another instance is asked for. */
  readonly limit?: number
}

interface Open {
  readonly partition: number
  /** Where to ask, in this order; undefined: here. */
  readonly places: (string | undefined)[]
}

/** Reads stores wherever their partitions are: here, or through the gateway of an instance that has them. */
export class StateReader {
  readonly #content: StateContent
  readonly #peers: Peers

  constructor(content: StateContent, peers: Peers) {
    this.#content = content
    this.#peers = peers
  }

  stores(): StoreDescription[] {
    return this.#content.state.flatMap((provider) => [...provider.stores()])
  }

  providers(): readonly StateProvider[] {
    return this.#content.state
  }

  /** @throws STORE_NOT_FOUND */
  find(name: string): { provider: StateProvider; store: StoreDescription } {
    for (const provider of this.#content.state) {
      const store = provider.stores().find((candidate) => candidate.name === name)
      if (store) return { provider, store }
    }
    // Its application may not have been loaded yet, and then "there is no such store" would be wrong.
    if (this.#content.isStarting?.()) throw unavailable(name)
    throw gatewayError('STORE_NOT_FOUND', `there is no store "${name.slice(0, 100)}" here`, { store: name })
  }

  /** @throws GATEWAY_BAD_REQUEST, STATE_UNAVAILABLE */
  partitionOf(name: string, keyText: string): { key: unknown; keyBytes: Uint8Array; partition: number } {
    const { provider, store } = this.find(name)
    const keyBytes = parseKey(store.keySerde, keyText)
    const partition = provider.partitionOf(name, keyBytes)
    if (partition === undefined) throw unavailable(name)
    return { key: store.keySerde.deserialize(keyBytes), keyBytes, partition }
  }

  key(name: string, text: string | undefined): unknown {
    if (text === undefined) return undefined
    const { keySerde } = this.find(name).store
    return keySerde.deserialize(parseKey(keySerde, text))
  }

  /** All of them, or those that the other instance asks for. @throws STATE_UNAVAILABLE */
  partitionsFor(name: string, request: ReadRequest): readonly number[] {
    const count = this.find(name).provider.partitions(name)
    if (count === undefined) throw unavailable(name)
    const unknown = request.partitions?.find((partition) => partition >= count)
    // The other instance may have seen the topic before this one did.
    if (unknown !== undefined) throw unavailable(name, unknown)
    return request.partitions ?? Array.from({ length: count }, (_, partition) => partition)
  }

  /**
   * Asks for every partition exactly once: each goes to whoever owns it now, by number, and whoever is asked for one that it
   * does not hold refuses the whole. So an answer misses no partition and shows none twice while partitions move; it is
   * 503 then, and the client asks again. Where standby copies may answer they are asked next.
   */
  async collect<T>(question: Question<T>, request: ReadRequest): Promise<Collected<T>> {
    const { provider } = this.find(question.store)
    const bound = await this.#bound(provider, question.store, request)
    let open: Open[] = question.partitions.map((partition) => ({
      partition,
      places: this.#places(provider, question.store, partition, request),
    }))
    const parts: Collected<T>[] = []
    let refusal: unknown
    while (open.length > 0) {
      const places = new Map<string | undefined, Open[]>()
      for (const each of open) {
        if (each.places.length === 0) throw refusal ?? unavailable(question.store, each.partition)
        const place = each.places.shift()
        places.set(place, [...(places.get(place) ?? []), each])
      }
      const again: Open[] = []
      const asked = [...places].map(async ([host, group]) => {
        try {
          const partitions = group.map(({ partition }) => partition)
          const hasOthers = group.every(({ places: left }) => left.length > 0)
          parts.push(
            ...(host === undefined
              ? await this.#here(provider, question, partitions, bound, request)
              : [await this.#there(host, question, partitions, { bound, request, hasOthers })]),
          )
        } catch (error) {
          if (!isNotNow(error)) throw error
          refusal = error
          again.push(...group)
        }
      })
      await Promise.all(asked)
      open = again
    }
    return {
      rows: parts.flatMap(({ rows }) => rows),
      position: mergePositions(...parts.map(({ position }) => position)),
      checkpoints: new Map(parts.flatMap(({ checkpoints }) => [...checkpoints])),
    }
  }

  /** What another instance passes on is in terms of the store's inputs already. */
  async #bound(provider: StateProvider, store: string, { forwarded, options }: ReadRequest): Promise<PositionBound> {
    const { bound = {}, waitMs = 0 } = options
    if (forwarded || Object.keys(bound).length === 0) return bound
    try {
      return await provider.resolveBound(store, bound, waitMs)
    } catch (error) {
      throw failureOf(store, undefined, error)
    }
  }

  #places(provider: StateProvider, store: string, partition: number, request: ReadRequest): (string | undefined)[] {
    const { isLocal, host, standbyHosts } = provider.metadata(store, partition)
    if (request.forwarded || isLocal) {
      return request.forwarded || !request.options.standby ? [undefined] : [undefined, ...standbyHosts]
    }
    const owner = host === undefined ? [] : [host]
    if (!request.options.standby) return owner
    const there = [...owner, ...standbyHosts]
    const isSilent = (each: string): boolean => this.#peers.isSilent(each)
    // Here first: it is the nearest, and says itself whether it is fresh enough. Last who has not answered lately.
    return [undefined, ...there.filter((each) => !isSilent(each)), ...there.filter(isSilent)]
  }

  /** Partitions that need not wait are read at one moment. */
  async #here<T>(
    provider: StateProvider,
    { store, query, rows }: Question<T>,
    partitions: readonly number[],
    bound: PositionBound,
    { options }: ReadRequest,
  ): Promise<Collected<T>[]> {
    const results = partitions.map((partition) => provider.ask(store, partition, query, { ...options, bound }))
    const parts: Collected<T>[] = []
    for (const [at, partition] of partitions.entries()) {
      const pending = results[at]!
      const result: PartitionResult<unknown> = pending instanceof Promise ? await pending : pending
      if (!result.ok) throw failureOf(store, partition, result.error)
      const { position, checkpoint } = result
      const checkpoints = new Map(checkpoint === undefined ? [] : [[partition, checkpoint]])
      parts.push({ rows: rows(result.result), position, checkpoints })
    }
    return parts
  }

  async #there<T>(
    host: string,
    { path, parameters: own = {}, field, limit }: Question<T>,
    partitions: readonly number[],
    { bound, request, hasOthers }: { bound: PositionBound; request: ReadRequest; hasOthers: boolean },
  ): Promise<Collected<T>> {
    const { waitMs = 0, standby } = request.options
    const mayWait = Object.keys(bound).length > 0 || standby !== undefined
    const parameters = parametersFor(request, { partitions, bound, ...(limit !== undefined && { limit }) })
    for (const [name, value] of Object.entries(own)) parameters.set(name, value)
    const { body, position, checkpoints } = await this.#peers.ask(host, `${path}?${parameters}`, {
      waitMs: mayWait ? waitMs : 0,
      hasOthers,
    })
    return { rows: rowsOf<T>(host, body, field), position, checkpoints }
  }
}

/** Another server may have the instance's port now: what is no answer of ours must not pass for a partition without rows. */
function rowsOf<T>(host: string, body: unknown, field: string | null): readonly T[] {
  const rows: unknown = field === null ? [body] : Object(body)[field]
  if (Array.isArray(rows) && rows.every((row) => typeof Object(row).key === 'string')) return rows
  throw gatewayError('STATE_UNAVAILABLE', `the instance at ${host} cannot answer: it sends no rows`, { host })
}

/** An error of the application's as the gateway's. */
function failureOf(store: string, partition: number | undefined, error: unknown): Error {
  const { code } = error as { readonly code?: string }
  switch (code) {
    case 'STREAMS_BOUND_NOT_REACHED':
      return gatewayError('STATE_BEHIND', (error as Error).message, { store, partition }, error)
    case 'STREAMS_STORE_TOO_STALE':
      return gatewayError('STATE_TOO_STALE', (error as Error).message, { store, partition }, error)
    case 'STREAMS_STORE_KIND':
    case 'STREAMS_BOUND_UNRELATED':
      return gatewayError('GATEWAY_BAD_REQUEST', (error as Error).message, { store }, error)
    // The application is ending, and with it the client that was to tell how fresh a copy is: another instance will answer.
    case 'KAFKA_CLOSED':
      return unavailable(store, partition, error)
    default:
      // A store that is closed while it is read fails in its own way; what no wait would mend is said as it is.
      return isMillraceError(error) && !error.retriable ? error : unavailable(store, partition, error)
  }
}

function unavailable(store: string, partition?: number, cause?: unknown): Error {
  return gatewayError('STATE_UNAVAILABLE', `"${store}" is being moved or restored`, { store, partition }, cause)
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
