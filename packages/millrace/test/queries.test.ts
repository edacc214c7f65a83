// Three instances of one application as real processes, each with copies of others' state: whichever is asked answers for all
// of it, as fresh as the question asks for, or says when to ask again; also while one of them is killed.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Broker, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient, type Producer, type RecordPosition } from '@millrace/kafka'
import {
  keyValueStore,
  queryClient,
  sessionStore,
  versionedStore,
  type WrittenRecord,
  windowStore,
} from '@millrace/query'
import { order, price, rate } from './support/shop.ts'

const token = 'swordfish'
const script = join(import.meta.dirname, 'support/shop-instance.ts')
const partitions = 4
const customers = 20
const minuteMs = 60_000
const startMs = 1_700_000_000_000 - (1_700_000_000_000 % minuteMs)

interface Instance {
  readonly process: ChildProcess
  readonly url: string
}

let broker: Broker
let client: KafkaClient
let producer: Producer
let directory: string
const instances: Instance[] = []
/** What every customer has spent, of all orders that the broker has taken. */
const totals = new Map<string, number>()
/** The same with orders that it may have taken already. */
const atMost = new Map<string, number>()
/** The last order of each partition. An order comes to the totals by its partition's task, so that each is waited for by itself. */
const latest = new Map<number, WrittenRecord>()
let orders = 0

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-queries-'))
  broker = await startBroker({
    memory: true,
    config: { 'group.min.session.timeout.ms': '500', 'group.initial.rebalance.delay.ms': '0' },
  })
  client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics(
    [order, price, rate].map(({ name }) => ({ name, partitions, config: { 'retention.ms': '-1' } })),
  )
  producer = client.producer({ lingerMs: 0 })
  // Of one the tasks run where the questions are answered, of the others in workers.
  instances.push(...(await Promise.all([start('one'), start('two', 'worker'), start('three', 'worker')])))
  for (let i = 0; i < 200; i++) await place(`c${i % customers}`, i, startMs + i * 1_000)
  await allShareTheWork()
})
after(async () => {
  for (const { process } of instances) process.kill('SIGKILL')
  await producer?.close()
  await client?.close()
  await broker?.close()
  rmSync(directory, { recursive: true, force: true })
})

async function start(name: string, ...more: readonly string[]): Promise<Instance> {
  const args = ['--conditions=source', script, broker.brokers, join(directory, name), '1', ...more]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SHOP_TOKEN: token },
  })
  let text = ''
  for await (const bytes of child.stdout) {
    text += bytes
    const found = /listening on (\S+)/.exec(text)
    if (found) return { process: child, url: found[1]! }
  }
  throw new Error(`${name} ended before it listened`)
}

async function place(customer: string, cents: number, timestamp?: number): Promise<WrittenRecord> {
  atMost.set(customer, (atMost.get(customer) ?? 0) + cents)
  const { topic, partition, offset } = await send(`o${orders++}`, { customer, cents }, timestamp)
  totals.set(customer, (totals.get(customer) ?? 0) + cents)
  latest.set(partition, { topic, partition, offset })
  return { topic, partition, offset }
}

async function send(
  key: string,
  value: { customer: string; cents: number },
  timestamp = Date.now(),
): Promise<RecordPosition & { topic: string }> {
  const bytes = { key: Buffer.from(order.key.serialize(key)), value: Buffer.from(order.value.serialize(value)) }
  return { topic: order.name, ...(await producer.send({ topic: order.name, ...bytes, timestamp })) }
}

const stores = {
  totals: price,
  'per-minute': windowStore(price),
  visits: sessionStore(price),
  prices: price,
  rates: versionedStore(rate),
  latest: keyValueStore(order),
}
const urls = (): string[] => instances.map(({ url }) => url)
const stateOf = (addresses: readonly string[], deadlineMs = 30_000) =>
  queryClient({ urls: addresses, stores, token, deadlineMs })

