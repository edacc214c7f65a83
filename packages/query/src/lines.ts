import { type Clock, sleep } from '@millrace/base'
import { queryError } from './errors.ts'
import type { OpenAnswer } from './transport.ts'

/** A connection that ended before the answer did: what it was about is asked again. */
export class BrokenAnswer extends Error {}

/**
 * The JSON lines of an answer, read no faster than they are taken: what is not taken stays with the server. A connection
 * that says nothing for `idleTimeoutMs` counts as broken.
 *
 * @throws BrokenAnswer, QUERY_UNEXPECTED_ANSWER
 */
export async function* readLines(
  { url, response, close }: OpenAnswer,
  options: { readonly clock: Clock; readonly idleTimeoutMs: number; readonly maxLineBytes: number },
): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder()
  const reader = response.body?.getReader()
  let rest = ''
  try {
    for (;;) {
      const chunk = await nextChunk(reader, options)
      if (chunk === undefined) return
      rest += decoder.decode(chunk, { stream: true })
      let begin = 0
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', begin)) {
        const line = rest.slice(begin, end)
        begin = end + 1
        if (line !== '') yield parsed(url, line)
      }
      rest = rest.slice(begin)
      if (rest.length > options.maxLineBytes) throw unexpected(url, `a line of more than ${options.maxLineBytes} bytes`)
    }
  } finally {
    close()
  }
}

async function nextChunk(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
  { clock, idleTimeoutMs }: { readonly clock: Clock; readonly idleTimeoutMs: number },
): Promise<Uint8Array | undefined> {
  const arrived = new AbortController()
  const idle = sleep(clock, idleTimeoutMs, arrived.signal).then(
    () => {
      throw new BrokenAnswer('nothing has come for too long')
    },
    () => undefined,
  )
  try {
    const read = reader?.read()
    read?.catch(() => undefined)
    const chunk = await Promise.race([read, idle])
    return chunk?.done === false ? chunk.value : undefined
  } catch (error) {
    throw error instanceof BrokenAnswer ? error : new BrokenAnswer('the connection broke', { cause: error })
  } finally {
    arrived.abort()
  }
}

function parsed(url: string, line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw unexpected(url, 'a line that is no JSON object')
}

function unexpected(url: string, what: string): Error {
  return queryError('QUERY_UNEXPECTED_ANSWER', `${url} sent ${what}`)
}
