import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { after, before, test } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import { apis, decodeResponse, ErrorCode } from '@millrace/protocol'
import { allowAll } from '../src/core/security/authorization.ts'
import { type Broker, type BrokerOptions, startBroker } from '../src/index.ts'
import { BrokerServer } from '../src/server/broker-server.ts'
import { resolveOptions } from '../src/server/options.ts'
import { type Authority, authority, type Identity, temporaryFolder } from './support/certificates.ts'
import { RawConnection } from './support/raw-connection.ts'
import { batch, readAll } from './support/records.ts'
import { scram } from './support/sasl.ts'

let ca: Authority
let server: Identity
before(async () => {
  ca = await authority()
  server = await ca.server()
})

function tls(config: Record<string, string> = {}, options: BrokerOptions = {}): BrokerOptions {
  return {
    memory: true,
    worker: false,
    ...options,
    config: {
      listeners: 'SSL://127.0.0.1:0',
      'ssl.keystore.key': server.key,
      'ssl.keystore.certificate.chain': server.cert,
      'ssl.truststore.certificates': ca.cert,
      ...config,
    },
  }
}

async function serves(port: number, options: ConnectionOptions = {}): Promise<boolean> {
  try {
    using connection = await RawConnection.openTls(port, { ca: ca.cert, ...options })
    const asked = { includeClusterAuthorizedOperations: true }
    return (await connection.call(apis.DescribeCluster, 0, asked)).brokers[0]!.port === port
  } catch {
    return false
  }
}

/** Why the broker closes connections while `action` runs. */
async function reasons(action: () => Promise<unknown>): Promise<string[]> {
  const found: string[] = []
  const listener = (message: unknown): void => void found.push((message as { error: Error }).error.message)
  subscribe('millrace:broker:connection-closed', listener)
  await action()
  await new Promise((resolve) => setTimeout(resolve, 50))
  unsubscribe('millrace:broker:connection-closed', listener)
  return found
}

test('clients that trust the authority are served, in the worker too; others turn away', async () => {
  await using broker = await startBroker(tls({}, { worker: true }))
  assert.ok(await serves(broker.port))
  await assert.rejects(RawConnection.openTls(broker.port, {}), /self-signed|unable to (get|verify)/)
  assert.deepEqual(
    broker.endpoints.map(({ listener, securityProtocol, brokers }) => [listener, securityProtocol, brokers]),
    [['SSL', 'SSL', broker.brokers]],
  )
})

for (const from of ['disk', 'memory']) {
  test(`large answers arrive whole over TLS, from ${from} and in pieces`, async () => {
    await using folder = await temporaryFolder()
    const dataDir = `${folder.path}/data`
    await using broker = await startBroker(tls({}, from === 'disk' ? { memory: false, dataDir } : {}))
    using connection = await RawConnection.openTls(broker.port, { ca: ca.cert })
    await connection.call(apis.CreateTopics, 7, { topics: [{ name: 'big', numPartitions: 1, replicationFactor: 1 }] })
    const value = 'x'.repeat(250_000)
    for (let index = 0; index < 20; index++) {
      const records = batch([{ value: `${index}${value}` }])
      const topicData = [{ name: 'big', partitionData: [{ index: 0, records }] }]
      await connection.call(apis.Produce, 9, { acks: -1, timeoutMs: 1000, topicData })
    }
    const topics = [{ topic: 'big', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50_000_000 }] }]
    const limits = { maxWaitMs: 100, minBytes: 1, maxBytes: 50_000_000, sessionEpoch: -1 }
    const { responses } = await connection.call(apis.Fetch, 12, { ...limits, topics })
    const values = readAll(responses[0]!.partitions[0]!.records)
    assert.equal(values.length, 20)
    for (const [index, [offset, text]] of values.entries()) {
      assert.equal(offset, index)
      assert.ok(text === `${index}${value}`)
    }
  })
}

