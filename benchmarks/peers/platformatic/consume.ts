// @platformatic/kafka through its stream's data events, at its defaults; the same work as ours.
import { Consumer, MessagesStreamModes } from '@platformatic/kafka'
import { drive } from '../../src/drivers/driver.ts'

const [brokers = '', topic = '', expected = ''] = process.argv.slice(2)
const consumer = new Consumer({
  clientId: 'bench-platformatic',
  groupId: `bench-platformatic-${process.pid}`,
  bootstrapBrokers: [brokers],
  // As the other clients' default; its own is 50 MiB, which costs it memory and time here.
  maxBytesPerPartition: 1_048_576,
})
await consumer.metadata({ topics: [topic] })

await drive(async () => {
  const wanted = Number(expected)
  let records = 0
  let bytes = 0
  let sum = 0
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false })
  stream.on('error', reject)
  stream.on('data', ({ value }) => {
    records++
    bytes += value.length
    sum = (sum + value.readInt32BE(0)) | 0
    if (records === wanted) resolve()
  })
  await promise
  return { records, bytes, sum }
})
