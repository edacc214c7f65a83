import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import { topicEnds, vanishedKeys } from '../src/sources/postgres/snapshots/vanished-keys.ts'

test('keys that came back are those that were committed: what a crash left open and aborted says nothing', async () => {
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: 'rows', partitions: 1 }])
  await using producer = client.producer({ transactionalId: 'source' })
  await producer.init()
  const write = async (records: Record<string, string | null>, end: 'commit' | 'abort' = 'commit'): Promise<void> => {
    producer.begin()
    for (const [key, value] of Object.entries(records)) {
      await producer.send({ topic: 'rows', key: Buffer.from(key), value: value === null ? null : Buffer.from(value) })
    }
    await producer[end]()
  }
  await write({ a: '1', b: '1', c: '1', d: '1' })
  await write({ a: null }, 'abort')
  await write({ d: null })
  const search = await topicEnds(client, ['rows'])
  await write({ c: '2' })
  await write({ a: null, b: null }, 'abort')
  const found: string[] = []
  for await (const { key } of vanishedKeys(client, search)) found.push(key.toString())
  assert.deepEqual(found.sort(), ['a', 'b'])
})
