import { createHash } from 'node:crypto'
import { kafkaClient } from '@millrace/kafka'

/** The committed records of a topic, the views valid during the call only. */
export async function readCommitted(
  brokers: string,
  topic: string,
  onRecord: (key: Buffer | null, value: Buffer | null) => void,
): Promise<void> {
  await using client = kafkaClient({ brokers, clientId: 'bench-digest' })
  const consumer = client.consumer({ isolation: 'read_committed' })
  const [described] = await client.admin.describeTopics([topic])
  const partitions = (described?.partitions ?? []).map(({ partition }) => ({ topic, partition }))
  const ends = await consumer.endOffsets(partitions)
  consumer.assign(partitions)
  const isBehind = (): boolean => ends.some((end) => end.offset > (consumer.position(end) ?? 0))
  while (isBehind()) {
    for (const { batches, firstOffset } of await consumer.poll({ timeoutMs: 1_000 })) {
      for (const batch of batches) {
        for (const cursor = batch.cursor(); cursor.next(); ) {
          if (cursor.offset >= firstOffset) onRecord(cursor.keyBytes(), cursor.valueBytes())
        }
      }
    }
  }
}

/** Of a multiset of texts: the same whatever their order. */
export class Digest {
  #count = 0
  #sum = 0

  add(text: string): void {
    this.#count++
    this.#sum = (this.#sum + createHash('sha1').update(text).digest().readUIntBE(0, 6)) % 2 ** 48
  }

  toString(): string {
    return `${this.#count} with digest ${this.#sum.toString(16)}`
  }
}
