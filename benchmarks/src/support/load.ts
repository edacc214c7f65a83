import { randomFillSync } from 'node:crypto'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { RecordBatchBuilder } from '@millrace/protocol'

export interface Load {
  readonly topic: string
  readonly partitions: number
  readonly records: number
  readonly batchBytes: number
  /** The key and value of a record; the buffers are copied and may be used again. */
  record(index: number): { readonly key: Uint8Array | null; readonly value: Uint8Array }
  /** Default: record after record in turn. */
  partition?(index: number): number
  /** Default: all of them now. */
  timestampMs?(index: number): number
  /** Settings of the topic beside those that keep its records. */
  readonly config?: Readonly<Record<string, string>>
}

/** Nothing expires while it is measured. */
const topicConfig = { 'retention.ms': '-1', 'retention.bytes': '-1' }

export async function createTopic(
  client: KafkaClient,
  name: string,
  partitions: number,
  config: Load['config'] = {},
): Promise<void> {
  await client.admin.createTopics([{ name, partitions, config: { ...topicConfig, ...config } }])
}

/** Creates a topic and fills it. */
export async function loadTopic(brokers: string, load: Load): Promise<void> {
  await using client = kafkaClient({ brokers, clientId: 'bench-load' })
  const { topic, partitions, records, batchBytes, partition = (index: number) => index % partitions } = load
  await createTopic(client, topic, partitions, load.config)
  await using producer = client.producer()
  const builder = (): RecordBatchBuilder => new RecordBatchBuilder({ initialBytes: batchBytes + 1_024 })
  const open = Array.from({ length: partitions }, builder)
  const nowMs = Date.now()
  const sending = new Set<Promise<unknown>>()
  const send = async (number: number): Promise<void> => {
    const batch = open[number] as RecordBatchBuilder
    if (batch.count === 0) return
    open[number] = builder()
    const sent: Promise<unknown> = producer.sendBatch({ topic, partition: number, batch })
    sending.add(sent)
    sent.then(
      () => sending.delete(sent),
      () => {},
    )
    if (sending.size > 64) await Promise.race(sending)
  }
  for (let index = 0; index < records; index++) {
    const number = partition(index)
    const { key, value } = load.record(index)
    const timestampMs = load.timestampMs?.(index) ?? nowMs
    if ((open[number] as RecordBatchBuilder).append(timestampMs, key, value) >= batchBytes) await send(number)
  }
  for (let number = 0; number < partitions; number++) await send(number)
  await Promise.all(sending)
}

/** Values of a fixed size that are all different and do not compress: noise, and the index in front. */
export function noise(bytes: number): (index: number) => { key: null; value: Buffer } {
  const value = randomFillSync(Buffer.alloc(bytes))
  return (index) => {
    value.writeInt32BE(index, 0)
    return { key: null, value }
  }
}

/** How many records a topic holds. */
export async function countRecords(brokers: string, topic: string): Promise<number> {
  await using client = kafkaClient({ brokers, clientId: 'bench-count' })
  const [described] = await client.admin.describeTopics([topic])
  const ends = (described?.partitions ?? []).map(({ partition }) => ({ topic, partition, at: 'latest' as const }))
  return (await client.admin.listOffsets(ends)).reduce((sum, { offset }) => sum + offset, 0)
}