test('versions of TLS are those of the setting', async () => {
  await using only13 = await startBroker(tls({ 'ssl.enabled.protocols': 'TLSv1.3' }))
  await using only12 = await startBroker(
    tls({ 'ssl.enabled.protocols': 'TLSv1.2', 'ssl.cipher.suites': 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' }),
  )
  assert.deepEqual([await serves(only13.port), await serves(only13.port, { maxVersion: 'TLSv1.2' })], [true, false])
  assert.deepEqual([await serves(only12.port), await serves(only12.port, { minVersion: 'TLSv1.3' })], [true, false])
  assert.equal(await serves(only12.port, { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }), false)
})

test('a required certificate makes the principal, by the mapping rules', async () => {
  const options = tls({
    'ssl.client.auth': 'required',
    'ssl.principal.mapping.rules': 'RULE:^CN=(.*?),OU=orders.*$/$1/L',
  })
  const broker = await BrokerServer.start(resolveOptions(options))
  const asked: string[] = []
  broker.core.authorizer = {
    ...allowAll,
    allows: ({ principal }) => {
      asked.push(`${principal.type}:${principal.name}`)
      return true
    },
  }
  const { port } = broker.endpoints[0]!
  const alice = await ca.client([
    ['CN', 'Alice'],
    ['OU', 'orders'],
    ['O', 'Acme'],
  ])
  const eve = await ca.client([
    ['CN', 'Eve'],
    ['OU', 'sales'],
    ['O', 'Acme'],
  ])
  const stranger = await (await authority('Another')).client([
    ['CN', 'Alice'],
    ['OU', 'orders'],
    ['O', 'Acme'],
  ])
  const outcomes: boolean[] = []
  const found = await reasons(async () => {
    for (const one of [alice, eve, stranger, {}]) outcomes.push(await serves(port, one))
  })
  await broker.close()
  assert.deepEqual(outcomes, [true, false, false, false])
  assert.deepEqual([...new Set(asked)], ['User:alice'])
  assert.equal(found.length, 3)
  assert.match(found[0]!, /no rule .* fits/)
})

test('a requested certificate may be missing and must not be bad', async () => {
  await using broker = await startBroker(tls({ 'ssl.client.auth': 'requested' }))
  const alice = await ca.client([['CN', 'alice']])
  const stranger = await (await authority('Another')).client([['CN', 'alice']])
  const outcomes = [await serves(broker.port), await serves(broker.port, alice), await serves(broker.port, stranger)]
  assert.deepEqual(outcomes, [true, true, false])
})

test('SASL over TLS asks for no certificate, whatever the broker-wide setting says', async () => {
  const config = { listeners: 'SASL_SSL://127.0.0.1:0', 'ssl.client.auth': 'required' }
  await using broker = await startBroker(tls(config, { users: { admin: 'first' } }))
  using connection = await RawConnection.openTls(broker.port, { ca: ca.cert })
  assert.equal((await scram(connection, 'admin', 'first')).errorCode, 0)
  assert.equal((await connection.call(apis.Metadata, 12, { topics: [] })).brokers.length, 1)
})

test('a refusal arrives over TLS although requests follow what was refused', async () => {
  const config = { listeners: 'SASL_SSL://127.0.0.1:0', 'sasl.enabled.mechanisms': 'PLAIN' }
  await using broker = await startBroker(tls(config, { users: { admin: 'first' } }))
  using connection = await RawConnection.openTls(broker.port, { ca: ca.cert })
  connection.socket.cork()
  connection.send(apis.SaslHandshake, 1, 1, { mechanism: 'PLAIN' })
  connection.send(apis.SaslAuthenticate, 2, 2, { authBytes: Buffer.from('\0admin\0wrong') })
  for (let index = 0; index < 20; index++) connection.send(apis.Metadata, 12, 3, { topics: [] })
  connection.socket.uncork()
  await connection.frame()
  const { body } = decodeResponse({ api: apis.SaslAuthenticate, version: 2, bytes: await connection.frame() })
  assert.equal(body.errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED)
  await assert.rejects(connection.frame(), /closed/)
})

test('who does not finish the handshake is dropped after a deadline, who speaks something else at once', async () => {
  await using broker = await startBroker(tls({ 'connection.authentication.timeout.ms': '300' }))
  const found = await reasons(async () => {
    using silent = await RawConnection.open(broker.port)
    using slow = await RawConnection.open(broker.port)
    slow.socket.write(Buffer.from('160301', 'hex'))
    using plain = await RawConnection.open(broker.port)
    plain.send(apis.ApiVersions, 0, 1, {})
    await plain.closed
    const before = Date.now()
    await Promise.all([silent.closed, slow.closed])
    assert.ok(Date.now() - before < 2000)
  })
  assert.equal(found.length, 3)
  assert.ok(found.every((reason) => reason.includes('TLS handshake failed')))
  assert.ok(await serves(broker.port))
})

test('a peer that does not read its answers over TLS is dropped, one that reads slowly is not', async () => {
  await using broker = await startBroker(tls({ 'request.timeout.ms': '1500' }))
  using greedy = await RawConnection.openTls(broker.port, { ca: ca.cert })
  await greedy.call(apis.CreateTopics, 7, { topics: [{ name: 'big', numPartitions: 1, replicationFactor: 1 }] })
  const records = batch([{ value: 'x'.repeat(900_000) }])
  for (let index = 0; index < 12; index++) {
    const topicData = [{ name: 'big', partitionData: [{ index: 0, records: Buffer.from(records) }] }]
    await greedy.call(apis.Produce, 9, { acks: -1, timeoutMs: 1000, topicData })
  }
  const topics = [{ topic: 'big', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50_000_000 }] }]
  const fetch = { maxWaitMs: 100, minBytes: 1, maxBytes: 50_000_000, sessionEpoch: -1, topics }
  using slow = await RawConnection.openTls(broker.port, { ca: ca.cert })
  slow.send(apis.Fetch, 12, 1, fetch)
  const reading = setInterval(() => {
    slow.socket.resume()
    setTimeout(() => slow.socket.pause(), 5)
  }, 100)
  greedy.socket.pause()
  greedy.send(apis.Fetch, 12, 1, fetch)
  const found = await reasons(() => new Promise((resolve) => setTimeout(resolve, 4000)))
  clearInterval(reading)
  slow.socket.resume()
  assert.equal(found.length, 1)
  assert.match(found[0]!, /answers were not read/)
  assert.ok((await slow.frame()).length > 10_000_000)
})

