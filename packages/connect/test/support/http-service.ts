import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly body: unknown
  readonly idempotencyKey: string
  readonly authorization: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

interface Redirection {
  readonly status: number
  readonly location: string
}

/** Status of an answer; `cut` closes the connection instead. */
export type Answer = (seen: Seen, count: number) => number | 'cut' | Redirection

export interface HttpService {
  readonly url: string
  readonly accepted: Seen[]
  readonly all: Seen[]
  close(): Promise<void>
}

/** A service that keeps what it accepted. */
export async function startHttpService(answer: Answer = () => 200): Promise<HttpService> {
  const all: Seen[] = []
  const accepted: Seen[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const { headers } = request
    const seen: Seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      body: text === '' ? undefined : JSON.parse(text),
      idempotencyKey: String(headers['idempotency-key']),
      authorization: headers.authorization,
      headers,
    }
    all.push(seen)
    const answered = answer(seen, all.length)
    if (answered === 'cut') return void response.destroy()
    if (typeof answered === 'object') {
      return void response.writeHead(answered.status, { location: answered.location }).end()
    }
    const status = answered
    if (status < 300) accepted.push(seen)
    response.writeHead(status).end(status < 300 ? '' : 'because')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted,
    all,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
