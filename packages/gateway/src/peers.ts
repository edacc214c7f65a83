import { MillraceError } from '@millrace/base'
import { gatewayError } from './errors.ts'

/** Marks a request that another instance passed on, so that it is answered or refused here, never passed on again. */
export const forwardedHeader = 'x-millrace-forwarded'

interface ErrorBody {
  readonly code?: string
  readonly message?: string
  readonly remedy?: string
}

/**
 * Asks another instance's gateway.
 * @throws STATE_UNAVAILABLE when it does not answer in time; the error that it answers with, otherwise.
 */
export async function askPeer(host: string, path: string, timeoutMs: number): Promise<unknown> {
  let response: Response
  let body: unknown
  try {
    response = await fetch(`http://${host}${path}`, {
      headers: { [forwardedHeader]: '1' },
      signal: AbortSignal.timeout(timeoutMs),
    })
    body = await response.json()
  } catch (error) {
    throw gatewayError('STATE_UNAVAILABLE', `the instance at ${host} does not answer`, { host }, error)
  }
  if (response.ok) return body
  const {
    code = 'STATE_UNAVAILABLE',
    message = `the instance at ${host} answered ${response.status}`,
    remedy = '',
  } = body as ErrorBody
  throw new MillraceError(code, message, { retriable: response.status === 503, remedy, fields: { host } })
}
