import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { type Clock, isMillraceError, type Random } from '@millrace/base'
import { retry } from '@millrace/base/internal'
import { registryError } from '../errors.ts'
import type { RegistryRequest, RegistryResponse, RegistryTransport } from './transport.ts'

export type RegistryAuth =
  | { readonly username: string; readonly password: string }
  /** A function is asked before each request, so that tokens can be renewed. */
  | { readonly token: string | (() => string | Promise<string>) }

export interface RegistryTls {
  /** Certificates in PEM: who signs for the registry, and who we are. */
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
}

export interface HttpTransportOptions {
  readonly urls: readonly URL[]
  readonly auth: RegistryAuth | undefined
  readonly tls: RegistryTls | undefined
  readonly requestTimeoutMs: number
  readonly maxAttempts: number
  readonly retryDelayMsMin: number
  readonly retryDelayMsMax: number
  readonly clock: Clock
  readonly random: Random
}

const responseMaxBytes = 16 * 1024 * 1024
const socketsMax = 8

/** Asks the URLs in turn, beginning with the one that answered last, and all of them again after a pause. */
export function httpTransport(options: HttpTransportOptions): RegistryTransport {
  const { urls, clock, random, maxAttempts, retryDelayMsMin: delayMsMin, retryDelayMsMax: delayMsMax } = options
  const limits = { keepAlive: true, maxSockets: socketsMax }
  const agents = { http: new HttpAgent(limits), https: new HttpsAgent({ ...limits, ...options.tls }) }
  let preferred = 0
  const round = async (request: RegistryRequest): Promise<RegistryResponse> => {
    let problem = 'there is no URL'
    for (let tried = 0; tried < urls.length; tried++) {
      const at = (preferred + tried) % urls.length
      try {
        const response = await ask(urls[at]!, request, options, agents)
        preferred = at
        if (!isPassing(response.status)) return response
        problem = `${urls[at]!.host} answered with status ${response.status}`
      } catch (error) {
        if (isMillraceError(error)) throw error
        problem = `${urls[at]!.host}: ${(error as Error).message}`
      }
    }
    throw registryError('REGISTRY_UNREACHABLE', `the schema registry does not answer: ${problem}`, {
      request: `${request.method} ${request.path}`,
    })
  }
  return {
    send: (request) => retry(() => round(request), { clock, random, maxAttempts, delayMsMin, delayMsMax }),
    close() {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}

/** What another attempt may mend: too many requests, and whatever goes wrong within the registry. */
function isPassing(status: number): boolean {
  return status === 429 || status === 408 || status >= 500
}

async function ask(
  url: URL,
  { method, path, body }: RegistryRequest,
  options: HttpTransportOptions,
  agents: { readonly http: HttpAgent; readonly https: HttpsAgent },
): Promise<RegistryResponse> {
  const json = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  const authorization = await authorizationOf(url, options.auth)
  const isSecure = url.protocol === 'https:'
  return new Promise((resolve, reject) => {
    const outgoing = (isSecure ? httpsRequest : httpRequest)({
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      path: url.pathname.replace(/\/+$/, '') + path,
      method,
      agent: isSecure ? agents.https : agents.http,
      signal: AbortSignal.timeout(options.requestTimeoutMs),
      headers: {
        accept: 'application/vnd.schemaregistry.v1+json, application/json',
        ...(json && { 'content-type': 'application/vnd.schemaregistry.v1+json', 'content-length': json.length }),
        ...(authorization && { authorization }),
      },
    })
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => bodyOf(incoming).then(resolve, reject))
    outgoing.end(json)
  })
}

async function bodyOf(incoming: IncomingMessage): Promise<RegistryResponse> {
  const status = incoming.statusCode ?? 0
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of incoming as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > responseMaxBytes) {
      throw registryError('REGISTRY_REQUEST_REFUSED', `the registry’s answer is longer than ${responseMaxBytes} bytes`)
    }
    parts.push(part)
  }
  try {
    return { status, body: JSON.parse(Buffer.concat(parts).toString('utf8')) }
  } catch {
    return { status, body: undefined }
  }
}

async function authorizationOf(url: URL, auth: RegistryAuth | undefined): Promise<string | undefined> {
  if (auth !== undefined && 'token' in auth) {
    return `Bearer ${typeof auth.token === 'string' ? auth.token : await auth.token()}`
  }
  // As other clients of registries do: credentials may stand in the URL.
  const { username, password } = auth ?? {
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  }
  return username === '' ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
