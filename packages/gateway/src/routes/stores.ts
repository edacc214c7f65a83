import { positionText } from '@millrace/streams/internal'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { growingRange } from '../growing-range.ts'
import { checkpointHeader, checkpointText, positionHeader } from '../peers.ts'
import { readRequest } from '../read-request.ts'
import { linesOf, type StreamLimits, sendLines } from '../send-lines.ts'
import type { StateReader } from '../state-reader.ts'
import { type Answer, answerAll, answerKey } from '../store-questions.ts'

/** What a client that wants a range as it grows accepts. */
const lines = 'application/x-ndjson'

/** `/stores`, `/stores/<name>` and `/stores/<name>/<key>`, or `/stores/<name>?key=<key>`. */
export function storeRoutes(server: FastifyInstance, reader: StateReader, limits: StreamLimits): void {
  server.get('/stores', () => ({
    stores: reader.stores().map(({ name, kind, application }) => ({ name, kind, application })),
  }))

  server.get('/stores/:name', async (request, reply) => {
    const { name } = request.params as { name: string }
    const read = readRequest(request)
    // The keys `.` and `..` cannot stand in a path.
    if (read.query.key !== undefined) return send(reply, await answerKey(reader, name, read.query.key, read))
    if (wantsLines(request) && reader.find(name).store.kind === 'keyValue') {
      return sendLines(reply, lines, limits, (signal) => linesOf(growingRange(reader, name, read, signal)))
    }
    return send(reply, await answerAll(reader, name, read))
  })

  server.get('/stores/:name/*', async (request, reply) => {
    const { name, '*': key } = request.params as { name: string; '*': string }
    return send(reply, await answerKey(reader, name, key, readRequest(request)))
  })
}

function wantsLines({ headers: { accept } }: FastifyRequest): boolean {
  return accept?.includes(lines) ?? false
}

function send(reply: FastifyReply, { body, position, checkpoints }: Answer<unknown>): unknown {
  const text = positionText(position)
  if (text !== '') reply.header(positionHeader, text)
  if (checkpoints.size > 0) reply.header(checkpointHeader, checkpointText(checkpoints))
  return body
}
