import { once } from 'node:events'
import { isMillraceError } from '@millrace/base'
import type { FastifyReply } from 'fastify'
import { gatewayError } from './errors.ts'

/** Bounds of answers that go on for as long as their reader reads. */
export interface StreamLimits {
  /** Such answers at a time; more are told to come back. */
  readonly streamsMax: number
  /** How long a reader may take nothing before its connection is closed. */
  readonly stallTimeoutMs: number
  /** How many there are. */
  open: number
  /** Ends them all when the gateway closes. */
  readonly closing: AbortSignal
}

/**
 * Writes a stream of text as it is made, no faster than the client reads it. An error in the middle is the last item, as
 * `failed` writes it: the status has been sent by then.
 */
export async function sendLines(
  reply: FastifyReply,
  contentType: string,
  limits: StreamLimits,
  make: (signal: AbortSignal) => AsyncIterable<string>,
): Promise<FastifyReply> {
  if (limits.open >= limits.streamsMax) {
    const message = `${limits.streamsMax} answers are being streamed already`
    throw gatewayError('GATEWAY_BUSY', message, { streamsMax: limits.streamsMax })
  }
  const { raw } = reply
  const gone = new AbortController()
  const signal = AbortSignal.any([gone.signal, limits.closing])
  raw.once('close', () => gone.abort())
  const items = make(signal)[Symbol.asyncIterator]()
  limits.open++
  try {
    // What is refused is refused with a status of its own.
    let item = await items.next()
    reply.hijack()
    raw.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    for (; !item.done; item = await items.next()) {
      if (!raw.write(item.value)) await drained(raw, signal, limits.stallTimeoutMs)
    }
    raw.end()
  } catch (error) {
    if (!raw.headersSent) throw error
    // The client is gone, or takes nothing: there is nobody to tell.
    raw.destroy()
  } finally {
    limits.open--
    await items.return?.()
  }
  return reply
}

async function drained(raw: FastifyReply['raw'], signal: AbortSignal, stallTimeoutMs: number): Promise<void> {
  const stalled = AbortSignal.timeout(stallTimeoutMs)
  await once(raw, 'drain', { signal: AbortSignal.any([signal, stalled]) })
}

/** One JSON object a line. */
export async function* linesOf(items: AsyncIterable<unknown>): AsyncGenerator<string> {
  const iterator = items[Symbol.asyncIterator]()
  let isFirst = true
  try {
    for (;;) {
      let item: IteratorResult<unknown>
      try {
        item = await iterator.next()
      } catch (error) {
        // The first failure becomes the answer's status.
        if (isFirst) throw error
        yield `${JSON.stringify({ error: errorBody(error) })}\n`
        return
      }
      if (item.done) return
      isFirst = false
      yield `${json(item.value)}\n`
    }
  } finally {
    await iterator.return?.()
  }
}

export function json(value: unknown): string {
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? each.toString() : each))
}

export function errorBody(error: unknown): { code: string; message: string; remedy: string } {
  const known = isMillraceError(error)
    ? error
    : gatewayError('GATEWAY_INTERNAL', 'the gateway failed at this request', {}, error)
  return { code: known.code, message: known.message, remedy: known.remedy }
}