interface Place {
  readonly partition: number
  readonly host: string | null
  readonly standbyHosts: readonly string[]
}

/** Who has the totals, as the first instance that is alive knows. */
async function places(query = ''): Promise<readonly Place[]> {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${alive()[0]!.url}/metadata/totals${query}`, { headers })
  return ((await answer.json()) as { partitions?: readonly Place[] }).partitions ?? []
}

const alive = (): readonly Instance[] => instances.filter(({ process: { signalCode } }) => signalCode === null)

async function ownerOf(key: string): Promise<Instance> {
  const [place] = await places(`?key=${key}`)
  return alive().find(({ url }) => url === `http://${place?.host}`)!
}

/** Every partition has an owner that is alive and a copy, and no instance has them all. */
async function allShareTheWork(): Promise<void> {
  for (let tries = 0; ; tries++) {
    const found = await places()
    const hosts = new Set(found.map(({ host }) => host))
    const areOwned = [...hosts].every((host) => alive().some(({ url }) => url === `http://${host}`))
    if (found.length > 0 && areOwned && hosts.size > 1 && found.every(({ standbyHosts }) => standbyHosts.length > 0))
      return
    if (tries > 300) assert.fail(`the work is not shared: ${JSON.stringify(found)}`)
    await delay(100)
  }
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

test('a request without the token is refused, but for health', async () => {
  const { url } = instances[0]!
  const refused = await fetch(`${url}/stores/totals/c1`, { headers: { authorization: 'Bearer marlin' } })
  assert.equal(refused.status, 401)
  assert.equal(((await refused.json()) as { code: string }).code, 'GATEWAY_UNAUTHORIZED')
  assert.equal((await fetch(`${url}/stores`)).status, 401)
  assert.equal((await fetch(`${url}/livez`)).status, 200)
})

test('every instance answers for keys, ranges, prefixes, windows and sessions of all', async () => {
  await place('c0', 5, startMs + 200_000)
  const after = [...latest.values()]
  const inOrder = [...totals].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const { url } of instances) {
    const state = stateOf([url])
    assert.equal(await state.totals.get('c0', { after }), totals.get('c0'))
    const grown = await collected(state.totals.range({ after }))
    assert.deepEqual(
      grown.map(({ key, value }) => [key, value]),
      inOrder,
    )
    assert.deepEqual(
      (await collected(state.totals.range({ reverse: true, limit: 3 }))).map(({ key }) => key),
      inOrder
        .slice(-3)
        .map(([key]) => key)
        .reverse(),
    )
    assert.deepEqual(
      (await collected(state.totals.range({ prefix: 'c1', from: 'c10', pageSize: 4 }))).map(({ key }) => key),
      inOrder.map(([key]) => key).filter((key) => key.startsWith('c1') && key >= 'c10'),
    )
    const windows = await state['per-minute'].window('c7', { from: 0, to: startMs + minuteMs, reverse: true })
    assert.deepEqual(
      windows.map(({ start, value }) => [start, value]),
      [
        [startMs + minuteMs, 67 + 87 + 107],
        [startMs, 7 + 27 + 47],
      ],
    )
    const some = await state['per-minute'].windows({ from: startMs, to: startMs, fromKey: 'c7', toKey: 'c8' })
    assert.deepEqual(
      some.map(({ key, value }) => [key, value]),
      [
        ['c7', 7 + 27 + 47],
        ['c8', 8 + 28 + 48],
      ],
    )
    // Orders of one customer lie 20 s apart: each is a visit of its own.
    const visits = await state.visits.session('c7', { from: startMs, to: startMs + 60_000 })
    assert.deepEqual(
      visits.map(({ start, end, value }) => [start - startMs, end - startMs, value]),
      [7, 27, 47].map((i) => [i * 1_000, i * 1_000, i]),
    )
    const back = await state.visits.sessions({
      from: startMs,
      to: startMs + 9_000,
      prefix: 'c',
      reverse: true,
      limit: 2,
    })
    assert.deepEqual(
      back.map(({ key, start }) => [key, start - startMs]),
      [
        ['c9', 9_000],
        ['c8', 8_000],
      ],
    )
    const two = await state['per-minute'].windows({ from: startMs, to: startMs, prefix: 'c1', toKey: 'c10' })
    assert.deepEqual(
      two.map(({ key, value }) => [key, value]),
      [
        ['c1', 1 + 21 + 41],
        ['c10', 10 + 30 + 50],
      ],
    )
    const first = await state['per-minute'].windows({ from: startMs, to: startMs + 3 * minuteMs, limit: 21 })
    assert.equal(first.filter(({ start }) => start === startMs).length, 20, 'the first by time, of whatever key')
  }
})

