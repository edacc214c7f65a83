import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'

const root = join(import.meta.dirname, '../..')
const packages = ['base', 'contracts', 'query']

/** A page that runs one module, and tells what came of it. */
export interface PageServer extends AsyncDisposable {
  /** scheme, host and port: what a gateway has to know to let the page ask. */
  readonly origin: string
  /** The address of a page that runs the module at this path of the repository, with arguments. */
  page(module: string, args: Readonly<Record<string, string>>): string
  /** What a page has told under this name. */
  told(name: string): Promise<unknown>
}

/** Serves pages that run the packages' own sources, their types taken out. */
export async function servePages(): Promise<PageServer> {
  const answers = new Map<string, PromiseWithResolvers<unknown>>()
  const answerOf = (name: string): PromiseWithResolvers<unknown> => {
    const known = answers.get(name) ?? Promise.withResolvers<unknown>()
    answers.set(name, known)
    return known
  }
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    try {
      if (request.method === 'POST') {
        answerOf(url.pathname.slice(1)).resolve(JSON.parse(await bodyOf(request)))
        response.writeHead(204).end()
      } else if (url.pathname === '/page') {
        response.writeHead(200, { 'content-type': 'text/html' }).end(html(url.searchParams.get('module') ?? ''))
      } else {
        const source = await readFile(join(root, normalize(url.pathname)), 'utf8')
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(stripTypeScriptTypes(source))
      }
    } catch {
      response.writeHead(404).end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    page: (module, args) => `${origin}/page?${new URLSearchParams({ ...args, module })}`,
    told: (name) => answerOf(name).promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function html(module: string): string {
  const imports = packages.flatMap((name) => [
    [`@millrace/${name}`, `/packages/${name}/src/index.ts`],
    [`@millrace/${name}/internal`, `/packages/${name}/src/internal.ts`],
  ])
  return `<!doctype html><script type="importmap">${JSON.stringify({ imports: Object.fromEntries(imports) })}</script>
<script>addEventListener('error', ({ message }) => fetch('/failed', { method: 'POST', body: JSON.stringify(message) }))</script>
<script type="module" src="/${module}"></script>`
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}
