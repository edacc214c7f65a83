import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { apis } from '@millrace/protocol'
import { type BrokerOptions, startBroker } from '../src/index.ts'
import { RawConnection } from './support/raw-connection.ts'
import { handshake, plain } from './support/sasl.ts'

function sasl(config: Record<string, string> = {}): BrokerOptions {
  return {
    memory: true,
    worker: false,
    users: { alice: 'secret' },
    config: { listeners: 'SASL_PLAINTEXT://127.0.0.1:0', 'sasl.enabled.mechanisms': 'PLAIN', ...config },
  }
}

/** Why the broker closes the next connection. */
function nextReason(): Promise<string> {
  return new Promise((resolve) => {
    const listener = (message: unknown): void => {
      unsubscribe('millrace:broker:connection-closed', listener)
      resolve((message as { error: Error }).error.message)
    }
    subscribe('millrace:broker:connection-closed', listener)
  })
}

async function isOpen(port: number): Promise<RawConnection | undefined> {
  const connection = await RawConnection.open(port)
  try {
    await connection.call(apis.ApiVersions, 0, {})
    return connection
  } catch {
    return undefined
  }
}

test('who does not authenticate is dropped after a deadline, however busy; who does stays', async () => {
  await using broker = await startBroker(sasl({ 'connection.authentication.timeout.ms': '800' }))
  using silent = await RawConnection.open(broker.port)
  using busy = await RawConnection.open(broker.port)
  using halfway = await RawConnection.open(broker.port)
  using inside = await RawConnection.open(broker.port)
  await handshake(halfway, 'PLAIN')
  await plain(inside, 'alice', 'secret')
  const asking = setInterval(() => busy.send(apis.ApiVersions, 0, 1, {}), 50)
  const reason = nextReason()
  await Promise.all([silent.closed, busy.closed, halfway.closed])
  clearInterval(asking)
  assert.match(await reason, /connection\.authentication\.timeout\.ms/)
  assert.equal((await inside.call(apis.Metadata, 12, { topics: [] })).brokers.length, 1)
})

test('before authentication requests are small', async () => {
  await using broker = await startBroker(sasl({ 'sasl.server.max.receive.size': '1000' }))
  using big = await RawConnection.open(broker.port)
  const reason = nextReason()
  big.socket.write(Buffer.from([0, 0, 3, 0xe9]))
  await big.closed
  assert.match(await reason, /announces 1001 bytes.*sasl\.server\.max\.receive\.size/)
  using inside = await RawConnection.open(broker.port)
  await plain(inside, 'alice', 'secret')
  const topics = Array.from({ length: 50 }, (_, index) => ({ name: `topic-with-a-long-name-${index}` }))
  const metadata = await inside.call(apis.Metadata, 12, { topics, allowAutoTopicCreation: false })
  assert.equal(metadata.topics.length, 50)
})

test('a body is not looked at before authentication', async () => {
  await using broker = await startBroker(sasl())
  using connection = await RawConnection.open(broker.port)
  const reason = nextReason()
  // Metadata with an array of two billion topics.
  connection.socket.write(Buffer.from('0000000e00030001000000010000' + '7fffffff', 'hex'))
  await connection.closed
  assert.match(await reason, /API 3 is not served before authentication/)
})

function twoListeners(config: Record<string, string>): BrokerOptions {
  const listeners = 'ONE://127.0.0.1:0,TWO://127.0.0.1:0'
  const map = 'ONE:PLAINTEXT,TWO:PLAINTEXT'
  return { memory: true, worker: false, config: { listeners, 'listener.security.protocol.map': map, ...config } }
}