/** A rate that is valid from a time on; null: there is none from then on. */
async function setRate(key: string, value: number | null, fromMs: number): Promise<WrittenRecord> {
  const bytes = { key: Buffer.from(key), value: value === null ? null : Buffer.from(rate.value.serialize(value)) }
  return { topic: rate.name, ...(await producer.send({ topic: rate.name, ...bytes, timestamp: fromMs })) }
}

test('every instance answers for versions: as of a time, of a span of time, of all keys', async () => {
  const after = [
    await setRate('eur', 1, 1_000),
    await setRate('eur', 2, 2_000),
    await setRate('eur', 3, 1_500),
    await setRate('eur', null, 3_000),
    await setRate('usd', 5, 1_000),
    await setRate('yen', 6, 1_700),
  ]
  const [one, three, two] = [
    { value: 1, validFrom: 1_000, validTo: 1_500 },
    { value: 3, validFrom: 1_500, validTo: 2_000 },
    { value: 2, validFrom: 2_000, validTo: 3_000 },
  ]
  for (const { url } of instances) {
    const { rates } = stateOf([url])
    assert.deepEqual(await rates.version('eur', { asOf: new Date(1_600), after }), three)
    assert.equal(await rates.version('eur', { after }), undefined)
    assert.equal(await rates.version('eur', { asOf: 999 }), undefined)
    assert.deepEqual(await rates.version('usd'), { value: 5, validFrom: 1_000, validTo: undefined })
    assert.deepEqual(await rates.versions('eur'), [one, three, two])
    assert.deepEqual(await rates.versions('eur', { reverse: true, limit: 2 }), [two, three])
    assert.deepEqual(await rates.versions('eur', { from: 1_500, to: 1_999 }), [three])
    assert.deepEqual(await rates.versions('nobody'), [])
    const now = await rates.rows({ after })
    assert.deepEqual(
      now.map(({ key, value }) => [key, value]),
      [
        ['usd', 5],
        ['yen', 6],
      ],
    )
    const then = await rates.rows({ asOf: 1_600, toKey: 'usd', reverse: true })
    assert.deepEqual(then, [
      { key: 'usd', value: 5, validFrom: 1_000, validTo: undefined },
      { key: 'eur', ...three },
    ])
    assert.deepEqual(await rates.rows({ fromKey: 'eur', toKey: 'eur', asOf: 2_999 }), [{ key: 'eur', ...two }])
    assert.deepEqual(await rates.rows({ prefix: 'x' }), [])
  }
})

