import type { FastifyInstance, FastifyRequest } from 'fastify'
import { gatewayError } from '../errors.ts'
import { forwardedHeader } from '../peers.ts'
import type { ReadContext, StateReader, WindowParameters } from '../state-reader.ts'

const defaultLimit = 100
const maxLimit = 10_000

type Query = Readonly<Record<string, string | undefined>>

/** A parameter given twice would arrive as an array. */
function queryOf(request: FastifyRequest): Query {
  for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
    if (typeof value !== 'string') throw badParameter(name, String(value), 'one value')
  }
  return request.query as Query
}

/** `/stores`, `/stores/<name>` and `/stores/<name>/<key>`, or `/stores/<name>?key=<key>`. */
export function storeRoutes(server: FastifyInstance, reader: StateReader): void {
  server.get('/stores', () => ({
    stores: reader.stores().map(({ name, kind, application }) => ({ name, kind, application })),
  }))

  const oneKey = async (name: string, key: string, query: Query, context: ReadContext): Promise<unknown> => {
    if (reader.describe(name).kind === 'window') {
      return { windows: await reader.windows(name, key, windowParameters(query), context) }
    }
    return reader.get(name, key, context)
  }

  server.get('/stores/:name', async (request) => {
    const { name } = request.params as { name: string }
    const query = queryOf(request)
    const context = contextOf(request, query)
    // The keys `.` and `..` cannot stand in a path.
    if (query.key !== undefined) return oneKey(name, query.key, query, context)
    if (reader.describe(name).kind === 'window') {
      return { windows: await reader.allWindows(name, windowParameters(query), context) }
    }
    return reader.range(name, { from: query.from, to: query.to, limit: limitOf(query, context) }, context)
  })

  server.get('/stores/:name/*', async (request) => {
    const { name, '*': key } = request.params as { name: string; '*': string }
    const query = queryOf(request)
    return oneKey(name, key, query, contextOf(request, query))
  })
}

function contextOf(request: FastifyRequest, { partitions }: Query): ReadContext {
  const forwarded = request.headers[forwardedHeader] === '1'
  if (!forwarded) return { forwarded, partitions: undefined }
  // A set: a partition named twice would be shown twice.
  const numbers = partitions?.split(',').map((text) => wholeNumber('partitions', text))
  return { forwarded, partitions: numbers && [...new Set(numbers)] }
}

/** Another instance asks for one entry more than its client, to see whether there is one. */
function limitOf({ limit }: Query, { forwarded }: ReadContext): number {
  if (limit === undefined) return defaultLimit
  const number = wholeNumber('limit', limit)
  if (number < 1 || number > (forwarded ? maxLimit + 1 : maxLimit))
    throw badParameter('limit', limit, `a whole number from 1 to ${maxLimit}`)
  return number
}

/** Without bounds: all windows that the store still has. */
function windowParameters({ from, to }: Query): WindowParameters {
  return {
    fromMs: from === undefined ? 0 : wholeNumber('from', from),
    toMs: to === undefined ? Number.MAX_SAFE_INTEGER : wholeNumber('to', to),
  }
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (text === '' || !Number.isSafeInteger(number) || number < 0)
    throw badParameter(name, text, 'a whole number from 0')
  return number
}

function badParameter(name: string, text: string, expected: string): Error {
  return gatewayError('GATEWAY_BAD_REQUEST', `"${name}" is "${text.slice(0, 100)}", not ${expected}`, {
    parameter: name,
  })
}
