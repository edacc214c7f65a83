import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { MillraceError } from '@millrace/base'
import { serdes } from '@millrace/contracts'
import type { PartitionResult, StateQuery, StoreChange, StoreChanges } from '@millrace/streams'
import { streamsErrors } from '@millrace/streams'
import { type GatewayOptions, startGateway } from './gateway.ts'
import type { ReadOptions, StateProvider } from './state-provider.ts'

interface Asked {
  readonly partition: number
  readonly query: StateQuery
  readonly options: ReadOptions
}

const failed = (code: keyof typeof streamsErrors): PartitionResult<never> => ({
  ok: false,
  reason: 'notReady',
  error: new MillraceError(code, 'not now', { retriable: streamsErrors[code].retriable, remedy: '' }),
})
const row = (value: number): PartitionResult<unknown> => ({
  ok: true,
  result: { value, timestamp: 1 },
  position: { order: { 0: 7 } },
  role: 'standby',
  checkpoint: 3,
})

/** One partition, said to be where the test wants it, that answers as the test wants. */
class OnePartition implements StateProvider {
  place: ReturnType<StateProvider['metadata']> = { isLocal: true, host: undefined, standbyHosts: [] }
  answer: (asked: Asked) => PartitionResult<unknown> = () => row(1)
  readonly asked: Asked[] = []
  following: StoreChanges | undefined

  stores() {
    const { string: keySerde } = serdes
    return [{ name: 'totals', application: 'shop', kind: 'keyValue' as const, keySerde, valueSerde: serdes.json() }]
  }

  partitions = () => 1
  partitionOf = () => 0
  metadata = () => this.place
  ask: StateProvider['ask'] = (_, partition, query, options) => {
    const asked = { partition, query, options }
    this.asked.push(asked)
    return this.answer(asked)
  }
  resolveBound: StateProvider['resolveBound'] = (_, bound) => Promise.resolve(bound)
  lags: StateProvider['lags'] = () => Promise.resolve([])
  changes = () => this.following!
}

async function serve(provider: StateProvider, options: GatewayOptions = {}) {
  return startGateway({ state: [provider], metrics: [], health: [], connectors: () => [] }, { port: 0, ...options })
}

async function ask(url: string): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(url)
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  }
}

test('a read that allows copies is answered by one when the owner is gone, and others are not', async () => {
  const [here, there] = [new OnePartition(), new OnePartition()]
  await using copy = await serve(there)
  await using gateway = await serve(here)
  const dead = await serve(here)
  await dead.close()
  here.answer = () => failed('STREAMS_STORE_NOT_LOCAL')
  here.place = { isLocal: false, host: dead.address, standbyHosts: [copy.address] }
  const stale = await ask(`${gateway.url}/stores/totals/a?maxStalenessMs=500`)
  assert.deepEqual([stale.status, stale.body.value], [200, 1])
  assert.equal(stale.headers.get('x-millrace-position'), 'order:0:7')
  assert.deepEqual(there.asked[0]?.options.standby, { maxLagRecords: undefined, maxStalenessMs: 500 })
  const strict = await ask(`${gateway.url}/stores/totals/a`)
  assert.deepEqual([strict.status, strict.body.code], [503, 'STATE_UNAVAILABLE'])
})

test('an owner that does not answer keeps one read that allows copies for a moment, and the next not at all', async () => {
  const [here, there] = [new OnePartition(), new OnePartition()]
  await using copy = await serve(there)
  await using gateway = await serve(here)
  const silent = createServer((socket) => void socket.unref().resume()).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  here.answer = () => failed('STREAMS_STORE_NOT_LOCAL')
  here.place = { isLocal: false, host: `127.0.0.1:${port}`, standbyHosts: [copy.address] }
  const took: number[] = []
  for (let i = 0; i < 3; i++) {
    const startedMs = performance.now()
    const { status, body } = await ask(`${gateway.url}/stores/totals/a?standby=true&waitMs=0`)
    took.push(performance.now() - startedMs)
    assert.deepEqual([status, body.value], [200, 1])
  }
  assert.ok(took[0]! < 4_500 && took[1]! < 900 && took[2]! < 900, took.join())
  const startedMs = performance.now()
  const strict = await ask(`${gateway.url}/stores/totals/a`)
  // Unless it is this one that finds out whether the owner is still silent.
  assert.deepEqual([strict.status, strict.body.code], [503, 'STATE_UNAVAILABLE'])
  assert.ok(performance.now() - startedMs < 7_000)
  silent.close().unref()
})

test('what no copy can say yet is 503, with the reason of the last', async () => {
  const here = new OnePartition()
  await using gateway = await serve(here)
  for (const [failure, code] of [
    ['STREAMS_STORE_TOO_STALE', 'STATE_TOO_STALE'],
    ['STREAMS_BOUND_NOT_REACHED', 'STATE_BEHIND'],
    ['STREAMS_STORE_NOT_READY', 'STATE_UNAVAILABLE'],
  ] as const) {
    here.answer = () => failed(failure)
    const { status, body, headers } = await ask(`${gateway.url}/stores/totals/a?bound=order:0:5`)
    assert.deepEqual([status, body.code, headers.get('retry-after')], [503, code, '1'])
  }
  assert.deepEqual(here.asked[0]?.options.bound, { order: { 0: 5 } })
})

