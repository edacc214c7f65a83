import type { FastifyInstance } from 'fastify'
import { gatewayError } from './errors.ts'
import { checkpointHeader, positionHeader } from './peers.ts'

/** What pages may ask: state, and nothing of the process. */
const paths = /^\/(?:stores|changes|metadata|lags)(?:[/?]|$)/
const anyOrigin = '*'
const requestHeaders = 'authorization, accept, last-event-id'
const responseHeaders = `retry-after, ${positionHeader}, ${checkpointHeader}`
/** How long a browser may remember that it may ask. */
const maxAgeSeconds = 600

/**
 * Lets pages of these origins read state (the Fetch standard's CORS protocol). Nobody is let in by it: the token is asked for
 * as before, and comes in a header that a page has to know, never in a cookie that a browser adds.
 */
export function allowOrigins(server: FastifyInstance, origins: readonly string[]): void {
  const allowed = new Set(origins)
  server.addHook('onRequest', async ({ method, url, headers: { origin, ...headers } }, { raw }) => {
    if (!paths.test(url)) return
    // Answers differ by origin, for one that is not allowed too.
    if (!allowed.has(anyOrigin)) raw.setHeader('vary', 'origin')
    if (origin === undefined || !(allowed.has(origin) || allowed.has(anyOrigin))) return
    // On the raw response: it reaches answers that are streamed too.
    raw.setHeader('access-control-allow-origin', allowed.has(anyOrigin) ? anyOrigin : origin)
    raw.setHeader('access-control-expose-headers', responseHeaders)
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return
    raw.setHeader('access-control-allow-methods', 'GET')
    raw.setHeader('access-control-allow-headers', requestHeaders)
    raw.setHeader('access-control-max-age', String(maxAgeSeconds))
  })
  // A browser asks before it sends a token, and asks without it.
  server.options('/*', (request, reply) => {
    if (request.headers['access-control-request-method'] !== undefined && paths.test(request.url)) {
      return reply.status(204).send()
    }
    throw gatewayError('GATEWAY_NOT_FOUND', `nothing is served at OPTIONS ${request.url.slice(0, 200)}`)
  })
}

/** @throws GATEWAY_ORIGIN_INVALID */
export function checkOrigins(origins: readonly string[], token: string | undefined): void {
  for (const origin of origins) {
    if (origin === anyOrigin && token !== undefined) {
      throw gatewayError('GATEWAY_ORIGIN_INVALID', 'pages of any origin would be let in beside a token', { origin })
    }
    if (origin === anyOrigin || (URL.canParse(origin) && new URL(origin).origin === origin && origin !== 'null'))
      continue
    throw gatewayError('GATEWAY_ORIGIN_INVALID', `"${origin.slice(0, 200)}" is no origin of a page`, { origin })
  }
}
