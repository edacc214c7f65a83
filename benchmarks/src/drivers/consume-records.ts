// Our consumer with an object per record, as most programs use it.
import { decodedRecords, kafkaClient } from '@millrace/kafka'
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
    for (const fetched of await consumer.poll({ timeoutMs: 1_000 })) {
      for (const { value } of decodedRecords(fetched)) {
        if (value === null) continue
        records++
        bytes += value.length
        sum = (sum + value.readInt32BE(0)) | 0
      }
    }
  }
  return { records, bytes, sum }
})