test('an application that is ending is 503, also where its client is closed under a question', async () => {
  const here = new OnePartition()
  await using gateway = await serve(here)
  const closed = new MillraceError('KAFKA_CLOSED', 'the client is closed', { retriable: false, remedy: '' })
  here.answer = () => ({ ok: false, reason: 'storeException', error: closed })
  const stale = await ask(`${gateway.url}/stores/totals/a?maxStalenessMs=500`)
  assert.deepEqual([stale.status, stale.body.code], [503, 'STATE_UNAVAILABLE'])
  here.resolveBound = () => Promise.reject(closed)
  const bound = await ask(`${gateway.url}/stores/totals/a?bound=order:0:5`)
  assert.deepEqual([bound.status, bound.body.code], [503, 'STATE_UNAVAILABLE'])
})

for (const parameter of ['bound=order', 'bound=order:x:1', 'isolation=dirty', 'maxStalenessMs=-1', 'standby=perhaps']) {
  test(`?${parameter} is refused`, async () => {
    await using gateway = await serve(new OnePartition())
    assert.equal((await ask(`${gateway.url}/stores/totals/a?${parameter}`)).status, 400)
  })
}

for (const host of ['0.0.0.0', '::', '192.0.2.7', 'example.org', '127.0.0.1.example.org']) {
  test(`${host} is not listened on without a token`, async () => {
    await assert.rejects(serve(new OnePartition(), { host }), { code: 'GATEWAY_TOKEN_REQUIRED' })
  })
}

test('a token, or saying so, lets others in', async () => {
  for (const options of [{ token: 'swordfish' }, { allowAnonymous: true }]) {
    await using gateway = await serve(new OnePartition(), { host: '0.0.0.0', ...options })
    const response = await fetch(`http://127.0.0.1:${gateway.address.split(':')[1]}/stores`)
    assert.equal(response.status, 'token' in options ? 401 : 200)
  }
})

test('an answer that grows is read of the store no faster than it is taken', async () => {
  const here = new OnePartition()
  const total = 20_000
  const wide = 'x'.repeat(2_000)
  here.answer = ({ query }) => {
    const { from = '0', limit = 0 } = query as { from?: string; limit?: number }
    const begin = Number(from)
    const keys = Array.from({ length: Math.min(limit, total - begin) }, (_, i) => String(begin + i).padStart(6, '0'))
    const result = keys.map((key) => ({ key, value: wide, timestamp: 1 }))
    return { ok: true, result, position: {}, role: 'active', checkpoint: undefined }
  }
  await using gateway = await serve(here)
  const response = await fetch(`${gateway.url}/stores/totals`, { headers: { accept: 'application/x-ndjson' } })
  const reader = response.body!.getReader()
  await reader.read()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const asked = here.asked.length
  assert.ok(asked < 20, `${asked} of 40 pages were read for a reader that takes nothing`)
  let text = ''
  const decoder = new TextDecoder()
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    text = (text + decoder.decode(chunk.value)).slice(-3_000)
  }
  assert.deepEqual(JSON.parse(text.trim().split('\n').at(-1)!), { end: true })
  assert.equal(here.asked.length, 40)
})

/** Changes that the test makes. */
class Pipe implements StoreChanges {
  readonly #offsets = new Map<number, number>()
  #batches: (readonly StoreChange[] | Error)[] = []
  #arrived = Promise.withResolvers<void>()
  from = 0
  isClosed = false

  push(batch: readonly StoreChange[] | Error): void {
    this.#batches.push(batch)
    this.#arrived.resolve()
    this.#arrived = Promise.withResolvers()
  }

  follow(partition: number, offset: number): boolean {
    if (offset < this.from) return false
    this.#offsets.set(partition, offset)
    return true
  }

  async next(signal: AbortSignal): Promise<readonly StoreChange[]> {
    const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    while (this.#batches.length === 0) await Promise.race([this.#arrived.promise, aborted])
    const batch = this.#batches.shift()!
    if (batch instanceof Error) throw batch
    this.#offsets.set(0, batch.at(-1)!.offset + 1)
    return batch
  }

  offsets = () => this.#offsets

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true
  }
}

const change = (offset: number, key: string, value: unknown): StoreChange => {
  return { partition: 0, offset, key, keyBytes: Buffer.from(key), value, timestamp: offset }
}

interface Line {
  readonly type?: string
  readonly token?: string
  readonly row?: { key: string }
  readonly change?: { key: string; value: unknown }
  readonly error?: { code: string }
}

async function* linesOf(url: string): AsyncGenerator<Line> {
  const response = await fetch(url, { headers: { accept: 'application/x-ndjson' } })
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const lines = text.split('\n')
    text = lines.pop()!
    for (const line of lines) yield JSON.parse(line) as Line
  }
}

