import assert from 'node:assert/strict'
import { once } from 'node:events'
import { utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { apis, ErrorCode, type SaslAuthenticateResponse } from '@millrace/protocol'
import { type Broker, startBroker } from '../src/index.ts'
import { temporaryFolder } from './support/certificates.ts'
import { type Issuer, issuer } from './support/issuer.ts'
import { RawConnection } from './support/raw-connection.ts'
import { handshake, token } from './support/sasl.ts'

let good: Issuer
before(async () => {
  good = await issuer()
})

function start(url: string, config: Record<string, string> = {}): Promise<Broker> {
  return startBroker({
    memory: true,
    worker: false,
    config: {
      listeners: 'SASL_PLAINTEXT://127.0.0.1:0',
      'sasl.enabled.mechanisms': 'OAUTHBEARER',
      'connection.failed.authentication.delay.ms': '10',
      'sasl.oauthbearer.jwks.endpoint.url': url,
      'sasl.oauthbearer.expected.issuer': 'https://issuer.example',
      'listener.name.sasl_plaintext.oauthbearer.sasl.oauthbearer.expected.audience': 'other,kafka',
      ...config,
    },
  })
}

async function bearer(connection: RawConnection, jwt: string, authorizationId = ''): Promise<SaslAuthenticateResponse> {
  await handshake(connection, 'OAUTHBEARER')
  const header = authorizationId === '' ? 'n,,' : `n,a=${authorizationId},`
  return token(connection, `${header}\u0001auth=Bearer ${jwt}\u0001\u0001`)
}

async function withKeyFile(): Promise<{ url: string; path: string } & AsyncDisposable> {
  const folder = await temporaryFolder()
  const path = await folder.write('jwks.json', good.jwks)
  return { url: pathToFileURL(path).href, path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

test('a token of the issuer lets its subject in until it expires', async () => {
  await using keys = await withKeyFile()
  await using broker = await start(keys.url)
  using connection = await RawConnection.open(broker.port)
  const { errorCode, authBytes, sessionLifetimeMs } = await bearer(connection, await good.token(), 'alice')
  assert.deepEqual([errorCode, authBytes.length], [ErrorCode.NONE, 0])
  assert.ok(sessionLifetimeMs > 3_590_000 && sessionLifetimeMs <= 3_600_000)
  assert.equal((await connection.call(apis.Metadata, 12, { topics: [] })).brokers.length, 1)
})

test('a session that outlives its token is closed, renewed with a fresh one it goes on', async () => {
  await using keys = await withKeyFile()
  await using broker = await start(keys.url, { 'sasl.oauthbearer.clock.skew.seconds': '0' })
  const seconds = Math.floor(Date.now() / 1000)
  const short = await good.token({ exp: seconds + 2 })
  using renewed = await RawConnection.open(broker.port)
  using expired = await RawConnection.open(broker.port)
  for (const connection of [renewed, expired]) {
    assert.ok((await bearer(connection, short)).sessionLifetimeMs <= 2000)
  }
  assert.equal((await bearer(renewed, await good.token())).errorCode, ErrorCode.NONE)
  await delay((seconds + 2) * 1000 - Date.now() + 50)
  assert.equal((await renewed.call(apis.Metadata, 12, { topics: [] })).brokers.length, 1)
  expired.send(apis.Metadata, 12, 2, { topics: [] })
  await assert.rejects(expired.frame(), /closed/)
})

const seconds = (): number => Math.floor(Date.now() / 1000)
const refused: [string, () => Promise<string>][] = [
  ['of another issuer', () => good.token({ iss: 'https://evil.example' })],
  ['for another audience', () => good.token({ aud: 'billing' })],
  ['for no audience', () => good.token({ aud: undefined })],
  ['that has expired', () => good.token({ exp: seconds() - 60 })],
  ['that never expires', () => good.token({ exp: undefined })],
  ['that was never issued', () => good.token({ iat: undefined })],
  ['that is not good yet', () => good.token({ nbf: seconds() + 600 })],
  ['without a subject', () => good.token({ sub: undefined })],
  ['with an empty subject', () => good.token({ sub: ' ' })],
  ['with scopes that are none', () => good.token({ scope: ['a', 'a'] })],
  ['signed with the key of another', async () => (await issuer()).token()],
  ['with a key nobody knows', () => good.token({}, { keyId: 'two' })],
  ['signed with the public key as a secret', () => good.token({}, { algorithm: 'HS256', key: Buffer.from(good.jwks) })],
  [
    'without a signature',
    async () => {
      const [, payload] = (await good.token()).split('.')
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
    },
  ],
  [
    'with another payload',
    async () => {
      const [header, , signature] = (await good.token()).split('.')
      const [, payload] = (await good.token({ sub: 'admin' })).split('.')
      return `${header}.${payload}.${signature}`
    },
  ],
  ['that is nonsense', async () => 'abc'],
]

test('tokens that are not right are refused, and the refusal tells nothing', async () => {
  await using keys = await withKeyFile()
  await using broker = await start(keys.url)
  for (const [what, make] of refused) {
    using connection = await RawConnection.open(broker.port)
    const challenge = await bearer(connection, await make())
    assert.equal(challenge.errorCode, ErrorCode.NONE, what)
    assert.equal(challenge.authBytes.toString(), '{"status":"invalid_token"}', what)
    const { errorCode, errorMessage } = await token(connection, Buffer.from([1]))
    assert.deepEqual(
      [errorCode, errorMessage],
      [ErrorCode.SASL_AUTHENTICATION_FAILED, '{"status":"invalid_token"}'],
      what,
    )
    await connection.closed
  }
})

test('another authorization id, and messages of another form, are refused', async () => {
  await using keys = await withKeyFile()
  await using broker = await start(keys.url)
  const jwt = await good.token()
  using other = await RawConnection.open(broker.port)
  assert.equal((await bearer(other, jwt, 'bob')).errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED)
  for (const message of [
    '',
    '\u0001',
    `n,,\u0001auth=Basic ${jwt}\u0001\u0001`,
    `n,,\u0001auth=Bearer ${jwt}`,
    'n,,\u0001a=b\u0001\u0001',
  ]) {
    using connection = await RawConnection.open(broker.port)
    await handshake(connection, 'OAUTHBEARER')
    assert.equal((await token(connection, message)).errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED)
  }
})

test('a key set in a file is read again when it has changed', async () => {
  await using keys = await withKeyFile()
  await using broker = await start(keys.url)
  const next = await issuer('two')
  await writeFile(keys.path, next.jwks)
  await utimes(keys.path, new Date(), new Date(Date.now() + 5000))
  using connection = await RawConnection.open(broker.port)
  assert.equal((await bearer(connection, await next.token())).authBytes.length, 0)
})

test('a key set is fetched once for many tokens; strange keys cannot make the broker fetch without end', async () => {
  let fetches = 0
  const server = createServer((_request, response) => {
    fetches++
    response.setHeader('content-type', 'application/json').end(good.jwks)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  {
    await using broker = await start(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`)
    const jwts = [
      await good.token(),
      await good.token({ sub: 'bob' }),
      await (await issuer('two')).token(),
      await (await issuer('three')).token(),
    ]
    const accepted: boolean[] = []
    for (const jwt of jwts) {
      using connection = await RawConnection.open(broker.port)
      accepted.push((await bearer(connection, jwt)).authBytes.length === 0)
    }
    assert.deepEqual(accepted, [true, true, false, false])
    assert.equal(fetches, 1)
  }
  server.close()
  server.closeAllConnections()
})

test('an issuer that cannot be reached lets nobody in, and requests wait for that', async () => {
  await using broker = await start('http://127.0.0.1:1/jwks')
  using connection = await RawConnection.open(broker.port)
  connection.send(apis.SaslHandshake, 1, 1, { mechanism: 'OAUTHBEARER' })
  const authBytes = Buffer.from(`n,,\u0001auth=Bearer ${await good.token()}\u0001\u0001`)
  connection.send(apis.SaslAuthenticate, 2, 2, { authBytes })
  connection.send(apis.Metadata, 12, 3, { topics: [] })
  await connection.frame()
  assert.match((await connection.frame()).toString(), /invalid_token/)
  await assert.rejects(connection.frame(), /closed/)
})
