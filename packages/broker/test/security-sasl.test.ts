import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { apis, ErrorCode } from '@millrace/protocol'
import { type BrokerOptions, startBroker } from '../src/index.ts'
import { framed, RawConnection } from './support/raw-connection.ts'
import { handshake, plain, scram, token } from './support/sasl.ts'

const jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret" user_bob="hunter2";'

function sasl(config: Record<string, string> = {}): BrokerOptions {
  return {
    memory: true,
    worker: false,
    users: { admin: 'first' },
    config: {
      listeners: 'SASL_PLAINTEXT://127.0.0.1:0',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'listener.name.sasl_plaintext.plain.sasl.jaas.config': jaas,
      'connection.failed.authentication.delay.ms': '50',
      ...config,
    },
  }
}

async function served(connection: RawConnection): Promise<boolean> {
  const { brokers } = await connection.call(apis.Metadata, 12, { topics: [] })
  return brokers.length === 1
}

test('users of the login module and of the option log in with PLAIN', async () => {
  await using broker = await startBroker(sasl())
  for (const [user, password] of [
    ['alice', 'secret'],
    ['bob', 'hunter2'],
    ['admin', 'first'],
  ] as const) {
    using connection = await RawConnection.open(broker.port)
    const { errorCode, sessionLifetimeMs } = await plain(connection, user, password)
    assert.deepEqual([errorCode, sessionLifetimeMs], [ErrorCode.NONE, 0])
    assert.ok(await served(connection))
  }
})

for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
  test(`a user of the option logs in with ${mechanism}, and the broker proves that it knows the user`, async () => {
    await using broker = await startBroker(sasl())
    using connection = await RawConnection.open(broker.port)
    assert.equal((await scram(connection, 'admin', 'first', mechanism)).errorCode, ErrorCode.NONE)
    assert.ok(await served(connection))
  })
}

for (const [what, login] of [
  ['a wrong password', (one: RawConnection) => plain(one, 'alice', 'wrong')],
  ['an unknown user', (one: RawConnection) => plain(one, 'nobody', 'secret')],
  ['a wrong password in SCRAM', (one: RawConnection) => scram(one, 'admin', 'wrong')],
  ['an unknown user in SCRAM', (one: RawConnection) => scram(one, 'nobody', 'first')],
] as const) {
  test(`${what} is answered after a pause, then the connection closes`, async () => {
    await using broker = await startBroker(sasl())
    using connection = await RawConnection.open(broker.port)
    const before = Date.now()
    const { errorCode, errorMessage } = await login(connection)
    assert.equal(errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED)
    assert.ok(Date.now() - before >= 49, 'guessing takes time')
    assert.doesNotMatch(errorMessage ?? '', /nobody|unknown|exist/)
    await connection.closed
  })
}

test('what the broker says tells nobody which users exist', async () => {
  await using broker = await startBroker(sasl())
  const messages: unknown[] = []
  const firsts: string[] = []
  for (const user of ['admin', 'nobody', 'nobody']) {
    using connection = await RawConnection.open(broker.port)
    await handshake(connection, 'SCRAM-SHA-256')
    const first = (await token(connection, `n,,n=${user},r=abc`)).authBytes.toString()
    firsts.push(first.replace(/^r=abc[^,]+,/, ''))
    const nonce = /^r=([^,]+)/.exec(first)![1]
    const { errorCode, errorMessage } = await token(
      connection,
      `c=biws,r=${nonce},p=${Buffer.alloc(32).toString('base64')}`,
    )
    messages.push([errorCode, errorMessage])
  }
  assert.deepEqual(messages[0], messages[1])
  assert.match(firsts[0]!, /^s=[A-Za-z0-9+/=]{32,36},i=4096$/)
  assert.match(firsts[1]!, /^s=[A-Za-z0-9+/=]{32,36},i=4096$/)
  assert.equal(firsts[1], firsts[2], 'the salt of an unknown user stays the same, as that of a known one does')
})

test('before authentication there are ApiVersions and SASL and nothing else', async () => {
  await using broker = await startBroker(sasl())
  using connection = await RawConnection.open(broker.port)
  const { apiKeys } = await connection.call(apis.ApiVersions, 0, {})
  assert.ok(apiKeys.some(({ apiKey }) => apiKey === apis.SaslAuthenticate.key))
  connection.send(apis.Metadata, 12, 2, { topics: [] })
  await assert.rejects(connection.frame(), /closed/)
})

test('a request between handshake and token closes the connection', async () => {
  await using broker = await startBroker(sasl())
  using connection = await RawConnection.open(broker.port)
  await handshake(connection, 'PLAIN')
  connection.send(apis.Metadata, 12, 2, { topics: [] })
  await assert.rejects(connection.frame(), /closed/)
})

test('tokens before a handshake, a second handshake and an unknown mechanism are told why', async () => {
  await using broker = await startBroker(sasl())
  using early = await RawConnection.open(broker.port)
  assert.equal((await token(early, '\0alice\0secret')).errorCode, ErrorCode.ILLEGAL_SASL_STATE)
  await early.closed
  using twice = await RawConnection.open(broker.port)
  await handshake(twice, 'PLAIN')
  assert.equal((await handshake(twice, 'PLAIN')).errorCode, ErrorCode.ILLEGAL_SASL_STATE)
  await twice.closed
  using unknown = await RawConnection.open(broker.port)
  const { errorCode, mechanisms } = await handshake(unknown, 'GSSAPI')
  assert.equal(errorCode, ErrorCode.UNSUPPORTED_SASL_MECHANISM)
  assert.deepEqual(mechanisms, ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])
  await unknown.closed
})

