import type { FastifyInstance } from 'fastify'
import { isLoopback } from '../access.ts'
import { gatewayError } from '../errors.ts'

export interface WriteAccess {
  /** Whether requests get this far with the token alone. */
  readonly hasToken: boolean
  /** Address that the gateway listens on. */
  readonly host: string
}

/**
 * Refuses changes from those who may only read. Without a token they come from this machine, to a gateway on loopback, and not from
 * a page of another origin: a browser reaches the gateway for any page it shows, and sends simple requests (`POST
 * /connectors/x/restart`) without asking first; a page whose name was made to lead to loopback has that name as the host.
 */
export function guardWrites(scope: FastifyInstance, { hasToken, host: address }: WriteAccess): void {
  scope.addHook('onRequest', async ({ method, headers: { origin, host = '' } }) => {
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return
    const asked = URL.parse(`http://${host}`)?.hostname ?? ''
    if (!hasToken && !(isLoopback(address) && isLoopback(asked))) {
      throw gatewayError('GATEWAY_READ_ONLY', 'connectors are changed with a token, or from the machine itself')
    }
    if (origin === undefined || URL.parse(origin)?.host === host) return
    throw gatewayError('GATEWAY_READ_ONLY', `pages of ${origin} may not change connectors`)
  })
}
