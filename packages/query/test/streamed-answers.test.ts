import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { topic } from '@millrace/contracts'
import { queryClient, sessionStore, versionedStore, windowStore } from '@millrace/query'
import { z } from 'zod'

const spend = topic('spend', { key: z.string(), value: z.number() })

type Answer = (response: ServerResponse) => void

/** Lines of JSON; the last answer is left open, others end after their lines or break off. */
const lines =
  (how: 'end' | 'break' | 'open', ...items: readonly unknown[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (const item of items) response.write(`${JSON.stringify(item)}\n`)
    if (how === 'end') response.end()
    if (how === 'break') setTimeout(() => response.destroy(), 20)
  }
const json =
  (body: unknown): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

async function serve(...answers: Answer[]) {
  const asked: string[] = []
  const headers: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]!
    asked.push(request.url ?? '')
    headers.push(request.headers.authorization)
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    headers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const row = (key: string, value: number) => ({ key, value, timestamp: 5 })

test('a range that breaks off goes on behind its last entry, and none comes twice', async () => {
  await using server = await serve(
    lines('break', row('a', 1), row('b', 2)),
    lines('end', row('b', 2), row('c', 3)),
    lines('end', row('c', 3), { end: true }),
  )
  const state = queryClient({ url: server.url, stores: { spend } })
  const found: [string, number][] = []
  for await (const { key, value } of state.spend.range({ to: 'z', limit: 10 })) found.push([key, value])
  assert.deepEqual(found, [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ])
  assert.deepEqual(server.asked, [
    '/stores/spend?limit=10&to=z',
    '/stores/spend?limit=9&from=b&to=z',
    '/stores/spend?limit=8&from=c&to=z',
  ])
})

test('a range backward goes on before its last entry', async () => {
  await using server = await serve(lines('break', row('c', 3)), lines('end', row('c', 3), row('b', 2), { end: true }))
  const state = queryClient({ url: server.url, stores: { spend } })
  const keys: string[] = []
  for await (const { key } of state.spend.range({ from: 'b', reverse: true, prefix: '' })) keys.push(key)
  assert.deepEqual(keys, ['c', 'b'])
  assert.equal(server.asked[1], '/stores/spend?from=b&to=c&prefix=&reverse=true')
})

test('a gateway that does not stream is asked for pages', async () => {
  await using server = await serve(json({ entries: [row('a', 1)], next: null }))
  const keys: string[] = []
  for await (const { key } of queryClient({ url: server.url, stores: { spend } }).spend.range()) keys.push(key)
  assert.deepEqual(keys, ['a'])
})

test('a reader that stops closes its connection', async () => {
  const closed = Promise.withResolvers<void>()
  await using server = await serve((response) => {
    response.on('close', closed.resolve)
    lines('open', row('a', 1), row('b', 2))(response)
  })
  for await (const _ of queryClient({ url: server.url, stores: { spend } }).spend.range()) break
  await closed.promise
})

test('a subscription comes back with its token, and is told the rows anew where that is too old', async () => {
  const at = { type: 'live', token: '7~0:3' }
  await using server = await serve(
    lines('break', { type: 'reset' }, { type: 'row', row: row('a', 1) }),
    lines('break', { type: 'reset' }, { type: 'row', row: row('a', 1) }, at, {
      type: 'change',
      change: { key: 'a', value: null, timestamp: 9 },
      partition: 0,
      offset: 3,
      token: '8~0:4',
    }),
    lines('open', { type: 'live', token: '8~0:4' }),
  )
  const controller = new AbortController()
  const events: unknown[] = []
  const state = queryClient({ url: server.url, stores: { spend } })
  const ended = new Error('enough')
  await assert.rejects(async () => {
    for await (const event of state.spend.changes({ prefix: 'a', signal: controller.signal })) {
      events.push(event)
      if (server.asked.length === 3) controller.abort(ended)
    }
  }, ended)
  assert.deepEqual(events, [
    { type: 'reset' },
    { type: 'row', key: 'a', value: 1, timestamp: 5 },
    { type: 'reset' },
    { type: 'row', key: 'a', value: 1, timestamp: 5 },
    { type: 'live', token: '7~0:3' },
    { type: 'change', key: 'a', value: undefined, timestamp: 9, partition: 0, offset: 3, token: '8~0:4' },
    { type: 'live', token: '8~0:4' },
  ])
  assert.deepEqual(server.asked, [
    '/changes/spend?prefix=a',
    '/changes/spend?prefix=a',
    '/changes/spend?prefix=a&after=8%7E0%3A4',
  ])
})

test('changes that come again after an interruption are handed out once', async () => {
  const change = (partition: number, offset: number, value: number) => {
    return { type: 'change', change: row(`k${partition}`, value), partition, offset }
  }
  await using server = await serve(
    lines('break', { type: 'live', token: '7~0:3,1:0' }, change(0, 3, 1), change(1, 5, 1), change(0, 4, 2)),
    lines(
      'break',
      { type: 'live', token: '7~0:3,1:0' },
      change(1, 5, 1),
      change(0, 3, 1),
      change(0, 4, 2),
      change(0, 6, 3),
    ),
    // What it knows is void: the same places mean something else.
    lines('open', { type: 'reset' }, { type: 'live', token: '9~0:0,1:0' }, change(0, 1, 9)),
  )
  const seen: unknown[] = []
  for await (const event of queryClient({ url: server.url, stores: { spend } }).spend.changes()) {
    if (event.type !== 'change') continue
    seen.push([event.partition, event.offset, event.value])
    if (event.value === 9) break
  }
  assert.deepEqual(seen, [
    [0, 3, 1],
    [1, 5, 1],
    [0, 4, 2],
    [0, 6, 3],
    [0, 1, 9],
  ])
})

test('a range that is taken slowly is sent no faster', async () => {
  let sent = 0
  let isGone = false
  await using server = await serve((response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.on('close', () => {
      isGone = true
    })
    const line = (): string => `${JSON.stringify({ ...row(`k${sent}`, sent), padding: 'x'.repeat(10_000) })}\n`
    const send = (): void => {
      for (let more = true; more && !isGone; sent++) more = response.write(line())
      if (!isGone) response.once('drain', send)
    }
    send()
  })
  let taken = 0
  for await (const { value } of queryClient({ url: server.url, stores: { spend } }).spend.range()) {
    assert.equal(value, taken)
    if (++taken === 20) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  // What the sockets of both sides hold, and no more.
  assert.ok(sent * 10_000 < 16 * 1024 * 1024, `${sent} entries were sent for ${taken}`)
})

test('a reader that was too slow is told so, with the place to come back to', async () => {
  await using server = await serve(
    lines('end', { type: 'live', token: '7~0:3' }, { error: { code: 'STREAMS_CHANGES_LOST', message: 'gone' } }),
  )
  const reading = async (): Promise<void> => {
    for await (const _ of queryClient({ url: server.url, stores: { spend } }).spend.changes());
  }
  await assert.rejects(reading, {
    code: 'QUERY_READER_TOO_SLOW',
    retriable: true,
    fields: { store: 'spend', token: '7~0:3' },
  })
})

test('what an answer must show stands in the request, and so does the token', async () => {
  await using server = await serve(json(row('a', 1)))
  const state = queryClient({ url: server.url, stores: { spend }, token: 'swordfish' })
  const written = { topic: 'order', partition: 2, offset: 17 }
  await state.spend.get('a', { after: written, maxStalenessMs: 500, maxLagRecords: 9, isolation: 'uncommitted' })
  await state.spend.get('a', { after: [written, { topic: 'order', partition: 0, offset: 3 }] })
  assert.deepEqual(server.asked.map(decodeURIComponent), [
    '/stores/spend/a?bound=order:2:17&isolation=uncommitted&maxLagRecords=9&maxStalenessMs=500',
    '/stores/spend/a?bound=order:2:17,order:0:3',
  ])
  assert.deepEqual(server.headers, ['Bearer swordfish', 'Bearer swordfish'])
})

test('windows of all keys, sessions and versions are asked for by time', async () => {
  const span = { key: 'a', start: 0, end: 10, value: 1, timestamp: 5 }
  await using server = await serve(
    json({ windows: [span] }),
    json({ sessions: [span] }),
    json({ ...row('a', 1), validTo: null }),
    json({ versions: [{ ...row('a', 1), validTo: 9 }] }),
  )
  const stores = { w: windowStore(spend), s: sessionStore(spend), v: versionedStore(spend) }
  const state = queryClient({ url: server.url, stores })
  const all = await state.w.windows({ from: 0, to: 9, fromKey: 'a', toKey: 'b', reverse: true, limit: 3 })
  assert.deepEqual(all, [{ key: 'a', start: 0, end: 10, value: 1 }])
  assert.deepEqual(await state.s.session('a', { from: 0, to: 9 }), [{ start: 0, end: 10, value: 1 }])
  assert.deepEqual(await state.v.version('a', { asOf: new Date(7) }), { value: 1, validFrom: 5, validTo: undefined })
  assert.deepEqual(await state.v.versions('a', { from: 1, reverse: true }), [{ value: 1, validFrom: 5, validTo: 9 }])
  assert.deepEqual(server.asked, [
    '/stores/w?from=0&to=9&reverse=true&limit=3&fromKey=a&toKey=b',
    '/stores/s/a?from=0&to=9',
    '/stores/v/a?asOf=7',
    '/stores/v/a?versions=true&from=1&reverse=true',
  ])
})