test('a follower is told the rows, then what changed after them, and a change that a row has already is left out', async () => {
  const here = new OnePartition()
  const pipe = new Pipe()
  here.following = pipe
  here.answer = () => ({
    ok: true,
    result: [{ key: 'a', value: 1, timestamp: 1 }],
    position: {},
    role: 'active',
    checkpoint: 3,
  })
  await using gateway = await serve(here)
  const lines = linesOf(`${gateway.url}/changes/totals?prefix=a`)
  const next = async (): Promise<Line> => (await lines.next()).value as Line
  assert.equal((await next()).type, 'reset')
  assert.equal((await next()).row?.key, 'a')
  assert.match((await next()).token ?? '', /~0:3$/)
  pipe.push([change(2, 'a', 0), change(3, 'b', 5), change(4, 'a', 2), change(5, 'ab', undefined)])
  assert.deepEqual((await next()).change, { key: 'a', value: 2, timestamp: 4 })
  const last = await next()
  assert.deepEqual(last.change, { key: 'ab', value: null, timestamp: 5 })
  await lines.return(undefined)

  const again = linesOf(`${gateway.url}/changes/totals?prefix=a&after=${last.token}`)
  assert.equal(((await again.next()).value as Line).type, 'live', 'it goes on without the rows')
  await again.return(undefined)
  pipe.from = 100
  here.answer = () => ({ ok: true, result: [], position: {}, role: 'active', checkpoint: 100 })
  const late = linesOf(`${gateway.url}/changes/totals?prefix=a&after=${last.token}`)
  assert.equal(((await late.next()).value as Line).type, 'reset', 'what it missed is gone: it begins anew')
  await late.return(undefined)
  const old = last.token!.replace(/^\d+/, String(Date.now() - 11 * 60_000))
  pipe.from = 0
  const stale = linesOf(`${gateway.url}/changes/totals?prefix=a&after=${old}`)
  assert.equal(((await stale.next()).value as Line).type, 'reset', 'deletions may have been compacted away')
  await stale.return(undefined)
})

test('a follower that is too slow is told so, and its place is freed', async () => {
  const here = new OnePartition()
  const pipe = new Pipe()
  here.following = pipe
  here.answer = () => ({ ok: true, result: [], position: {}, role: 'active', checkpoint: 0 })
  await using gateway = await serve(here, { streamsMax: 1 })
  const lines = linesOf(`${gateway.url}/changes/totals`)
  await lines.next()
  await lines.next()
  const refused = await ask(`${gateway.url}/changes/totals`)
  assert.deepEqual([refused.status, refused.body.code], [503, 'GATEWAY_BUSY'])
  pipe.push(new MillraceError('STREAMS_CHANGES_LOST', 'gone', { retriable: true, remedy: '' }))
  assert.equal(((await lines.next()).value as Line).error?.code, 'STREAMS_CHANGES_LOST')
  assert.equal((await lines.next()).done, true)
  assert.equal(pipe.isClosed, true)
  pipe.isClosed = false
  const events = await fetch(`${gateway.url}/changes/totals`, { headers: { accept: 'text/event-stream' } })
  const first = new TextDecoder().decode((await events.body!.getReader().read()).value)
  assert.match(first, /^event: reset\ndata: \{\}\n\n/)
})

const page = 'https://shop.example'

test('a browser is told which pages may ask, before the token and with it', async () => {
  await using gateway = await serve(new OnePartition(), { token: 'swordfish', origins: [page] })
  const url = `${gateway.url}/stores/totals/a`
  const preflight = (origin: string, path = url): Promise<Response> =>
    fetch(path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } })
  const allowed = await preflight(page)
  assert.equal(allowed.status, 204)
  assert.equal(allowed.headers.get('access-control-allow-origin'), page)
  assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /authorization/)
  for (const [origin, path] of [
    ['https://other.example', url],
    [page, `${gateway.url}/metrics`],
  ] as const) {
    assert.equal((await preflight(origin, path)).headers.get('access-control-allow-origin'), null)
  }
  const refused = await fetch(url, { headers: { origin: page } })
  assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, page])
  const authorization = 'Bearer swordfish'
  const answered = await fetch(url, { headers: { origin: page, authorization } })
  assert.deepEqual([answered.status, answered.headers.get('access-control-allow-origin')], [200, page])
  assert.match(answered.headers.get('access-control-expose-headers') ?? '', /x-millrace-position/)
  const others = await fetch(url, { headers: { origin: 'https://other.example', authorization } })
  assert.deepEqual([others.headers.get('access-control-allow-origin'), others.headers.get('vary')], [null, 'origin'])
  const streamed = await fetch(`${gateway.url}/stores/totals`, {
    headers: { origin: page, authorization, accept: 'application/x-ndjson' },
  })
  assert.equal(streamed.headers.get('access-control-allow-origin'), page)
  await streamed.body?.cancel()
})

for (const origins of [['*'], ['shop.example'], ['https://shop.example/'], ['null'], ['']]) {
  test(`pages of ${JSON.stringify(origins)} are not let in beside a token`, async () => {
    await assert.rejects(serve(new OnePartition(), { token: 'swordfish', origins }), { code: 'GATEWAY_ORIGIN_INVALID' })
  })
}