const keystores: [string, () => Promise<Record<string, string>>, RegExp][] = [
  ['no key', async () => ({ 'ssl.keystore.key': '' }), /ssl\.keystore\.key is missing/],
  ['a file that is not there', async () => ({ 'ssl.keystore.location': '/no/such.pem' }), /\/no\/such\.pem.*ENOENT/],
  ['the key of another', async () => ({ 'ssl.keystore.key': (await ca.server()).key }), /not that of the certificate/],
  ['a certificate for a key', async () => ({ 'ssl.keystore.key': server.cert }), /no private key in PEM/],
  ['no certificate', async () => ({ 'ssl.keystore.certificate.chain': server.key }), /no certificate in PEM/],
  [
    'JKS',
    async () => ({ 'ssl.keystore.type': 'JKS', 'ssl.keystore.location': 'k.jks' }),
    /keytool -importkeystore -srckeystore k\.jks/,
  ],
  ['a suite that is none', async () => ({ 'ssl.cipher.suites': 'TLS_FOO' }), /ssl\.cipher\.suites cannot be used/],
  [
    'clients that nobody vouches for',
    async () => ({ 'ssl.client.auth': 'required', 'ssl.truststore.certificates': '' }),
    /ssl\.truststore\.certificates is missing/,
  ],
  [
    'trust in PKCS12',
    async () => ({ 'ssl.client.auth': 'required', 'ssl.truststore.type': 'PKCS12' }),
    /openssl pkcs12/,
  ],
]
for (const [what, config, message] of keystores) {
  test(`a listener with ${what} does not start, and says what to do`, async () => {
    await assert.rejects(startBroker(tls(await config())), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'BROKER_TLS_INVALID')
      assert.match(error.message, message)
      assert.ok(!error.message.includes(server.key.split('\n')[1]!), 'the key is not told')
      return true
    })
  })
}

