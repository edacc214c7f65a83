// A client that speaks another security protocol than the listener is told which one it may be.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { isMillraceError } from '@millrace/base'
import { type Broker, startBroker } from '@millrace/broker'
import { kafkaClient, type NetworkTransportOptions, networkTransport } from '@millrace/kafka'
import { type Authority, authority } from '../../broker/test/support/certificates.ts'

let ca: Authority
let broker: Broker
before(async () => {
  ca = await authority()
  const { key, cert } = await ca.server()
  broker = await startBroker({
    memory: true,
    worker: false,
    users: { alice: 'secret' },
    config: {
      listeners: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL', 'MUTUAL']
        .map((name) => `${name}://127.0.0.1:0`)
        .join(','),
      'listener.security.protocol.map':
        'PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,MUTUAL:SSL',
      'ssl.keystore.key': key,
      'ssl.keystore.certificate.chain': cert,
      'ssl.truststore.certificates': ca.cert,
      'listener.name.mutual.ssl.client.auth': 'required',
      'connection.failed.authentication.delay.ms': '10',
    },
  })
})
after(() => broker.close())

/** What a client is told, from the outermost error in. */
async function told(
  port: number,
  options: NetworkTransportOptions,
): Promise<{ codes: string[]; text: string; remedy: string }> {
  const transport = networkTransport(options)
  await using client = kafkaClient({ brokers: `127.0.0.1:${port}`, operationTimeoutMs: 600, transport })
  try {
    await client.admin.describeCluster()
  } catch (error) {
    assert.ok(isMillraceError(error))
    const codes: string[] = []
    let text = ''
    for (let one: unknown = error; one instanceof Error; one = one.cause) {
      if (isMillraceError(one)) codes.push(one.code)
      text += `${one.message}\n`
    }
    return { codes, text, remedy: error.remedy }
  }
  throw new Error('the client was served')
}

function portOf(listener: string): number {
  const found = broker.endpoints.find((endpoint) => endpoint.listener === listener)
  assert.ok(found)
  return found.port
}

const sasl = { mechanism: 'SCRAM-SHA-512', username: 'alice', password: 'secret' } as const
const trusting = (): NetworkTransportOptions => ({ tls: { ca: ca.cert } })

const hungUp: readonly (readonly [string, string, () => NetworkTransportOptions, RegExp])[] = [
  ['plain text to a listener with TLS', 'SSL', () => ({}), /may want TLS/],
  ['a login in plain text to a listener with TLS', 'SASL_SSL', () => ({ sasl }), /may want TLS/],
  ['TLS to a listener without', 'PLAINTEXT', trusting, /may want no TLS/],
  ['TLS and a login to a listener without TLS', 'SASL_PLAINTEXT', () => ({ ...trusting(), sasl }), /may want no TLS/],
  ['no login where one is needed', 'SASL_PLAINTEXT', () => ({}), /may want a login \(SASL\)/],
  ['no login where one is needed, with TLS', 'SASL_SSL', trusting, /may want a login \(SASL\)/],
]
for (const [what, listener, options, reason] of hungUp) {
  test(`${what}: tried again, and the end names the likely reason`, async () => {
    const { codes, text, remedy } = await told(portOf(listener), options())
    assert.equal(codes[0], 'KAFKA_TIMEOUT')
    assert.equal(codes.at(-1), 'KAFKA_HUNG_UP')
    assert.match(text, reason)
    assert.match(remedy, /`--tls`.*`--ca`.*`--login`.*`tls` and `sasl`/)
  })
}

test('a certificate that nobody vouches for, and none where one is asked for, are told at once', async () => {
  const untrusted = await told(portOf('SSL'), { tls: true })
  assert.deepEqual(untrusted.codes, ['KAFKA_TLS_FAILED'])
  assert.match(untrusted.remedy, /`--ca`/)
  const missing = await told(portOf('MUTUAL'), trusting())
  assert.deepEqual(missing.codes, ['KAFKA_TLS_FAILED'])
  assert.match(missing.remedy, /`--cert`/)
})

test('a TLS alert and an answer that is no TLS are recognised', async () => {
  for (const [answer, options] of [
    [Buffer.from([0x15, 3, 3, 0, 2, 2, 70]), {}],
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), { tls: true }],
  ] as const) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(answer))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { codes, remedy } = await told((server.address() as AddressInfo).port, options)
    server.close()
    assert.deepEqual(codes, ['KAFKA_TLS_FAILED'])
    assert.match(remedy, /`--tls`/)
  }
})
