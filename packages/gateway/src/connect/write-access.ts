import type { FastifyInstance } from 'fastify'
import { gatewayError } from '../errors.ts'

export interface WriteAccess {
  /** Whether who gets this far may change connectors: asked for a token, or on this machine. */
  readonly isAllowed: boolean
}

/**
 * Refuses changes from those who may only read, and from pages of other origins: a browser on this machine reaches the
 * gateway for any page it shows, and sends simple requests (`POST /connectors/x/restart`) without asking first.
 */
export function guardWrites(scope: FastifyInstance, { isAllowed }: WriteAccess): void {
  scope.addHook('onRequest', async ({ method, headers }) => {
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return
    if (!isAllowed) {
      throw gatewayError('GATEWAY_READ_ONLY', 'connectors are changed with a token, or from the machine itself')
    }
    const { origin, host } = headers
    if (origin === undefined || URL.parse(origin)?.host === host) return
    throw gatewayError('GATEWAY_READ_ONLY', `pages of ${origin} may not change connectors`)
  })
}
