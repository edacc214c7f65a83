import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { kafkaClient, networkTransport, type SaslOptions } from '@millrace/kafka'
import { type ApacheKafka, apacheKafkaUnavailable, startApacheKafka } from './apache-kafka.ts'

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required'

describe('SASL against Apache Kafka', { skip: apacheKafkaUnavailable() }, () => {
  let kafka: ApacheKafka
  before(async () => {
    kafka = await startApacheKafka({
      config: {
        'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
        'sasl.enabled.mechanisms': mechanisms.join(','),
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config': `${plain} username="broker" password="b" user_broker="b" user_app="secret";`,
        'listener.name.plaintext.scram-sha-256.sasl.jaas.config': `${scram};`,
        'listener.name.plaintext.scram-sha-512.sasl.jaas.config': `${scram};`,
      },
      scram: ['SCRAM-SHA-256=[name=app,password=secret]', 'SCRAM-SHA-512=[name=app,password=secret]'],
    })
  })
  after(() => kafka?.close())

  const client = (sasl?: SaslOptions) =>
    kafkaClient({
      brokers: kafka.brokers,
      operationTimeoutMs: 30_000,
      transport: networkTransport({ ...(sasl && { sasl }) }),
    })

  for (const mechanism of mechanisms) {
    test(`${mechanism} with the right password`, async () => {
      await using authenticated = client({ mechanism, username: 'app', password: 'secret' })
      assert.equal((await authenticated.admin.describeCluster()).brokers.length, 1)
    })

    test(`${mechanism} with a wrong password fails at once and says so`, async () => {
      await using refused = client({ mechanism, username: 'app', password: 'wrong' })
      await assert.rejects(refused.admin.describeCluster(), { code: 'KAFKA_AUTHENTICATION_FAILED' })
    })
  }
})
