// Our consumer, batch by batch: counts records and value bytes, and sums up the first four bytes of each value.
import { kafkaClient } from '@millrace/kafka'
import { drive } from './driver.ts'

const [brokers = '', topic = '', expected = ''] = process.argv.slice(2)
const client = kafkaClient({ brokers, clientId: 'bench-millrace' })
const [described] = await client.admin.describeTopics([topic])
const consumer = client.consumer()

await drive(async () => {
  consumer.assign((described?.partitions ?? []).map(({ partition }) => ({ topic, partition })))
  const wanted = Number(expected)
  let records = 0
  let bytes = 0
  let sum = 0
  while (records < wanted) {
    for (const { batches, firstOffset } of await consumer.poll({ timeoutMs: 1_000 })) {
      for (const batch of batches) {
        for (const cursor = batch.cursor(); cursor.next(); ) {
          if (cursor.offset < firstOffset) continue
          records++
          bytes += cursor.valueLength
          sum = (sum + cursor.buffer.readInt32BE(cursor.valueStart)) | 0
        }
      }
    }
  }
  return { records, bytes, sum }
})
