// An instance that does not answer holds up one question, and not those that follow.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server as HttpServer, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { isNotNow, Peers } from './peers.ts'

async function listening<S extends HttpServer | ReturnType<typeof createTcpServer>>(server: S) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host,
    async [Symbol.asyncDispose]() {
      if ('closeAllConnections' in server) server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Takes requests, and answers when it is told to. */
async function sleeper() {
  let isAwake = false
  let requests = 0
  const server = createServer((_, response) => {
    requests++
    if (isAwake) response.end('{"ok":true}')
  })
  const at = await listening(server)
  return {
    ...at,
    wake: () => (isAwake = true),
    requests: () => requests,
  }
}

async function took(work: Promise<unknown>): Promise<{ ms: number; error: unknown }> {
  const startedMs = performance.now()
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return { ms: performance.now() - startedMs, error }
}

test('after one question in vain the others are refused at once, until one is answered', async () => {
  await using silent = await sleeper()
  const peers = new Peers({ timeoutMs: 400, token: undefined })
  const first = await took(peers.ask(silent.host, '/'))
  assert.ok(first.ms >= 200 && isNotNow(first.error), String(first.error))
  assert.equal(peers.isSilent(silent.host), true)
  for (let i = 0; i < 20; i++) {
    const next = await took(peers.ask(silent.host, '/'))
    assert.ok(next.ms < 100 && isNotNow(next.error), `${next.ms} ms`)
  }
  assert.equal(silent.requests(), 1)
  silent.wake()
  // It is asked again now and then.
  await new Promise((resolve) => setTimeout(resolve, 600))
  assert.deepEqual((await peers.ask(silent.host, '/')).body, { ok: true })
  assert.equal(peers.isSilent(silent.host), false)
  assert.deepEqual((await peers.ask(silent.host, '/')).body, { ok: true })
})

test('one that may wait is given the time, and one of several less', async () => {
  await using silent = await sleeper()
  const waiting = await took(new Peers({ timeoutMs: 100, token: undefined }).ask(silent.host, '/', { waitMs: 400 }))
  assert.ok(waiting.ms >= 250, `${waiting.ms} ms`)
  const among = await took(
    new Peers({ timeoutMs: 60_000, token: undefined }).ask(silent.host, '/', { hasOthers: true }),
  )
  assert.ok(among.ms >= 500 && among.ms < 10_000, `${among.ms} ms`)
})

test('one whose process has ended refuses at once', async () => {
  const gone = await listening(createTcpServer())
  await gone[Symbol.asyncDispose]()
  const peers = new Peers({ timeoutMs: 60_000, token: undefined })
  const { ms, error } = await took(peers.ask(gone.host, '/'))
  assert.ok(ms < 5_000 && isNotNow(error))
})

test('a connection that the other side has closed meanwhile is replaced by a new one', async () => {
  const server = createServer((_, response) => void response.end('[1]'))
  // It closes what is idle so soon that requests meet the end of their connection.
  server.keepAliveTimeout = 1
  server.keepAliveTimeoutBuffer = 0
  await using at = await listening(server)
  const peers = new Peers({ timeoutMs: 5_000, token: undefined })
  for (let i = 0; i < 200; i++) {
    assert.deepEqual((await peers.ask(at.host, '/')).body, [1])
    await new Promise((resolve) => setTimeout(resolve, i % 4))
  }
})

const strangers: [string, RequestListener][] = [
  ['no JSON', (_, response) => void response.end('<html>')],
  [
    'half of an answer',
    (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('[', () => response.destroy()),
  ],
  ['no HTTP', (request) => void request.socket.end('hello\r\n')],
  ['an answer without end', (_, response) => endless(response)],
]
for (const [what, answer] of strangers) {
  test(`${what} is "not now"`, async () => {
    await using at = await listening(createServer(answer))
    const { error } = await took(
      new Peers({ timeoutMs: 5_000, token: undefined, maxAnswerBytes: 100_000 }).ask(at.host, '/'),
    )
    assert.ok(isNotNow(error), String(error))
  })
}

function endless(response: ServerResponse): void {
  const more = (): void =>
    void (response.writable && response.write(Buffer.alloc(50_000, ' '), () => setImmediate(more)))
  more()
}
