import { connectError } from '../../errors.ts'

/** One request and the offsets that it stands for. */
export interface HttpRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** The same for the same records however often they are sent: `<connector>/<topic id>/<partition>/<offsets>`. */
  readonly idempotencyKey: string
}

/** A service that will not take these records, whenever they are sent. */
export class RefusedRequest extends Error {
  readonly status: number
  constructor(status: number, text: string) {
    super(`the service answered ${status}${text === '' ? '' : `: ${text}`}`)
    this.name = 'RefusedRequest'
    this.status = status
  }
}

/** Statuses that say something about the moment or the service and nothing about the records. */
const passing = new Set([408, 421, 423, 425, 429])
const access = new Set([401, 403, 407])
const place = new Set([404, 405, 410])
const maxTextChars = 500

/**
 * Sends a request; resolves when the service has accepted it.
 *
 * @throws RefusedRequest for what the records are to blame for; DATABASE_UNAVAILABLE, DATABASE_ACCESS_DENIED or
 *   DATABASE_STATEMENT_FAILED for all else
 */
export async function send(request: HttpRequest, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const { url, method, headers, body, idempotencyKey } = request
  const where = placeOf(url)
  let response: Response
  try {
    response = await fetch(url, {
      method,
      // A redirection may turn the request into a GET of a page, whose 200 says nothing of the record.
      redirect: 'manual',
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        'idempotency-key': idempotencyKey,
        ...headers,
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
  } catch (error) {
    const reason = reasonOf(error)
    throw connectError('DATABASE_UNAVAILABLE', `${method} ${where}: ${reason}`, { url: where }, error)
  }
  const { status } = response
  const text = (await response.text().catch(() => '')).slice(0, maxTextChars)
  // What was there to be deleted may be gone already.
  if (response.ok || (method === 'DELETE' && (status === 404 || status === 410))) return
  const fields = { url: where, status }
  const message = `${method} ${where} was answered with ${status}`
  if (status >= 500 || passing.has(status)) throw connectError('DATABASE_UNAVAILABLE', message, fields)
  if (status >= 300 && status < 400) {
    const location = response.headers.get('location')
    const to =
      location !== null && URL.canParse(location, url)
        ? ` and sends elsewhere, to ${placeOf(new URL(location, url).href)}`
        : ''
    throw connectError('DATABASE_STATEMENT_FAILED', `${message}${to}; give the address that takes the records`, fields)
  }
  if (access.has(status)) throw connectError('DATABASE_ACCESS_DENIED', message, fields)
  if (place.has(status)) throw connectError('DATABASE_STATEMENT_FAILED', message, fields)
  throw new RefusedRequest(status, text)
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  return cause instanceof Error && cause.message !== '' ? cause.message : message
}

/** Without user, password and query, which may hold secrets. */
function placeOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
