import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { type Broker, type BrokerOptions, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient, networkTransport, type SaslOptions } from '@millrace/kafka'
import { type Authority, authority, temporaryFolder } from '../../broker/test/support/certificates.ts'
import { type Issuer, issuer } from '../../broker/test/support/issuer.ts'

let ca: Authority
let tokens: Issuer
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let broker: Broker

before(async () => {
  ;[ca, tokens, folder] = await Promise.all([authority(), issuer(), temporaryFolder()])
  broker = await start()
})
after(async () => {
  await broker.close()
  await folder[Symbol.asyncDispose]()
})

async function start(config: Record<string, string> = {}): Promise<Broker> {
  const { key, cert } = await ca.server()
  const options: BrokerOptions = {
    memory: true,
    worker: false,
    users: { alice: 'sécret =,' },
    config: {
      listeners: 'SASL_SSL://127.0.0.1:0',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'sasl.oauthbearer.jwks.endpoint.url': pathToFileURL(await folder.write('jwks.json', tokens.jwks)).href,
      'ssl.keystore.key': key,
      'ssl.keystore.certificate.chain': cert,
      'connection.failed.authentication.delay.ms': '10',
      ...config,
    },
  }
  return startBroker(options)
}

function client(sasl: SaslOptions, brokers = broker.brokers): KafkaClient {
  return kafkaClient({ brokers, operationTimeoutMs: 5000, transport: networkTransport({ tls: { ca: ca.cert }, sasl }) })
}

for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
  test(`${mechanism} over TLS: the right password is served, a wrong one told at once`, async () => {
    await using right = client({ mechanism, username: 'alice', password: 'sécret =,' })
    assert.equal((await right.admin.describeCluster()).brokers.length, 1)
    await using wrong = client({ mechanism, username: 'alice', password: 'secret' })
    await assert.rejects(wrong.admin.describeCluster(), { code: 'KAFKA_AUTHENTICATION_FAILED' })
  })
}

test('OAUTHBEARER: a token is served, a bad one and none are told at once', async () => {
  await using right = client({ mechanism: 'OAUTHBEARER', token: () => tokens.token() })
  assert.equal((await right.admin.describeCluster()).brokers.length, 1)
  const expired = await tokens.token({ exp: 1 })
  await using wrong = client({ mechanism: 'OAUTHBEARER', token: expired })
  await assert.rejects(wrong.admin.describeCluster(), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'KAFKA_AUTHENTICATION_FAILED')
    assert.match(error.message, /invalid_token/)
    assert.ok(!error.message.includes(expired))
    return true
  })
  await using none = client({ mechanism: 'OAUTHBEARER', token: () => Promise.reject(new Error('issuer is down')) })
  await assert.rejects(none.admin.describeCluster(), { code: 'KAFKA_AUTHENTICATION_FAILED' })
})

test('sessions are renewed while records flow, on every connection and without losing one', async () => {
  await using short = await start({ 'connections.max.reauth.ms': '1500' })
  let asked = 0
  const token = (): Promise<string> => {
    asked++
    return tokens.token()
  }
  await using renewing = client({ mechanism: 'OAUTHBEARER', token }, short.brokers)
  await renewing.admin.createTopics([{ name: 'order' }])
  await using producer = renewing.producer()
  await using consumer = renewing.consumer({ groupId: 'g', autoOffsetReset: 'earliest' })
  await consumer.subscribe({ topics: ['order'] })
  const [key, end] = [Buffer.from('k'), Date.now() + 4500]
  let sent = 0
  let read = 0
  const poll = async (): Promise<void> => {
    for (const { batches } of await consumer.poll({ timeoutMs: 100 })) {
      for (const batch of batches) read += batch.recordCount
    }
  }
  const producing = (async () => {
    for (; Date.now() < end; sent++) {
      await producer.send({ topic: 'order', key, value: Buffer.from(String(sent)) })
      await delay(20)
    }
  })()
  while (Date.now() < end) await poll()
  await producing
  for (const limit = Date.now() + 5000; read < sent && Date.now() < limit; ) await poll()
  assert.equal(read, sent)
  assert.ok(sent > 50)
  assert.ok(asked >= 6, `${asked} tokens: at least two connections, each renewed twice`)
})
