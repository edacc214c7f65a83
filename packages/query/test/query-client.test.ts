import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { type MillraceError, seededRandom } from '@millrace/base'
import { serdes, topic } from '@millrace/contracts'
import { queryClient } from '@millrace/query'
import { z } from 'zod'

const spend = topic('spend', { key: z.string(), value: z.object({ total: z.number(), at: z.coerce.date() }) })
const counts = topic('counts', { key: serdes.int64, value: serdes.int64 })
const stores = { spend, counts }

type Answer = (request: IncomingMessage, response: ServerResponse) => void
const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
const row = (key: string, total: number) => ({ key, value: { total, at: '2024-01-01T00:00:00Z' }, timestamp: 5 })

/** A server that gives the answers in turn, the last one for ever, and notes what it was asked. */
async function serve(
  ...answers: Answer[]
): Promise<AsyncDisposable & { url: string; asked: string[]; stop(): Promise<void> }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]!
    asked.push(request.url ?? '')
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, stop, [Symbol.asyncDispose]: stop }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

test('a value comes back as its contract’s output type', async () => {
  await using server = await serve(json(200, row('a/ü', 3)))
  const state = queryClient({ url: `${server.url}/`, stores })
  assert.deepEqual(await state.spend.get('a/ü'), { total: 3, at: new Date('2024-01-01T00:00:00Z') })
  assert.deepEqual(server.asked, ['/stores/spend/a%2F%C3%BC'])
})

test('keys that a URL drops from its path are asked for behind the question mark', async () => {
  await using server = await serve(json(200, row('..', 3)), json(200, { windows: [] }))
  const state = queryClient({ url: server.url, stores })
  await state.spend.get('..')
  await state.spend.window('.', { from: 1, to: 2 })
  assert.deepEqual(server.asked, ['/stores/spend?key=..', '/stores/spend?from=1&to=2&key=.'])
})

test('an entry carries the timestamp of its record', async () => {
  await using server = await serve(json(200, { key: '7', value: '9007199254740993', timestamp: 5 }))
  const state = queryClient({ url: server.url, stores })
  assert.deepEqual(await state.counts.entry(7n), { key: 7n, value: 9007199254740993n, timestamp: 5 })
})

test('a key that is not there is undefined, and so is null', async () => {
  await using server = await serve(
    json(404, { code: 'GATEWAY_KEY_NOT_FOUND', message: 'no such key', remedy: '' }),
    json(200, { key: 'a', value: null, timestamp: 5 }),
  )
  const state = queryClient({ url: server.url, stores })
  assert.equal(await state.spend.get('a'), undefined)
  assert.equal(await state.spend.get('a'), undefined)
})

test('a store that is not there is an error with the gateway’s code', async () => {
  await using server = await serve(
    json(404, { code: 'GATEWAY_STORE_NOT_FOUND', message: 'no store spend', remedy: '' }),
  )
  const asking = queryClient({ url: server.url, stores }).spend.get('a')
  await assert.rejects(asking, {
    code: 'QUERY_REFUSED',
    message: /no store spend/,
    fields: { status: 404, serverCode: 'GATEWAY_STORE_NOT_FOUND' },
  })
  assert.equal(server.asked.length, 1)
})

test('a value that does not fit its contract is an error that does not quote it', async () => {
  await using server = await serve(json(200, { key: 'a', value: { total: 'swordfish' }, timestamp: 5 }))
  const asking = queryClient({ url: server.url, stores }).spend.get('a')
  await assert.rejects(
    asking,
    (error: Error & { code: string }) => error.code === 'CONTRACT_MISMATCH' && !/swordfish/.test(error.message),
  )
})

test('while an instance restores, the client waits as long as it says and asks again', async () => {
  const restoring = json(503, { code: 'GATEWAY_RESTORING', message: 'restoring', remedy: '' }, { 'retry-after': '0.2' })
  await using server = await serve(restoring, restoring, json(200, row('a', 1)))
  const startMs = performance.now()
  assert.equal((await queryClient({ url: server.url, stores, random: seededRandom(1) }).spend.get('a'))?.total, 1)
  assert.ok(performance.now() - startMs >= 390)
  assert.equal(server.asked.length, 3)
})

