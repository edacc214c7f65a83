import type { FastifyInstance } from 'fastify'
import { readRequest } from '../read-request.ts'
import { errorBody, json, linesOf, type StreamLimits, sendLines } from '../send-lines.ts'
import type { StateReader } from '../state-reader.ts'
import { type FollowEvent, follow } from '../subscription.ts'

/** `/changes/<name>`: the rows of a store, then its changes, as server-sent events or as JSON lines. */
export function changeRoutes(server: FastifyInstance, reader: StateReader, limits: StreamLimits): void {
  server.get('/changes/:name', (request, reply) => {
    const { name } = request.params as { name: string }
    const read = readRequest(request)
    // What an EventSource sends when it comes back by itself.
    const lastEventId = request.headers['last-event-id']
    const after = read.query.after ?? (typeof lastEventId === 'string' ? lastEventId : undefined)
    const following = { ...read, query: { ...read.query, after } }
    const events = (signal: AbortSignal): AsyncGenerator<FollowEvent> => follow(reader, name, following, signal)
    return request.headers.accept?.includes('text/event-stream')
      ? sendLines(reply, 'text/event-stream', limits, (signal) => eventsOf(events(signal)))
      : sendLines(reply, 'application/x-ndjson', limits, (signal) => linesOf(events(signal)))
  })
}

/** The tokens are the events' ids. */
async function* eventsOf(events: AsyncIterable<FollowEvent>): AsyncGenerator<string> {
  let isFirst = true
  try {
    for await (const event of events) {
      isFirst = false
      const { type, ...rest } = event
      const id = 'token' in event && event.token !== undefined ? `id: ${event.token}\n` : ''
      yield `${id}event: ${type}\ndata: ${json(rest)}\n\n`
    }
  } catch (error) {
    if (isFirst) throw error
    // Not `error`: a browser makes events of that name itself.
    yield `event: failed\ndata: ${json({ error: errorBody(error) })}\n\n`
  }
}
