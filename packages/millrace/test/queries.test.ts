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

/** Every partition has an owner that is alive and a copy, and every instance has some of them. */
async function allShareTheWork(): Promise<void> {
  for (let tries = 0; ; tries++) {
    const found = await places()
    const hosts = new Set(found.flatMap(({ host, standbyHosts }) => [host, ...standbyHosts]))
    const areThere = [...hosts].every((host) => alive().some(({ url }) => url === `http://${host}`))
    const areCopied = found.every(({ host, standbyHosts }) => host !== null && standbyHosts.length > 0)
    if (found.length > 0 && areThere && areCopied && hosts.size === alive().length) return
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
  for (let i = 0; i < 24; i++) {
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
  const writing = [...totals.keys()].map(async (key) => {
    const written = await place(key, 10_000)
    assert.equal(await others.totals.get(key, { after: written }), totals.get(key))
  })
  await Promise.all(writing)
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

/** What strong reads came to: each is one request to one instance. */
interface Read {
  readonly startMs: number
  readonly tookMs: number
  readonly isAnswered: boolean
}

/** Asks instances in turn for sums until it is ended: none is lower than one that was told before, or higher than all orders. */
async function readOnAndOn(hosts: readonly string[], signal: AbortSignal): Promise<readonly Read[]> {
  const reads: Read[] = []
  const told = new Map<string, number>()
  const headers = { authorization: `Bearer ${token}` }
  for (let i = 0; !signal.aborted; i++) {
    const [key, url] = [`c${i % customers}`, hosts[i % hosts.length]!]
    const startMs = Date.now()
    const answer = await fetch(`${url}/stores/totals/${key}`, { headers })
    const { value, code } = (await answer.json()) as { value?: number; code?: string }
    const tookMs = Date.now() - startMs
    if (value !== undefined) {
      assert.ok(value >= (told.get(key) ?? 0) && value <= totals.get(key)!, `${key} is ${value} after ${told.get(key)}`)
      told.set(key, value)
    } else assert.deepEqual([answer.status, code], [503, 'STATE_UNAVAILABLE'])
    reads.push({ startMs, tookMs, isAnswered: value !== undefined })
    await delay(10)
  }
  return reads
}

/** Asks for one customer's sum, of whatever copy, and compares with what was seen committed so long ago. */
async function readStale(
  hosts: readonly string[],
  seen: readonly { readonly atMs: number; readonly total: number }[],
  signal: AbortSignal,
): Promise<number> {
  const maxStalenessMs = 3_000
  for (let answers = 0; ; ) {
    if (signal.aborted) return answers
    const askedMs = Date.now()
    try {
      const state = stateOf([hosts[answers % hosts.length]!], 1_500)
      const total = (await state.totals.get('c3', { maxStalenessMs })) ?? 0
      const known = seen.findLast(({ atMs }) => atMs <= askedMs - maxStalenessMs)?.total ?? 0
      assert.ok(total >= known && total <= totals.get('c3')!, `${total} is older than ${known}`)
      answers++
    } catch (error) {
      if ((error as { code?: string }).code !== 'QUERY_UNAVAILABLE') throw error
    }
    await delay(20)
  }
}

/** Follows the sums: what they are, and the place of every change that was told. */
class Followed {
  readonly rows = new Map<string, number>()
  readonly places: string[] = []
  resets = 0
  /** By partition, where the changes begin. */
  from: readonly number[] | undefined

  /** Through one instance, and those that it tells of. */
  async follow(url: string, signal: AbortSignal): Promise<void> {
    const state = queryClient({ url, stores: { totals: price }, token, discover: true })
    for await (const event of state.totals.changes({ signal })) {
      if (event.type === 'reset') {
        this.rows.clear()
        this.resets++
      } else if (event.type === 'live') this.from ??= placesOf(event.token)
      else {
        if (event.type === 'change') this.places.push(`${event.partition}:${event.offset}`)
        if (event.value === undefined) this.rows.delete(event.key)
        else this.rows.set(event.key, event.value)
      }
    }
  }
}

function placesOf(token: string): number[] {
  const from: number[] = []
  for (const [, partition, offset] of token.matchAll(/(\d+):(\d+)/g)) from[Number(partition)] = Number(offset)
  return from
}

/** Every committed change of the sums, in the changelog itself. */
async function loggedPlaces(from: readonly number[]): Promise<string[]> {
  const topic = 'shop-totals-changelog'
  await using consumer = client.consumer({ isolation: 'read_committed' })
  const all = from.map((_, partition) => ({ topic, partition }))
  consumer.assign(all)
  for (const [partition, offset] of from.entries()) consumer.seek({ topic, partition, offset })
  const ends = await consumer.endOffsets(all)
  const places: string[] = []
  while (ends.some((end) => (consumer.position(end) ?? 0) < end.offset)) {
    for (const { partition, batches } of await consumer.poll({ timeoutMs: 100 })) {
      for (const batch of batches) {
        for (const cursor = batch.cursor(); cursor.next(); ) {
          if (cursor.offset >= from[partition]!) places.push(`${partition}:${cursor.offset}`)
        }
      }
    }
  }
  return places
}

/** Until nothing moves any more: every instance has answered for every sum for a second. */
async function comesToRest(hosts: readonly string[]): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  let sinceMs = Date.now()
  for (let i = 0; Date.now() - sinceMs < 1_000; i++) {
    const { status } = await fetch(`${hosts[i % hosts.length]}/stores/totals/c${i % customers}`, { headers })
    if (status !== 200) sinceMs = Date.now()
    await delay(10)
  }
}

test('while an instance is killed under load, no answer is wrong, and a subscription misses nothing and tells nothing twice', async () => {
  const ending = new AbortController()
  const { signal } = ending
  const followed = new Followed()
  const doomed = await ownerOf('c3')
  const survivors = urls().filter((url) => url !== doomed.url)
  await comesToRest(urls())
  const following = followed.follow(doomed.url, signal)
  following.catch(() => undefined)
  while (followed.from === undefined) await delay(20)
  assert.deepEqual(new Map([...followed.rows].sort()), new Map([...totals].sort()))

  // Sums of one customer that were seen committed, with the time of the seeing.
  const seen: { readonly atMs: number; readonly total: number }[] = []
  const reading = Promise.all([readOnAndOn(survivors, signal), readStale(survivors, seen, signal)])
  reading.catch(() => undefined)
  const state = stateOf(survivors)
  let killedMs = Number.POSITIVE_INFINITY
  for (let i = 0; i < 36; i++) {
    if (i === 12) {
      killedMs = Date.now()
      doomed.process.kill('SIGKILL')
    }
    const customer = i % 2 === 0 ? 'c3' : `c${i % customers}`
    const written = await place(customer, 1)
    assert.equal(await state.totals.get(customer, { after: written }), totals.get(customer))
    if (customer === 'c3') seen.push({ atMs: Date.now(), total: totals.get('c3')! })
    await delay(20)
  }
  for (let tries = 0; tries < 200 && [...totals].some(([key, total]) => followed.rows.get(key) !== total); tries++)
    await delay(20)
  ending.abort()
  await Promise.allSettled([following])
  const [reads, staleAnswers] = await reading
  assert.deepEqual(new Map([...followed.rows].sort()), new Map([...totals].sort()))
  assert.equal(followed.resets, 1, 'it goes on where it was')
  assert.deepEqual(followed.places.toSorted(), (await loggedPlaces(followed.from)).sort())
  assert.ok(staleAnswers > 0)
  // Refusals are of the time that it takes to see that the instance is gone and to take over what it had.
  const refused = reads.filter(({ isAnswered }) => !isAnswered)
  assert.ok(refused.every(({ startMs, tookMs }) => startMs + tookMs >= killedMs))
  const againMs = Math.max(killedMs, ...refused.map(({ startMs }) => startMs)) + 500
  const calm = reads.filter(({ startMs, tookMs }) => startMs + tookMs < killedMs || startMs > againMs)
  assert.ok(calm.length > 20, `${reads.length} reads, ${refused.length} of them refused`)
})

test('an orderly end answers with 0', async () => {
  for (const { process } of alive()) {
    const ended = once(process, 'exit')
    process.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  }
})
