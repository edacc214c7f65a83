import { keyFromText } from '@millrace/contracts/internal'
import type { StoreChange, StoreChanges } from '@millrace/streams'
import { gatewayError } from './errors.ts'
import { followToken, parseFollowToken } from './follow-token.ts'
import type { ReadRequest } from './read-request.ts'
import { deletionBody, type EntryBody, entryBody, type SpanBody, type VersionBody } from './row-bodies.ts'
import type { StoreDescription } from './state-provider.ts'
import type { StateReader } from './state-reader.ts'
import { answerAll, answerKey, answerRange } from './store-questions.ts'

type RowBody = EntryBody | SpanBody | VersionBody

/** What a follower of a store is told, in this order: reset, rows, live, then changes. */
export type FollowEvent =
  /** A new beginning: what was known is void, rows follow. */
  | { readonly type: 'reset' }
  | { readonly type: 'row'; readonly row: RowBody }
  /** The rows are complete, or one that came back goes on where it was. */
  | { readonly type: 'live'; readonly token: string }
  /** `value` null: deleted. Its place in the changelog tells it from others; the token goes on behind it. */
  | {
      readonly type: 'change'
      readonly change: RowBody
      readonly partition: number
      readonly offset: number
      readonly token?: string
    }
  | { readonly type: 'heartbeat'; readonly token: string }

/** What of a store is followed. */
interface Selection {
  readonly partitions: readonly number[]
  contains(keyBytes: Uint8Array): boolean
}

const pageSize = 1_000
const heartbeatMs = 10_000
/** How long one waits, and how often, for a partition that moves, or for an owner that is behind its own changelog. */
const retryDelayMs = 100
const retries = 100

/**
 * A store's rows and then its changes, without a gap: each partition is read together with the place in its changelog that
 * the rows are as of, and the changes go on from there. A change that a later page of rows has already is left out, so
 * that no row goes back.
 *
 * @throws STREAMS_STORE_NO_CHANGES, STREAMS_CHANGES_LOST when the reader is too slow
 */
export async function* follow(
  reader: StateReader,
  name: string,
  request: ReadRequest,
  signal: AbortSignal,
): AsyncGenerator<FollowEvent> {
  const { provider, store } = reader.find(name)
  const selection = selectionOf(reader, store, request)
  await using changes = provider.changes(name)
  const shown = new ShownRows()
  if (!goOn(changes, selection, request.query.after)) {
    yield { type: 'reset' }
    for (const partition of selection.partitions) {
      yield* rowsOf(reader, store, partition, { changes, shown, request, selection, signal })
    }
  }
  yield { type: 'live', token: followToken(changes.offsets()) }
  for await (const batch of batchesOf(changes, signal)) {
    const wanted = batch.filter((change) => selection.contains(change.keyBytes) && !shown.has(change))
    if (wanted.length === 0) {
      // A follower of few keys would come back to where nothing of the buffer is left.
      if (batch.length === 0) yield { type: 'heartbeat', token: followToken(changes.offsets()) }
      continue
    }
    for (const change of wanted.slice(0, -1)) yield changed(store, change)
    yield { ...changed(store, wanted.at(-1)!), token: followToken(changes.offsets()) }
  }
}

function changed(store: StoreDescription, change: StoreChange): FollowEvent & { type: 'change' } {
  const { partition, offset } = change
  return { type: 'change', change: changeBody(store, change), partition, offset }
}

/** Whether one that comes back can go on where it was. */
function goOn(changes: StoreChanges, { partitions }: Selection, token: string | undefined): boolean {
  const offsets = token === undefined ? undefined : parseFollowToken(token)
  if (offsets === undefined) return false
  return partitions.every((partition) => {
    const offset = offsets.get(partition)
    return offset !== undefined && changes.follow(partition, offset)
  })
}

interface Reading {
  readonly changes: StoreChanges
  readonly shown: ShownRows
  readonly request: ReadRequest
  readonly selection: Selection
  readonly signal: AbortSignal
}

async function* rowsOf(
  reader: StateReader,
  store: StoreDescription,
  partition: number,
  { changes, shown, request, selection, signal }: Reading,
): AsyncGenerator<FollowEvent> {
  let from: string | undefined
  for (let isFirst = true; isFirst || from !== undefined; isFirst = false) {
    const page = await readPage(
      reader,
      store,
      { ...request, partitions: [partition] },
      from,
      signal,
      ({ checkpoint }) => {
        return isFirst ? changes.follow(partition, checkpoint) : true
      },
    )
    shown.note(partition, page.next === undefined ? undefined : keyFromText(store.keySerde, page.next), page.checkpoint)
    for (const row of page.rows) {
      if (selection.contains(keyFromText(store.keySerde, row.key))) yield { type: 'row', row }
    }
    from = page.next
  }
}

interface RowPage {
  readonly rows: readonly RowBody[]
  readonly next: string | undefined
  readonly checkpoint: number
}

/** Waits for a partition that moves. */
async function readPage(
  reader: StateReader,
  store: StoreDescription,
  request: ReadRequest,
  from: string | undefined,
  signal: AbortSignal,
  accepts: (page: RowPage) => boolean,
): Promise<RowPage> {
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted()
    try {
      const page = await pageOf(reader, store, request, from)
      if (accepts(page)) return page
      if (failures >= retries) throw tooFast(store.name)
    } catch (error) {
      if (failures >= retries || !(error as { retriable?: boolean }).retriable) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, retryDelayMs))
  }
}

