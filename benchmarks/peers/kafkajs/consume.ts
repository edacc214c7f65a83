// kafkajs, batch by batch, at its defaults; the same work as ours.
import { Kafka, logLevel } from 'kafkajs'
import { drive } from '../../src/drivers/driver.ts'

const [brokers = '', topic = '', expected = ''] = process.argv.slice(2)
const kafka = new Kafka({ clientId: 'bench-kafkajs', brokers: [brokers], logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId: `bench-kafkajs-${process.pid}` })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })

await drive(async () => {
  const wanted = Number(expected)
  let records = 0
  let bytes = 0
  let sum = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: true,
    eachBatch: async ({ batch }) => {
      for (const { value } of batch.messages) {
        if (value === null) continue
        records++
        bytes += value.length
        sum = (sum + value.readInt32BE(0)) | 0
      }
      if (records >= wanted) resolve()
    },
  })
  await promise
  return { records, bytes, sum }
})
