import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { gatewayError } from './errors.ts'

/** What anybody may ask: an orchestrator's probes carry no token. */
const open: ReadonlySet<string> = new Set(['/livez', '/readyz'])

/** Refuses requests without the token; health excepted. */
export function requireToken(server: FastifyInstance, token: string): void {
  const wanted = digest(token)
  server.addHook('onRequest', async ({ headers: { authorization = '' }, method, url }) => {
    // OPTIONS says what may be asked, and nothing else.
    if (open.has(url.split('?', 1)[0]!) || method === 'OPTIONS') return
    const given = givenToken(authorization)
    // Digests are of equal length, so that the time of the comparison says nothing about the token.
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return
    throw gatewayError('GATEWAY_UNAUTHORIZED', 'this request carries no token, or a wrong one')
  })
}

/** As a bearer token, or as the password of any user: consoles for Kafka Connect know nothing else. */
function givenToken(authorization: string): string | undefined {
  const basic = /^Basic +(.+)$/i.exec(authorization)?.[1]
  if (basic === undefined) return /^Bearer +(.+)$/i.exec(authorization)?.[1]
  const text = Buffer.from(basic, 'base64').toString()
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : undefined
}

/** @throws GATEWAY_TOKEN_REQUIRED where others than this machine could ask without a token */
export function checkExposure(host: string, token: string | undefined, allowWithoutToken: boolean): void {
  if (token !== undefined || allowWithoutToken || isLoopback(host)) return
  throw gatewayError('GATEWAY_TOKEN_REQUIRED', `the gateway would listen on ${host} without a token`, { host })
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (bare === 'localhost' || bare === '::1') return true
  if (bare.startsWith('::ffff:')) return isLoopback(bare.slice('::ffff:'.length))
  return isIP(bare) === 4 && bare.startsWith('127.')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