test('who is in, or need not be, is told that SASL is out of place and stays connected', async () => {
  await using secure = await startBroker(sasl())
  await using open = await startBroker({ memory: true, worker: false })
  using inside = await RawConnection.open(secure.port)
  await plain(inside, 'alice', 'secret')
  using anonymous = await RawConnection.open(open.port)
  for (const connection of [inside, anonymous]) {
    assert.equal((await handshake(connection, 'PLAIN')).errorCode, ErrorCode.ILLEGAL_SASL_STATE)
    assert.equal((await token(connection, 'x')).errorCode, ErrorCode.ILLEGAL_SASL_STATE)
    assert.ok(await served(connection))
  }
})

test('after handshake version 0 tokens go without headers', async () => {
  await using broker = await startBroker(sasl())
  using connection = await RawConnection.open(broker.port)
  assert.equal((await handshake(connection, 'PLAIN', 0)).errorCode, ErrorCode.NONE)
  connection.socket.write(framed(Buffer.from('\0alice\0secret')))
  assert.equal((await connection.frame()).length, 0)
  assert.ok(await served(connection))
  using wrong = await RawConnection.open(broker.port)
  await handshake(wrong, 'PLAIN', 0)
  wrong.socket.write(framed(Buffer.from('\0alice\0wrong')))
  await assert.rejects(wrong.frame(), /closed/)
})

test('requests sent together with the token wait for what becomes of it', async () => {
  await using broker = await startBroker(sasl())
  for (const [password, answers] of [
    ['secret', 3],
    ['wrong', 2],
  ] as const) {
    using connection = await RawConnection.open(broker.port)
    connection.socket.cork()
    connection.send(apis.SaslHandshake, 1, 1, { mechanism: 'PLAIN' })
    connection.send(apis.SaslAuthenticate, 2, 2, { authBytes: Buffer.from(`\0alice\0${password}`) })
    connection.send(apis.Metadata, 12, 3, { topics: [] })
    connection.socket.uncork()
    for (let answer = 1; answer <= answers; answer++) assert.equal((await connection.frame()).readInt32BE(0), answer)
    if (answers === 2) await assert.rejects(connection.frame(), /closed/)
  }
})

test('a session says how long it lasts; renewed in time it goes on, expired it is closed', async () => {
  const own = { 'listener.name.sasl_plaintext.plain.connections.max.reauth.ms': '1200' }
  await using broker = await startBroker(sasl({ 'connections.max.reauth.ms': '3600000', ...own }))
  using renewed = await RawConnection.open(broker.port)
  assert.equal((await plain(renewed, 'alice', 'secret')).sessionLifetimeMs, 1200)
  using expired = await RawConnection.open(broker.port)
  await plain(expired, 'alice', 'secret')
  using other = await RawConnection.open(broker.port)
  assert.equal((await scram(other, 'admin', 'first')).sessionLifetimeMs, 3_600_000)
  await delay(700)
  assert.equal((await plain(renewed, 'alice', 'secret')).sessionLifetimeMs, 1200)
  assert.equal((await handshake(renewed, 'PLAIN')).errorCode, ErrorCode.ILLEGAL_SASL_STATE, 'not twice in a second')
  await delay(700)
  assert.ok(await served(renewed))
  assert.ok(await served(other))
  expired.send(apis.Metadata, 12, 9, { topics: [] })
  await assert.rejects(expired.frame(), /closed/)
})

test('a session that has expired may still be renewed, by whom it belongs to and by its mechanism', async () => {
  await using broker = await startBroker(sasl({ 'connections.max.reauth.ms': '30' }))
  using late = await RawConnection.open(broker.port)
  await plain(late, 'alice', 'secret')
  await delay(60)
  assert.equal((await plain(late, 'alice', 'secret')).errorCode, ErrorCode.NONE)
  using changed = await RawConnection.open(broker.port)
  await plain(changed, 'alice', 'secret')
  const refusal = await plain(changed, 'bob', 'hunter2')
  assert.equal(refusal.errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED)
  assert.match(refusal.errorMessage ?? '', /Cannot change principals.*User\.alice.*User\.bob/)
  await changed.closed
  using switched = await RawConnection.open(broker.port)
  await plain(switched, 'admin', 'first')
  assert.equal((await scram(switched, 'admin', 'first')).errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED)
  await switched.closed
})

for (const [what, config, message] of [
  ['PLAIN without users', { 'sasl.enabled.mechanisms': 'PLAIN' }, /names no users/],
  ['a broken login module', { 'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${jaas}x` }, /cannot be read/],
  ['no mechanism', { 'sasl.enabled.mechanisms': '' }, /names no mechanism/],
  ['Kerberos', { 'sasl.enabled.mechanisms': 'GSSAPI' }, /must be one of/],
  ['OAUTHBEARER without keys', { 'sasl.enabled.mechanisms': 'OAUTHBEARER' }, /jwks\.endpoint\.url.*is missing/],
] as const) {
  test(`a listener with ${what} does not start`, async () => {
    const { config: base, ...options } = sasl()
    const users: Record<string, string> = what === 'PLAIN without users' ? {} : { admin: 'first' }
    const own = what === 'PLAIN without users' ? { listeners: base!.listeners! } : base
    await assert.rejects(startBroker({ ...options, users, config: { ...own, ...config } }), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, 'BROKER_CONFIG_INVALID')
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /hunter2|"first"|bob/)
      return true
    })
  })
}
