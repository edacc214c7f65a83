import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mockTransport } from '../../src/client/mock-transport.ts'
import type { RegistryRequest } from '../../src/client/transport.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

export interface RegistryServer extends AsyncDisposable {
  readonly url: string
  /** Every request that came, in order. */
  readonly asked: Asked[]
  subjects(): readonly string[]
}

/** What a request is answered with instead; a promise delays it. */
export type Intercept = (
  asked: Asked,
) => { readonly status: number; readonly body?: unknown } | Promise<void> | undefined

let scopes = 0

/** A registry behind a real socket, on the contents of an in-process one. */
export async function serveRegistry(
  intercept: Intercept = () => undefined,
  tls?: { readonly cert: string; readonly key: string },
): Promise<RegistryServer> {
  const registry = mockTransport(new URL(`mock://server-${scopes++}`))
  const asked: Asked[] = []
  const listener: RequestListener = async (incoming, outgoing) => {
    let text = ''
    for await (const part of incoming) text += part
    const request = { method: incoming.method!, path: incoming.url!, headers: incoming.headers }
    asked.push(request)
    const instead = intercept(request)
    await instead
    const answer =
      instead !== undefined && 'status' in instead
        ? instead
        : await registry.send({ ...request, body: text && JSON.parse(text) } as RegistryRequest)
    outgoing.writeHead(answer.status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
    outgoing.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}))
  }
  const server = tls ? createSecureServer(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    subjects: () => (registry.send({ method: 'GET', path: '/subjects' }) as { body: string[] }).body,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
