import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { apacheKafkaUnavailable, startApacheKafka } from './apache-kafka.ts'

test('Apache Kafka starts, answers, and is gone after close', { skip: apacheKafkaUnavailable() }, async () => {
  const kafka = await startApacheKafka()
  const port = Number(kafka.brokers.split(':')[1])
  assert.equal(await opens(port), true)
  await kafka.close()
  assert.equal(await opens(port), false)
})

function opens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