test('who follows a versioned store is told the rows, then every version, late ones too', async () => {
  const ending = new AbortController()
  const told: unknown[] = []
  const following = (async () => {
    for await (const event of stateOf([instances[2]!.url]).rates.changes({ signal: ending.signal, from: 'u' })) {
      const { type } = event
      told.push(type === 'row' || type === 'change' ? [type, event.key, event.value, event.timestamp] : type)
    }
  })()
  following.catch(() => undefined)
  while (!told.includes('live')) await delay(20)
  await setRate('usd', 7, 5_000)
  await setRate('eur', 8, 5_000)
  await setRate('usd', 9, 4_000)
  await setRate('usd', null, 6_000)
  for (let tries = 0; told.length < 7 && tries < 200; tries++) await delay(20)
  ending.abort()
  await Promise.allSettled([following])
  assert.deepEqual(told.slice(0, 4).map(String).sort(), ['live', 'reset', 'row,usd,5,1000', 'row,yen,6,1700'])
  assert.deepEqual(told.slice(4), [
    ['change', 'usd', 7, 5_000],
    ['change', 'usd', 9, 4_000],
    ['change', 'usd', undefined, 6_000],
  ])
})

test('a store with headers is answered with the headers of the record behind the value', async () => {
  const record = { key: Buffer.from('headed'), value: Buffer.from(order.value.serialize({ customer: 'c0', cents: 0 })) }
  const headers = [
    { key: 'source', value: Buffer.from('till') },
    { key: 'empty', value: null },
  ]
  const { partition, offset } = await producer.send({ topic: order.name, ...record, headers })
  for (const { url } of instances) {
    const { latest } = stateOf([url])
    const entry = await latest.entry('headed', { after: { topic: order.name, partition, offset } })
    assert.deepEqual(entry?.value, { customer: 'c0', cents: 0 })
    assert.deepEqual(
      entry.headers?.map(({ key, value }) => [key, value && Buffer.from(value).toString()]),
      [
        ['source', 'till'],
        ['empty', null],
      ],
    )
    assert.deepEqual((await collected(latest.range({ prefix: 'headed' })))[0], entry)
  }
})

test('lags of copies come to nothing when nothing is written', async () => {
  for (let tries = 0; ; tries++) {
    const answers = await Promise.all(
      instances.map(({ url }) => fetch(`${url}/lags`, { headers: { authorization: `Bearer ${token}` } })),
    )
    const lags = (await Promise.all(answers.map((answer) => answer.json() as Promise<{ lags: Lag[] }>))).flatMap(
      (answer) => answer.lags,
    )
    const standbys = lags.filter(({ role, store }) => role === 'standby' && store === 'totals')
    if (standbys.length === partitions && standbys.every(({ offsetLag }) => offsetLag === 0)) return
    assert.ok(tries < 100, JSON.stringify(standbys))
    await delay(100)
  }
})

interface Lag {
  readonly role: string
  readonly store: string
  readonly offsetLag: number
}

test('a read after a write shows it, though the write comes through another instance and a repartition topic', async () => {
  for (let i = 0; i < 40; i++) {
    const customer = `c${i % customers}`
    const written = await place(customer, 1_000 + i)
    const state = stateOf([instances[i % 3]!.url])
    assert.equal(await state.totals.get(customer, { after: written }), totals.get(customer))
    const standby = await state.totals.get(customer, { after: written, maxLagRecords: 100_000 })
    assert.equal(standby, totals.get(customer), 'a copy is held to the write as the owner is')
  }
  const [bytes] = [{ key: Buffer.from('tea'), value: Buffer.from('3') }]
  const { partition, offset } = await producer.send({ topic: price.name, ...bytes })
  assert.equal(await stateOf(urls()).prices.get('tea', { after: { topic: price.name, partition, offset } }), 3)
})

test('a bound on a topic that never comes to the store is refused', async () => {
  const asking = stateOf(urls()).prices.get('tea', { after: { topic: 'order', partition: 0, offset: 0 } })
  await assert.rejects(asking, { code: 'QUERY_REFUSED', fields: { status: 400, serverCode: 'GATEWAY_BAD_REQUEST' } })
})

