import { MillraceError } from '@millrace/base'
import { millraceError } from '../errors.ts'

const timeoutMs = 15_000

/**
 * Asks a gateway, with MILLRACE_GATEWAY_TOKEN where there is one; its own error, code and remedy included, when it refuses.
 * Undefined where the answer is empty.
 */
export async function ask(url: string, path: string, method = 'GET', body?: unknown): Promise<unknown> {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw millraceError(
      'USAGE',
      `the gateway's address "${url}" is no http:// URL; the default is http://127.0.0.1:8080`,
    )
  }
  let response: Response
  try {
    const token = process.env.MILLRACE_GATEWAY_TOKEN
    response = await fetch(url.replace(/\/$/, '') + path, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (error) {
    throw millraceError('GATEWAY_UNREACHABLE', `no gateway answers at ${url}`, { url }, error)
  }
  const answer = await jsonOf(response)
  if (response.ok) return answer
  const refused = (answer ?? {}) as { readonly code?: string; readonly message?: string; readonly remedy?: string }
  const { code = 'GATEWAY_UNREACHABLE', message = `${url} answered ${response.status}`, remedy } = refused
  throw new MillraceError(code, message, {
    retriable: response.status === 503,
    remedy: remedy ?? 'Check that the address is a gateway of Millrace.',
  })
}

async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