async function pageOf(
  reader: StateReader,
  store: StoreDescription,
  request: ReadRequest,
  from: string | undefined,
): Promise<RowPage> {
  const { name } = store
  const [partition] = request.partitions as readonly [number]
  const { key } = request.query
  if (store.kind === 'keyValue' && key === undefined) {
    const query = from === undefined ? request.query : { ...request.query, from }
    const { body, checkpoints } = await answerRange(reader, name, { ...request, query }, pageSize)
    return { rows: body.entries, next: body.next, checkpoint: checkpoints.get(partition) ?? 0 }
  }
  const all = store.kind === 'versioned' ? ofKeys(request, request.query.from, request.query.to) : request
  const { rows, checkpoints } = await (key === undefined
    ? answerAll(reader, name, all).then(({ body, checkpoints }) => ({ rows: rowsIn(body), checkpoints }))
    : rowsOfKey(reader, name, key, request))
  return { rows, next: undefined, checkpoint: checkpoints.get(partition) ?? 0 }
}

async function rowsOfKey(
  reader: StateReader,
  name: string,
  key: string,
  request: ReadRequest,
): Promise<{ rows: readonly RowBody[]; checkpoints: ReadonlyMap<number, number> }> {
  // A range of one key: a key that is not there has a place in the changelog too.
  const isKeyValue = reader.find(name).store.kind === 'keyValue'
  const { key: _, ...query } = request.query
  if (reader.find(name).store.kind === 'versioned') {
    const { body, checkpoints } = await answerAll(reader, name, ofKeys({ ...request, query }, key, key))
    return { rows: rowsIn(body), checkpoints }
  }
  if (isKeyValue) {
    const { body, checkpoints } = await answerRange(
      reader,
      name,
      { ...request, query: { ...query, from: key, to: key } },
      1,
    )
    return { rows: body.entries, checkpoints }
  }
  const { body, checkpoints } = await answerKey(reader, name, key, { ...request, query })
  return { rows: rowsIn(body), checkpoints }
}

function rowsIn(body: unknown): readonly RowBody[] {
  const { windows, sessions, versions } = body as { readonly [field: string]: readonly RowBody[] | undefined }
  return windows ?? sessions ?? versions ?? []
}

/** Of a versioned store: what bounds its rows by key. */
function ofKeys(request: ReadRequest, from: string | undefined, to: string | undefined): ReadRequest {
  return { ...request, query: { ...request.query, fromKey: from, toKey: to } }
}

/** What of a partition was shown, and as of where in its changelog: changes below that are in the rows already. */
class ShownRows {
  readonly #pages = new Map<number, { readonly before: Uint8Array | undefined; readonly checkpoint: number }[]>()

  /** A page of the keys before `before`, or of all that are left. */
  note(partition: number, before: Uint8Array | undefined, checkpoint: number): void {
    const pages = this.#pages.get(partition) ?? []
    pages.push({ before, checkpoint })
    this.#pages.set(partition, pages)
  }

  has({ partition, offset, keyBytes }: StoreChange): boolean {
    const pages = this.#pages.get(partition)
    if (pages === undefined) return false
    const page = pages.find(({ before }) => before === undefined || Buffer.compare(keyBytes, before) < 0)
    if (page !== undefined && offset < page.checkpoint) return true
    // Checkpoints only grow from page to page.
    if (offset >= pages.at(-1)!.checkpoint) this.#pages.delete(partition)
    return false
  }
}

/** Batches of changes, an empty one when there were none for a while. */
async function* batchesOf(changes: StoreChanges, signal: AbortSignal): AsyncGenerator<readonly StoreChange[]> {
  let pending = changes.next(signal)
  pending.catch(() => undefined)
  while (!signal.aborted) {
    const { promise: quiet, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(resolve, heartbeatMs, undefined)
    const batch = await Promise.race([pending, quiet]).finally(() => clearTimeout(timer))
    if (batch !== undefined) {
      pending = changes.next(signal)
      pending.catch(() => undefined)
    }
    yield batch ?? []
  }
}

function selectionOf(reader: StateReader, store: StoreDescription, request: ReadRequest): Selection {
  const { key, from, to, prefix } = request.query
  if (key !== undefined) {
    const { keyBytes, partition } = reader.partitionOf(store.name, key)
    return { partitions: [partition], contains: (bytes) => Buffer.compare(bytes, keyBytes) === 0 }
  }
  const bytesOf = (text: string | undefined): Uint8Array | undefined =>
    text === undefined ? undefined : store.keySerde.serialize(reader.key(store.name, text))
  const isRange = store.kind === 'keyValue' || store.kind === 'versioned'
  const first = isRange ? bytesOf(from) : undefined
  const last = isRange ? bytesOf(to) : undefined
  const begin = prefix === undefined ? undefined : Buffer.from(prefix)
  return {
    partitions: reader.partitionsFor(store.name, request),
    contains: (bytes) =>
      (first === undefined || Buffer.compare(bytes, first) >= 0) &&
      (last === undefined || Buffer.compare(bytes, last) <= 0) &&
      (begin === undefined || begin.equals(bytes.subarray(0, begin.length))),
  }
}

function changeBody(store: StoreDescription, change: StoreChange): RowBody {
  const { key, value, timestamp, start, end, headers } = change
  const body =
    value === undefined ? deletionBody(store, { key, timestamp }) : entryBody(store, { key, value, timestamp, headers })
  return start === undefined || end === undefined ? body : { ...body, start, end }
}

function tooFast(store: string): Error {
  const message = `"${store}" changes faster than its rows can be read here`
  return gatewayError('STATE_UNAVAILABLE', message, { store })
}
