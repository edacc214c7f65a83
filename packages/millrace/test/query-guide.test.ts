// The commands of docs/guides/query-state.md, run as they stand there, but for the port, and what it says of counts and joins.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type Broker, startBroker } from '@millrace/broker'
import { type Serde, serdes, topic } from '@millrace/contracts'
import { appState, type Gateway, type StateProvider, startGateway } from '@millrace/gateway'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { queryClient, sessionStore, windowStore } from '@millrace/query'
import { type StreamsInstance, sessionWindow, startStreams, type Topology, topology, tumbling } from '@millrace/streams'
import { millrace } from './support/command-line.ts'

const run = promisify(execFile)
const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/query-state.md'), 'utf8')
const commands = guide.split('\n').filter((line) => line.startsWith('curl '))
const payment = topic('payment', { key: serdes.string, value: serdes.json<number>() })
const sale = topic('sale', { key: serdes.string, value: serdes.json<number>() })
const price = topic('price', { key: serdes.string, value: serdes.json<number>() })
const invoice = topic('invoice', { key: serdes.string, value: serdes.json<{ customer: string; cents: number }>() })
const customer = topic('customer', { key: serdes.string, value: serdes.json<{ name: string }>() })
const named = topic('named', { key: serdes.string, value: serdes.json<{ cents: number; name: string }>() })

/** A serde whose bytes are neither JSON nor text, and that does not say how its values look in JSON. */
const opaque: Serde<number> = {
  name: 'opaque',
  serialize: (value) => Uint8Array.of(0xff, value),
  deserialize: (bytes) => bytes[1]!,
}

function accounts(): Topology {
  const app = topology('accounts')
  const add = (total: number, amount: number): number => total + amount
  const payments = app.stream(payment).groupByKey()
  payments.reduce(add, { initial: 0, store: 'totals' })
  payments
    .window(sessionWindow({ gapMs: 10_000, graceMs: 86_400_000 }))
    .aggregate({ initial: 0, merge: add, store: 'visits' }, add)
  payments.count({ store: 'payments' })
  payments.window(sessionWindow({ gapMs: 10_000, graceMs: 86_400_000 })).count({ store: 'visit-payments' })
  const perMinute = payments
    .window(tumbling({ sizeMs: 60_000, graceMs: 86_400_000 }))
    .count({ store: 'payments-per-minute' })
  perMinute.filter((count) => count > 1, { store: 'busy-minutes' })
  payments.aggregate({ initial: 0, value: opaque, store: 'opaque' }, add)
  app
    .stream(sale)
    .groupByKey()
    .window(tumbling({ sizeMs: 60_000, graceMs: 86_400_000 }))
    .reduce(add, { initial: 0, store: 'revenue' })
  const invoices = app.table(invoice, { store: 'invoices' })
  const nameOf = ({ cents }: { cents: number }, { name }: { name: string }) => ({ cents, name })
  const joined = invoices.join(app.table(customer), nameOf, { foreignKey: (i) => i.customer, store: 'named-invoices' })
  // And once more: an answer that asks again.
  const twice = joined.join(invoices, (one, other) => ({ ...one, cents: one.cents + other.cents }), {
    foreignKey: (_, key) => key,
    store: 'twice-named',
  })
  twice
    .groupBy((row) => [row.name, row], { name: 'by-name' })
    .aggregate({
      initial: 0,
      add: (sum, row) => sum + row.cents,
      subtract: (sum, row) => sum - row.cents,
      store: 'of-name',
    })
  app.table(price, { store: 'prices', historyRetentionMs: 86_400_000 })
  return app
}

let broker: Broker
let client: KafkaClient
let streams: StreamsInstance
let gateway: Gateway