test('key and chain may stand in one file, the key under a password', async () => {
  const encrypted = createPrivateKey(server.key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' })
    .toString()
  await using folder = await temporaryFolder()
  const location = await folder.write('broker.pem', [encrypted, server.cert, ca.cert].join('\n'))
  const config = { 'ssl.keystore.location': location, 'ssl.keystore.key': '', 'ssl.keystore.certificate.chain': '' }
  await assert.rejects(startBroker(tls(config)), /ssl\.key\.password is missing/)
  await assert.rejects(startBroker(tls({ ...config, 'ssl.key.password': 'x' })), /does not open/)
  await using broker = await startBroker(tls({ ...config, 'ssl.key.password': 'open' }))
  assert.ok(await serves(broker.port))
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0 || process.env.MILLRACE_REQUIRE_KAFKA === '1'
const opensslMissing = hasOpenssl ? false : 'openssl is not installed'
test('a keystore may be PKCS12', { skip: opensslMissing }, async () => {
  await using folder = await temporaryFolder()
  const key = await folder.write('key.pem', server.key)
  const chain = await folder.write('chain.pem', [server.cert, ca.cert].join('\n'))
  const location = key.replace('key.pem', 'broker.p12')
  const made = spawnSync('openssl', [
    'pkcs12',
    '-export',
    '-inkey',
    key,
    '-in',
    chain,
    '-out',
    location,
    '-passout',
    'pass:open',
  ])
  assert.equal(made.status, 0, made.stderr.toString())
  const config = { 'ssl.keystore.type': 'PKCS12', 'ssl.keystore.location': location }
  await assert.rejects(startBroker(tls({ ...config, 'ssl.keystore.password': 'x' })), /cannot be opened as PKCS12/)
  await using broker = await startBroker(tls({ ...config, 'ssl.keystore.password': 'open' }))
  assert.ok(await serves(broker.port))
})

let several: Broker | undefined
after(() => several?.close())

test('each listener tells its own address, and secrets are told to nobody', async () => {
  several = await startBroker(
    tls({
      listeners: 'INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0',
      'advertised.listeners': 'OUTSIDE://kafka.example.org:9093',
      'listener.security.protocol.map': 'INSIDE:PLAINTEXT,OUTSIDE:SSL',
      'listener.name.outside.ssl.keystore.key': server.key,
    }),
  )
  const [inside, outside] = several.endpoints
  using plain = await RawConnection.open(inside!.port)
  using secure = await RawConnection.openTls(outside!.port, { ca: ca.cert })
  const expected = [
    [plain, '127.0.0.1', inside!.port],
    [secure, 'kafka.example.org', 9093],
  ] as const
  for (const [connection, host, port] of expected) {
    const { brokers } = await connection.call(apis.Metadata, 12, { topics: [] })
    const cluster = await connection.call(apis.DescribeCluster, 2, {})
    const { coordinators } = await connection.call(apis.FindCoordinator, 4, { keyType: 0, coordinatorKeys: ['g'] })
    for (const one of [brokers[0]!, cluster.brokers[0]!, coordinators[0]!]) {
      assert.deepEqual([one.host, one.port], [host, port])
    }
  }
  const resources = [{ resourceType: 4, resourceName: '1', configurationKeys: null }]
  const { results } = await plain.call(apis.DescribeConfigs, 4, { resources, includeSynonyms: true })
  const secret = results[0]!.configs.filter(({ isSensitive }) => isSensitive)
  const names = secret.map(({ name }) => name)
  assert.ok(names.includes('ssl.keystore.key') && names.includes('listener.name.outside.ssl.keystore.key'))
  assert.ok(secret.every(({ value, synonyms }) => value === null && synonyms.every((one) => one.value === null)))
  assert.ok(!JSON.stringify(results).includes('PRIVATE KEY'))
  const shown = Object.fromEntries(results[0]!.configs.map(({ name, value }) => [name, value]))
  assert.equal(shown['listener.security.protocol.map'], 'INSIDE:PLAINTEXT,OUTSIDE:SSL')
})