test('an instance that was stopped until others took its tasks over answers nothing of the past when it goes on', async () => {
  const stopped = await ownerOf('c5')
  const others = stateOf(urls().filter((url) => url !== stopped.url))
  const ask = (key: string): Promise<Response> =>
    fetch(`${stopped.url}/stores/totals/${key}`, { headers: { authorization: `Bearer ${token}` } })
  // Connections that are open already: what waits in them is read before anything that is heard of anew.
  await Promise.all([...totals.keys()].map(async (key) => (await ask(key)).arrayBuffer()))
  stopped.process.kill('SIGSTOP')
  // Its session passes, and what it owned is written on elsewhere.
  for (let i = 0; i < customers; i++) {
    const written = await place(`c${i}`, 10_000)
    assert.equal(await others.totals.get(`c${i}`, { after: written }), totals.get(`c${i}`))
  }
  const asked = [...totals].map(async ([key, total]) => {
    const answer = await ask(key)
    const { value, code } = (await answer.json()) as { value?: number; code?: string }
    if (answer.status === 200) assert.equal(value, total, `${key} is as it was before the stop`)
    else assert.deepEqual([answer.status, code], [503, 'STATE_UNAVAILABLE'])
  })
  await delay(200)
  stopped.process.kill('SIGCONT')
  await Promise.all(asked)
  await allShareTheWork()
})

test('while an instance is killed, reads and subscriptions are right or wait, and copies answer within their bound', async () => {
  const ending = new AbortController()
  const rows = new Map<string, number>()
  let isLive = false
  const following = (async () => {
    for await (const event of stateOf(urls()).totals.changes({ signal: ending.signal })) {
      if (event.type === 'reset') rows.clear()
      else if (event.type === 'live') isLive = true
      else if (event.value === undefined) rows.delete(event.key)
      else rows.set(event.key, event.value)
    }
  })()
  following.catch(() => undefined)
  while (!isLive) await delay(20)
  assert.deepEqual(new Map([...rows].sort()), new Map([...totals].sort()))

  // Sums of one customer that were seen committed, with the time of the seeing.
  const seen: { readonly atMs: number; readonly total: number }[] = []
  const maxStalenessMs = 3_000
  const doomed = await ownerOf('c3')
  const survivors = urls().filter((url) => url !== doomed.url)
  let stale = 0
  let refused = 0
  const reading = (async () => {
    while (!ending.signal.aborted) {
      const askedMs = Date.now()
      // Nobody is asked twice: what is not answered now is counted.
      const state = stateOf([survivors[stale % survivors.length]!], 1_500)
      try {
        const total = (await state.totals.get('c3', { maxStalenessMs })) ?? 0
        const known = seen.findLast(({ atMs }) => atMs <= askedMs - maxStalenessMs)?.total ?? 0
        assert.ok(total >= known, `${total} is older than ${known}`)
        assert.ok(total <= atMost.get('c3')!, `${total} is more than was ordered`)
        stale++
      } catch (error) {
        if ((error as { code?: string }).code !== 'QUERY_UNAVAILABLE') throw error
        refused++
      }
      await delay(20)
    }
  })()
  reading.catch(() => undefined)

  const state = stateOf(survivors)
  for (let i = 0; i < 60; i++) {
    if (i === 20) doomed.process.kill('SIGKILL')
    const customer = i % 2 === 0 ? 'c3' : `c${i % customers}`
    const written = await place(customer, 1)
    assert.equal(await state.totals.get(customer, { after: written }), totals.get(customer))
    if (customer === 'c3') seen.push({ atMs: Date.now(), total: totals.get('c3')! })
    await delay(30)
  }
  for (let tries = 0; tries < 200 && [...totals].some(([key, total]) => rows.get(key) !== total); tries++)
    await delay(50)
  ending.abort()
  await Promise.allSettled([following])
  await reading
  assert.deepEqual(new Map([...rows].sort()), new Map([...totals].sort()))
  assert.ok(stale > 0, `${stale} reads were answered, ${refused} refused`)
})

test('an orderly end answers with 0', async () => {
  for (const { process } of alive()) {
    const ended = once(process, 'exit')
    process.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  }
})