before(async () => {
  broker = await startBroker({ memory: true, config: { 'group.initial.rebalance.delay.ms': '0' } })
  client = kafkaClient({ brokers: broker.brokers })
  const topics = [payment, sale, price, invoice, customer].map(({ name }) => ({
    name,
    partitions: 2,
    config: { 'retention.ms': '-1' },
  }))
  await client.admin.createTopics(topics)
  await using producer = client.producer()
  const send = (name: string, key: string, value: number, timestamp: number) =>
    producer.send({ topic: name, key: Buffer.from(key), value: Buffer.from(String(value)), timestamp })
  await send('payment', 'alice', 5, 1_000)
  await send('payment', 'alice', 7, 2_000)
  await send('payment', 'anna', 1, 3_000)
  await send('payment', 'bob', 2, 3_000)
  await send('sale', 'DE', 10, 1_000)
  await send('sale', 'DK', 20, 61_000)
  await send('price', 'tea', 3, 1_000)
  await send('price', 'tea', 4, 2_000)
  const state: StateProvider[] = []
  const content = { state, metrics: [], health: [], connectors: () => [] }
  gateway = await startGateway(content, { port: 0 })
  streams = await startStreams({
    topology: accounts,
    brokers: broker.brokers,
    stateDir: 'memory',
    applicationServer: gateway.address,
    commitIntervalMs: 20,
  })
  state.push(appState(streams))
  const isThere = async (path: string): Promise<boolean> => (await fetch(`${gateway.url}${path}`)).status === 200
  for (const path of ['/stores/totals/bob', '/stores/totals/anna', '/stores/revenue/DK', '/stores/prices/tea']) {
    for (let tries = 0; !(await isThere(path)); tries++) {
      assert.ok(tries < 500, path)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
})
after(async () => {
  await streams?.close()
  await gateway?.close()
  await client?.close()
  await broker?.close()
})

/** What the command prints, line by line, each as JSON. */
async function outputOf(command: string): Promise<unknown[]> {
  const script = command.replaceAll('http://127.0.0.1:8080', gateway.url)
  // A subscription ends by the time alone.
  const limited = script.includes('/changes/') ? script.replace('curl ', 'curl --max-time 1 ') : script
  const { stdout } = await run('sh', ['-c', `${limited.split('#', 1)[0]} --silent --show-error || [ $? = 28 ]`])
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : (JSON.parse(line) as unknown)))
}

const alice = { key: 'alice', value: 12, timestamp: 2_000 }
const anna = { key: 'anna', value: 1, timestamp: 3_000 }
const bob = { key: 'bob', value: 2, timestamp: 3_000 }
const inDenmark = { key: 'DK', start: 60_000, end: 120_000, value: 20, timestamp: 61_000 }
const inGermany = { key: 'DE', start: 0, end: 60_000, value: 10, timestamp: 1_000 }
const cheap = { key: 'tea', value: 3, timestamp: 1_000, validTo: 2_000 }

/** By a part of the command, what it must print; undefined: its shape is checked below. */
const expected: readonly (readonly [string, unknown[] | undefined])[] = [
  ['/stores/totals/alice', [alice]],
  ['totals?from=a', [{ entries: [alice, anna], next: 'bob' }]],
  ['stores/totals?prefix=a', [{ entries: [anna, alice] }]],
  ['revenue/DE', [{ windows: [inGermany] }]],
  ['revenue?from', [{ windows: [inGermany, inDenmark] }]],
  ['visits/alice', [{ sessions: [{ ...alice, start: 1_000, end: 2_000 }] }]],
  ['tea?asOf', [cheap]],
  ['tea?versions', [{ versions: [cheap, { key: 'tea', value: 4, timestamp: 2_000, validTo: null }] }]],
  ['prices?asOf', [{ versions: [cheap] }]],
  ['x-ndjson', [alice, anna, bob, { end: true }]],
  ['/metadata/', undefined],
  ['/lags', undefined],
  ['/changes/', undefined],
  ['/stores ', undefined],
]

for (const command of commands) {
  test(command.split('#', 1)[0]!.trim(), async () => {
    const found = expected.find(([part]) => `${command} `.includes(part))
    assert.ok(found, 'nobody says what it prints')
    const printed = await outputOf(command)
    if (found[1]) assert.deepEqual(printed, found[1])
    else if (found[0] === '/changes/') {
      const types = printed.map((event) => (event as { type: string }).type)
      assert.deepEqual(types.slice(0, 4), ['reset', 'row', 'row', 'live'])
    } else {
      const [answer] = printed as [Record<string, unknown[]>]
      const lists = { '/metadata/': 'partitions', '/lags': 'lags', '/stores ': 'stores' }
      assert.ok(answer[lists[found[0] as keyof typeof lists]]!.length > 0, JSON.stringify(answer))
    }
  })
}

test('the command line asks the same', async () => {
  const asked = async (...args: string[]): Promise<unknown> => {
    const { stdout } = await millrace(['query', ...args, '--url', gateway.url])
    return args.includes('--json') ? JSON.parse(stdout) : stdout.trim().split(/\s*\n\s*/)
  }
  const [key, range, version, table] = await Promise.all([
    asked('totals', 'alice', '--json'),
    asked('totals', '--prefix', 'a', '--reverse', '--json'),
    asked('prices', 'tea', '--as-of', '1970-01-01T00:00:01.500Z', '--json'),
    asked('prices', 'tea', '--versions'),
  ])
  assert.deepEqual([key, range, version], [alice, { entries: [anna, alice] }, cheap])
  const [head, first, second] = table as string[]
  assert.match(head!, /^KEY +VALID FROM +VALID TO +VALUE$/)
  assert.match(first!, /^tea +1970-01-01T00:00:01.000Z +1970-01-01T00:00:02.000Z +3$/)
  assert.match(second!, /^tea +1970-01-01T00:00:02.000Z +4$/)
})

