import { MillraceError } from '@millrace/base'
import { gatewayError } from './errors.ts'

/** Marks a request that another instance passed on, so that it is answered or refused here, never passed on again. */
export const forwardedHeader = 'x-millrace-forwarded'

/** Answers that would be the same here. */
const passedOn: ReadonlySet<string> = new Set(['KEY_NOT_FOUND', 'GATEWAY_BAD_REQUEST', 'GATEWAY_ANSWER_TOO_LARGE'])

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
  const { code, message = `the instance at ${host} answered ${response.status}`, remedy } = (body ?? {}) as ErrorBody
  // Anything else is about that instance, not about the question: it may be starting, or another server has its port now.
  if (code === undefined || !passedOn.has(code)) {
    throw gatewayError('STATE_UNAVAILABLE', `the instance at ${host} cannot answer: ${message}`, { host })
  }
  throw new MillraceError(code, message, { retriable: false, remedy: remedy ?? '', fields: { host } })
}