test('when one instance is away the next one answers, and is asked first from then on', async () => {
  const gone = await serve(json(200, row('a', 1)))
  await gone.stop()
  await using server = await serve(json(200, row('a', 2)))
  const state = queryClient({ urls: [gone.url, server.url], stores })
  assert.equal((await state.spend.get('a'))?.total, 2)
  assert.equal((await state.spend.get('a'))?.total, 2)
  assert.equal(server.asked.length, 2)
})

test('instances that others tell of are asked when those are away', async () => {
  await using other = await serve(json(200, row('a', 2)))
  const asked: string[] = []
  const { host } = new URL(other.url)
  const first = await serve((request, response) => {
    asked.push(request.url ?? '')
    const places = [
      { partition: 0, isLocal: true, host: null, standbyHosts: [host] },
      { partition: 1, isLocal: false, host, standbyHosts: [] },
    ]
    json(200, request.url === '/metadata/spend' ? { partitions: places } : row('a', 1))(request, response)
  })
  const state = queryClient({ url: first.url, stores, discover: true })
  assert.equal((await state.spend.get('a'))?.total, 1)
  while (!asked.includes('/metadata/spend')) await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal((await state.spend.get('a'))?.total, 1)
  assert.equal(asked.filter((path) => path.startsWith('/metadata')).length, 1, 'they are asked from time to time')
  await first.stop()
  assert.equal((await state.spend.get('a'))?.total, 2)
  const alone = queryClient({ url: first.url, stores, deadlineMs: 200 })
  await assert.rejects(alone.spend.get('a'), { code: 'QUERY_UNAVAILABLE' })
})

test('an instance that hangs is given up after the time limit, also in the middle of its answer', async () => {
  const silent: Answer = () => {}
  const halfway: Answer = (_, response) => void response.writeHead(200).write('{"key":')
  await using hanging = await serve(silent)
  await using stalled = await serve(halfway)
  await using server = await serve(json(200, row('a', 3)))
  const state = queryClient({ urls: [hanging.url, stalled.url, server.url], stores, timeoutMs: 60 })
  assert.equal((await state.spend.get('a'))?.total, 3)
})

test('a connection that breaks in the middle of an answer is asked again', async () => {
  const broken: Answer = (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"key":')
    setTimeout(() => response.destroy(), 5)
  }
  await using server = await serve(broken, json(200, row('a', 4)))
  assert.equal((await queryClient({ url: server.url, stores }).spend.get('a'))?.total, 4)
})

test('after the deadline the error names the addresses and is retriable', async () => {
  await using server = await serve(json(503, { code: 'GATEWAY_RESTORING' }))
  const startMs = performance.now()
  const asking = queryClient({ url: server.url, stores, deadlineMs: 300 }).spend.get('a')
  await assert.rejects(asking, { code: 'QUERY_UNAVAILABLE', retriable: true, message: new RegExp(server.url) })
  assert.ok(performance.now() - startMs <= 600)
})

test('after the deadline the error says what the last instance answered', async () => {
  const message = 'totals does not reflect yet what the query is bound to'
  const silent: Answer = () => {}
  await using server = await serve(json(503, { code: 'STATE_BEHIND', message, remedy: '' }), silent)
  const asking = queryClient({ url: server.url, stores, deadlineMs: 1_000 }).spend.get('a')
  await assert.rejects(asking, (error: MillraceError) => {
    assert.deepEqual(
      [error.code, error.fields.serverCode, error.fields.status],
      ['QUERY_UNAVAILABLE', 'STATE_BEHIND', 503],
    )
    assert.ok(error.message.endsWith(`answered 503: STATE_BEHIND, ${message}`), error.message)
    assert.match((error.cause as Error).message, /STATE_BEHIND/)
    return true
  })
})

test('a wait longer than the deadline is not begun', async () => {
  await using server = await serve(json(503, {}, { 'retry-after': '3600' }))
  const startMs = performance.now()
  await assert.rejects(queryClient({ url: server.url, stores }).spend.get('a'), { code: 'QUERY_UNAVAILABLE' })
  assert.ok(performance.now() - startMs < 1_000)
})

test('the caller’s signal ends a call with the caller’s reason', async () => {
  await using server = await serve(() => {})
  const reason = new Error('the user left')
  const controller = new AbortController()
  const asking = queryClient({ url: server.url, stores }).spend.get('a', { signal: controller.signal })
  setTimeout(() => controller.abort(reason), 20)
  await assert.rejects(asking, reason)
})

