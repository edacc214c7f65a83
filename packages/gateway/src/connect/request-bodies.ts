import type { FastifyInstance } from 'fastify'
import { gatewayError } from '../errors.ts'

/** A config as requests carry it; null removes a property. */
export type ConfigBody = Record<string, string | null>

/**
 * JSON, and nothing at all whatever the content type says: consoles send an empty body as JSON where none is asked for.
 */
export function acceptConnectBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined)
    const type = request.headers['content-type'] ?? ''
    if (!/^application\/([a-z.+-]*\+)?json\b/i.test(type)) {
      return done(gatewayError('GATEWAY_BAD_REQUEST', `a body is application/json, not ${type || 'unnamed'}`))
    }
    try {
      done(null, JSON.parse(body.toString()))
    } catch (error) {
      done(gatewayError('GATEWAY_BAD_REQUEST', `the body is not JSON: ${(error as Error).message}`))
    }
  })
}

/** Numbers and booleans become text, as in Kafka Connect. @throws GATEWAY_BAD_REQUEST */
export function configBody(body: unknown): ConfigBody {
  if (!isObject(body)) throw gatewayError('GATEWAY_BAD_REQUEST', 'a config is a JSON object of texts')
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      if (value === null || typeof value === 'string') return [name, value]
      if (typeof value === 'number' || typeof value === 'boolean') return [name, String(value)]
      throw gatewayError('GATEWAY_BAD_REQUEST', `the value of ${name} is not a text`)
    }),
  )
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
