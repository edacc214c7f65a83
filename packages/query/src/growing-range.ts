import { sleep } from '@millrace/base'
import type { AnyTopicContract, KeyInput, KeyOf, ValueOf } from '@millrace/contracts'
import { queryError } from './errors.ts'
import { BrokenAnswer, readLines } from './lines.ts'
import { setReadOptions } from './read-options.ts'
import { array, object, type StoreAccess, unexpected } from './store-access.ts'
import type { RangeOptions, StateEntry } from './store-client.ts'

/** Of a page, where pages are asked for. */
const defaultPageSize = 500
/** How long an answer may pause: while partitions move, the gateway waits for them in the middle of a range. */
const idleTimeoutMs = 30_000
/** Between a connection that broke and the next. */
const pauseMs = 100

type Entries<C extends AnyTopicContract> = AsyncGenerator<StateEntry<KeyOf<C>, ValueOf<C>>>

/** Where a range stands: what is asked next, and the entry that was handed out last, which is asked for once more. */
interface Progress {
  left: number
  edge: string | undefined
  seen: string | undefined
}

/**
 * The entries of a range as they are taken. The gateway streams them and reads on as they are; a connection that breaks is
 * made anew, to another instance if need be, and goes on behind the last entry.
 */
export async function* growingRange<C extends AnyTopicContract>(
  store: StoreAccess<C>,
  options: RangeOptions<KeyInput<C>>,
): Entries<C> {
  const { clock, deadlineMs } = store.transport
  const { from, to, reverse = false, limit = Number.POSITIVE_INFINITY, pageSize } = options
  const start = reverse ? to : from
  const at: Progress = { left: limit, edge: start === undefined ? undefined : store.keyText(start), seen: undefined }
  if (pageSize !== undefined) {
    yield* paged(store, options, at)
    return
  }
  let endMs = clock.now() + deadlineMs
  while (at.left > 0) {
    const before = at.seen
    try {
      if (yield* streamed(store, options, at)) return
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason
      if (!(error instanceof BrokenAnswer)) throw error
      if (at.seen !== before) endMs = clock.now() + deadlineMs
      if (clock.now() + pauseMs >= endMs) {
        throw queryError('QUERY_UNAVAILABLE', `the range of ${store.name} breaks off again and again`, {}, error)
      }
      await sleep(clock, pauseMs, options.signal)
    }
  }
}

/** True when the range is at its end. */
async function* streamed<C extends AnyTopicContract>(
  store: StoreAccess<C>,
  options: RangeOptions<KeyInput<C>>,
  at: Progress,
): AsyncGenerator<StateEntry<KeyOf<C>, ValueOf<C>>, boolean> {
  const { transport } = store
  const answer = await transport.open(
    store.path(parametersOf(store, options, at, at.left)),
    'application/x-ndjson, application/json',
    options.signal,
  )
  // A gateway that does not stream gives the first page.
  if (!answer.response.headers.get('content-type')?.includes('ndjson')) {
    answer.close()
    yield* paged(store, options, at)
    return true
  }
  const reading = { clock: transport.clock, idleTimeoutMs, maxLineBytes: transport.maxResponseBytes }
  for await (const line of readLines(answer, reading)) {
    if (line.end === true) return true
    if (line.error !== undefined) throw new BrokenAnswer(String(object(line.error).message))
    yield* taken(store, line, at)
  }
  throw new BrokenAnswer('the answer ended before the range did')
}

async function* paged<C extends AnyTopicContract>(
  store: StoreAccess<C>,
  options: RangeOptions<KeyInput<C>>,
  at: Progress,
): Entries<C> {
  const { pageSize = defaultPageSize, signal } = options
  while (at.left > 0) {
    const parameters = parametersOf(store, options, at, Math.min(at.left, pageSize))
    const page = object(await store.transport.ask(store.path(parameters), signal))
    // Decoded before the first is handed out, so that a page is whole or an error.
    const entries = array(page.entries).map((json) => ({ entry: store.entry(json), text: String(object(json).key) }))
    for (const { entry, text } of entries) {
      if (text === at.seen) continue
      at.seen = text
      at.left--
      yield entry
    }
    if (page.next === undefined || page.next === null) return
    if (page.next === at.edge) throw unexpected('a page leads back to itself')
    at.edge = String(page.next)
  }
}

/** The entry of a line, unless it is the last one before the connection broke. */
function* taken<C extends AnyTopicContract>(
  store: StoreAccess<C>,
  line: Record<string, unknown>,
  at: Progress,
): Generator<StateEntry<KeyOf<C>, ValueOf<C>>> {
  const text = String(line.key)
  if (text === at.seen) return
  const entry = store.entry(line)
  at.seen = at.edge = text
  at.left--
  yield entry
}

function parametersOf<C extends AnyTopicContract>(
  store: StoreAccess<C>,
  options: RangeOptions<KeyInput<C>>,
  { edge, seen }: Progress,
  wanted: number,
): URLSearchParams {
  const { from, to, prefix, reverse = false } = options
  const parameters = new URLSearchParams()
  // One more where the last entry comes again.
  if (Number.isFinite(wanted)) parameters.set('limit', String(wanted + (edge !== undefined && edge === seen ? 1 : 0)))
  const first = reverse ? (from === undefined ? undefined : store.keyText(from)) : edge
  const last = reverse ? edge : to === undefined ? undefined : store.keyText(to)
  if (first !== undefined) parameters.set('from', first)
  if (last !== undefined) parameters.set('to', last)
  if (prefix !== undefined) parameters.set('prefix', prefix)
  if (reverse) parameters.set('reverse', 'true')
  return setReadOptions(parameters, options)
}