const countOf = topic('counts', { key: serdes.string, value: serdes.json<number>() })

test('a count is a number, for whoever asks', async () => {
  const two = { key: 'alice', value: 2, timestamp: 2_000 }
  assert.deepEqual(await outputOf('curl http://127.0.0.1:8080/stores/payments/alice'), [two])
  const events = await outputOf("curl -N 'http://127.0.0.1:8080/changes/payments?key=alice'")
  assert.deepEqual(events.slice(0, 2), [{ type: 'reset' }, { type: 'row', row: two }])
  const { stdout } = await millrace(['query', 'payments', 'alice', '--json', '--url', gateway.url])
  assert.deepEqual(JSON.parse(stdout), two)
  const counts = {
    payments: countOf,
    'payments-per-minute': windowStore(countOf),
    'visit-payments': sessionStore(topic('long-counts', { key: serdes.string, value: serdes.int64 })),
  }
  const state = queryClient({ url: gateway.url, stores: counts })
  assert.equal(await state.payments.get('alice'), 2)
  const windows = await state['payments-per-minute'].window('alice', { from: 0, to: 60_000 })
  assert.deepEqual(
    windows.map(({ start, end, value }) => [start, end, value]),
    [[0, 60_000, 2]],
  )
  const visits = await state['visit-payments'].session('alice', { from: 0, to: 60_000 })
  assert.deepEqual(
    visits.map(({ value }) => value),
    [2n],
  )
})

test('a windowed key is JSON in a URL and in an answer', async () => {
  const key = JSON.stringify({ key: 'alice', window: { start: 0, end: 60_000 } })
  const answer = await fetch(`${gateway.url}/stores/busy-minutes/${encodeURIComponent(key)}`)
  assert.deepEqual(await answer.json(), { key, value: 2, timestamp: 2_000 })
})

test('a read that names a write shows it behind joins by foreign key', async () => {
  await using producer = client.producer({ lingerMs: 0 })
  const send = async (name: string, key: string, value: unknown) => {
    const record = { topic: name, key: Buffer.from(key), value: Buffer.from(JSON.stringify(value)) }
    return { topic: name, ...(await producer.send(record)) }
  }
  const asked = { invoices: invoice, 'named-invoices': named, 'twice-named': named, 'of-name': countOf }
  const state = queryClient({ url: gateway.url, stores: asked })
  await send('customer', 'c0', { name: 'Ada' })
  let after = await send('customer', 'c1', { name: 'Ada' })
  for (let cents = 1; cents <= 8; cents++) {
    const value = { customer: `c${cents % 2}`, cents }
    after = await send('invoice', 'i', value)
    assert.deepEqual(await state.invoices.get('i', { after }), value)
    assert.deepEqual(await state['named-invoices'].get('i', { after }), { cents, name: 'Ada' })
    assert.deepEqual(await state['twice-named'].get('i', { after }), { cents: 2 * cents, name: 'Ada' })
    assert.deepEqual(await state['of-name'].get('Ada', { after }), 2 * cents)
  }
  after = await send('customer', 'c0', { name: 'Bea' })
  assert.deepEqual(await state['named-invoices'].get('i', { after }), { cents: 8, name: 'Bea' })
  after = await send('customer', 'c0', { name: 'Cleo' })
  assert.deepEqual(await state['twice-named'].get('i', { after }), { cents: 16, name: 'Cleo' })
})

test('a serde that does not say how its values look in JSON is named with the store, and with what to do', async () => {
  const answer = await fetch(`${gateway.url}/stores/opaque/alice`)
  const { code, message, remedy } = (await answer.json()) as Record<string, string>
  assert.deepEqual([answer.status, code], [500, 'CONTRACT_NO_JSON_FORM'])
  assert.match(message!, /^a value of the store "opaque" cannot be shown: its serde "opaque" has no `json` form/)
  assert.match(remedy!, /^Give the serde a `json` form/)
})

test('the guide shows every kind of question', () => {
  assert.ok(commands.length >= expected.length, `${commands.length} commands`)
  for (const [part] of expected)
    assert.ok(
      commands.some((command) => `${command} `.includes(part)),
      part,
    )
})