test('a listener has its own number of connections, an address too', async () => {
  {
    await using broker = await startBroker(twoListeners({ 'listener.name.one.max.connections': '1' }))
    const [one, two] = broker.endpoints
    using first = await isOpen(one!.port)
    assert.ok(first)
    assert.equal(await isOpen(one!.port), undefined)
    using other = await isOpen(two!.port)
    assert.ok(other)
    first.socket.destroy()
    await delay(20)
    using again = await isOpen(one!.port)
    assert.ok(again, 'a place is free again')
  }
  {
    await using broker = await startBroker(twoListeners({ 'max.connections.per.ip': '2' }))
    const [one, two] = broker.endpoints
    using first = await isOpen(one!.port)
    using second = await isOpen(two!.port)
    assert.ok(first && second)
    const reason = nextReason()
    assert.equal(await isOpen(one!.port), undefined)
    assert.match(await reason, /127\.0\.0\.1 has 2 connections already/)
  }
  {
    const config = { 'max.connections.per.ip': '1', 'max.connections.per.ip.overrides': '127.0.0.1:3,10.0.0.1:0' }
    await using broker = await startBroker(twoListeners(config))
    const open = [
      await isOpen(broker.port),
      await isOpen(broker.port),
      await isOpen(broker.port),
      await isOpen(broker.port),
    ]
    assert.deepEqual(open.map(Boolean), [true, true, true, false])
    for (const connection of open) connection?.socket.destroy()
  }
  await assert.rejects(startBroker(twoListeners({ 'max.connections.per.ip.overrides': 'x' })), {
    code: 'BROKER_CONFIG_INVALID',
  })
})

test('connections that come too fast wait for their turn', async () => {
  await using broker = await startBroker({
    memory: true,
    worker: false,
    config: { 'max.connection.creation.rate': '10' },
  })
  const before = Date.now()
  const open = await Promise.all(Array.from({ length: 16 }, () => isOpen(broker.port)))
  const tookMs = Date.now() - before
  assert.ok(open.every(Boolean))
  assert.ok(tookMs >= 450 && tookMs < 3000, `16 connections at 10 per second took ${tookMs} ms`)
  for (const connection of open) connection?.socket.destroy()
})

test('connections that would wait too long for their turn are refused', async () => {
  const config = { 'max.connection.creation.rate': '1', 'connection.authentication.timeout.ms': '500' }
  await using broker = await startBroker({ memory: true, worker: false, config })
  const open = await Promise.all(Array.from({ length: 6 }, () => isOpen(broker.port)))
  assert.equal(open.filter(Boolean).length, 1)
  for (const connection of open) connection?.socket.destroy()
})

const open = '0.0.0.0'
const refusals: [string, BrokerOptions, RegExp | undefined][] = [
  ['no authentication', { host: open }, /anyone could read and write/],
  ['no host', { config: { listeners: 'PLAINTEXT://:0' } }, /anyone could read and write/],
  ['no authentication, allowed by name', { host: open, allowNonLoopback: true }, undefined],
  ['TLS alone', { config: { listeners: `SSL://${open}:0` } }, /ssl\.client\.auth=required/],
  ['PLAIN that can be read', { ...sasl({ listeners: `SASL_PLAINTEXT://${open}:0` }) }, /could be read on the network/],
  [
    'SCRAM',
    { config: { listeners: `SASL_PLAINTEXT://${open}:0`, 'sasl.enabled.mechanisms': 'SCRAM-SHA-512' } },
    undefined,
  ],
  [
    'one open listener behind a closed one',
    { config: { listeners: `PLAINTEXT://127.0.0.1:0,SSL://${open}:0` } },
    /listener SSL/,
  ],
]
for (const [what, options, refusal] of refusals) {
  test(`a listener beyond loopback with ${what} ${refusal ? 'is refused' : 'opens'}`, async () => {
    const starting = startBroker({ worker: false, ...options, memory: true })
    if (!refusal) {
      await using broker = await starting
      assert.ok(broker.port > 0)
      return
    }
    await assert.rejects(starting, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'BROKER_HOST_NOT_LOOPBACK')
      assert.match(error.message, refusal)
      return true
    })
  })
}

test('the short form and listeners exclude each other', async () => {
  const config = { listeners: 'PLAINTEXT://127.0.0.1:0' }
  for (const short of [{ port: 0 }, { host: '127.0.0.1' }, { advertisedHost: 'x' }]) {
    await assert.rejects(startBroker({ ...short, config }), { code: 'BROKER_CONFIG_INVALID' })
  }
})

test('when one of several listeners cannot open, none stays open', async () => {
  await using other = await startBroker({ memory: true, worker: false })
  const map = { 'listener.security.protocol.map': 'A:PLAINTEXT,B:PLAINTEXT' }
  const config = { listeners: `A://127.0.0.1:0,B://127.0.0.1:${other.port}`, ...map }
  await assert.rejects(startBroker({ memory: true, worker: false, config }), { code: 'BROKER_PORT_IN_USE' })
})