const strangers: [string, Answer][] = [
  ['a web page', (_, response) => void response.end('<html>')],
  ['a 404 of another server', (_, response) => void response.writeHead(404).end('not found')],
  ['another JSON', json(200, [1])],
  ['an answer without end', (_, response) => void response.writeHead(200).end(Buffer.alloc(5_000, ' '))],
]
for (const [what, answer] of strangers) {
  test(`${what} is no answer of a gateway`, async () => {
    await using server = await serve(answer)
    const asking = queryClient({ url: server.url, stores, maxResponseBytes: 4_096 }).spend.get('a')
    await assert.rejects(asking, { code: 'QUERY_UNEXPECTED_ANSWER', retriable: false })
    assert.equal(server.asked.length, 1)
  })
}

test('a range is read page by page, as far as its reader goes', async () => {
  await using server = await serve(
    json(200, { entries: [row('a', 1), row('b', 2)], next: 'c' }),
    json(200, { entries: [row('c', 3), row('d', 4)], next: 'e' }),
    json(200, { entries: [row('e', 5)], next: null }),
  )
  const state = queryClient({ url: server.url, stores })
  const totals: number[] = []
  for await (const { value } of state.spend.range({ from: 'a', to: 'z', pageSize: 2 })) totals.push(value.total)
  assert.deepEqual(totals, [1, 2, 3, 4, 5])
  assert.deepEqual(server.asked, [
    '/stores/spend?limit=2&from=a&to=z',
    '/stores/spend?limit=2&from=c&to=z',
    '/stores/spend?limit=2&from=e&to=z',
  ])
})

test('a limit holds over pages, and a reader that stops asks no further', async () => {
  await using server = await serve(
    json(200, { entries: [row('a', 1), row('b', 2)], next: 'c' }),
    json(200, { entries: [row('c', 3)], next: 'd' }),
  )
  const state = queryClient({ url: server.url, stores })
  const keys = (await collect(state.spend.range({ limit: 3, pageSize: 2 }))).map(({ key }) => key)
  assert.deepEqual(keys, ['a', 'b', 'c'])
  assert.deepEqual(server.asked, ['/stores/spend?limit=2', '/stores/spend?limit=1&from=c'])
  for await (const _ of state.spend.range({ pageSize: 2 })) break
  assert.equal(server.asked.length, 3)
})

test('a page that leads back to itself is an error instead of an endless loop', async () => {
  await using server = await serve(json(200, { entries: [], next: 'a' }))
  const reading = collect(queryClient({ url: server.url, stores }).spend.range({ from: 'a' }))
  await assert.rejects(reading, { code: 'QUERY_UNEXPECTED_ANSWER' })
})

test('windows carry their bounds', async () => {
  await using server = await serve(json(200, { windows: [{ start: 0, end: 60_000, value: '12' }] }))
  const windows = await queryClient({ url: server.url, stores }).counts.window(7n, { from: new Date(0), to: 60_000 })
  assert.deepEqual(windows, [{ start: 0, end: 60_000, value: 12n }])
  assert.deepEqual(server.asked, ['/stores/counts/7?from=0&to=60000'])
})

test('headers given are sent', async () => {
  const echo: Answer = (request, response) =>
    json(200, { key: 'a', value: { total: 1, at: 0 }, timestamp: Number(request.headers['x-tenant']) })(
      request,
      response,
    )
  await using server = await serve(echo)
  const state = queryClient({ url: server.url, stores, headers: { 'x-tenant': '42' } })
  assert.equal((await state.spend.entry('a'))?.timestamp, 42)
})

for (const [what, options, code] of [
  ['no address', { stores }, 'CONFIG_MISSING_OPTION'],
  ['no stores', { url: 'http://x' }, 'CONFIG_MISSING_OPTION'],
  ['an address of another kind', { url: 'kafka://x', stores }, 'CONFIG_INVALID_OPTION'],
  ['a misspelt option', { url: 'http://x', stores, timeout: 5 }, 'CONFIG_UNKNOWN_OPTION'],
] as const) {
  test(`${what} is refused when the client is made`, () => assert.throws(() => queryClient(options as never), { code }))
}
