import type { ReadRequest } from './read-request.ts'
import { optionalNumber } from './read-request.ts'
import type { EntryBody } from './row-bodies.ts'
import type { StateReader } from './state-reader.ts'
import { answerRange } from './store-questions.ts'

/** Entries that are read of the store at once: what a reader who stops has cost at most. */
const pageSize = 500
/** How often, and how long apart, a page is asked for again while its partitions move. */
const retries = 20
const retryDelayMs = 100

/**
 * A range that is read of the store as its reader takes it, page by page; the last item says that it is whole. Each page is
 * one moment of the partitions in it, the whole is not.
 */
export async function* growingRange(
  reader: StateReader,
  name: string,
  request: ReadRequest,
  signal: AbortSignal,
): AsyncGenerator<EntryBody | { readonly end: true; readonly next: string | undefined }> {
  const edge = request.query.reverse === 'true' || request.query.reverse === '' ? 'to' : 'from'
  let left = optionalNumber('limit', request.query.limit) ?? Number.POSITIVE_INFINITY
  let query = request.query
  let next: string | undefined
  for (let page = 0; left > 0 && (page === 0 || next !== undefined); page++) {
    signal.throwIfAborted()
    const limit = Math.min(left, pageSize)
    const { body } = await again(page === 0 ? 0 : retries, () => {
      const { limit: _, ...rest } = query
      return answerRange(reader, name, { ...request, query: rest }, limit)
    })
    yield* body.entries
    left -= body.entries.length
    next = body.next
    if (next !== undefined) query = { ...query, [edge]: next }
  }
  yield { end: true, next }
}

/** A reader that is in the middle of a range waits for a partition that moves; the first page is answered at once. */
async function again<T>(tries: number, ask: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await ask()
    } catch (error) {
      if (failures >= tries || !(error as { retriable?: boolean }).retriable) throw error
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs))
    }
  }
}
