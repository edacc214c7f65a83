import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type StreamsInstance, startStreams, topology } from '../../packages/streams/src/index.ts'
import { waitUntil } from '../../packages/streams/test/support/kafka.ts'
import { smallDisk } from './small-disk.ts'

const notes = topic('notes', { key: serdes.string, value: serdes.string })
const counted = topic('counted', { key: serdes.string, value: serdes.json<number>() })
const noteCharacters = 50_000

async function write(client: KafkaClient, from: number, count: number): Promise<void> {
  await using producer = client.producer()
  for (let at = from; at < from + count; at++) {
    const value = Buffer.from(randomBytes(noteCharacters / 2).toString('hex'))
    await producer.send({ topic: notes.name, partition: 0, key: Buffer.from(`note ${at}`), value })
  }
}

test('a full disk under the state of an application ends it with a named error, and room heals it without a loss', async (t) => {
  const disk = await smallDisk()
  if (typeof disk === 'string') return t.skip(disk)
  try {
    await using broker = await startBroker({ memory: true })
    await using client = kafkaClient({ brokers: broker.brokers })
    await client.admin.createTopics([notes, counted].map(({ name }) => ({ name, partitions: 1 })))
    const start = (): Promise<StreamsInstance> =>
      startStreams({
        topology: () => {
          const app = topology('notes-app')
          const rows = app.table(notes, { store: 'notes' })
          rows
            .groupBy((note, key) => ['all', `${key} ${note.length}`], { name: 'all' })
            .count({ store: 'count' })
            .to(counted)
          return app
        },
        brokers: broker.brokers,
        stateDir: join(disk.folder, 'state'),
      })
    const all = 400
    {
      await using streams = await start()
      await waitUntil(() => streams.state() === 'running')
      await write(client, 0, all)
      await assert.rejects(streams.finished, { code: 'STREAMS_STATE_FAILED' })
      assert.equal(streams.state(), 'error')
    }
    {
      // As long as there is no room it says so again, and nothing is taken back that was committed.
      await using streams = await start().catch((error: unknown) => {
        assert.equal((error as { code: string }).code, 'STREAMS_STATE_FAILED')
        return { finished: Promise.reject(error), [Symbol.asyncDispose]: () => Promise.resolve() }
      })
      await assert.rejects(streams.finished, { code: 'STREAMS_STATE_FAILED' })
    }
    disk.remount('256m')
    await using streams = await start()
    await waitUntil(() => streams.state() === 'running')
    const count = (): unknown => streams.queries.get('count', 'all')?.value
    await waitUntil(() => Number(count()) === all)
    await write(client, all, 5)
    await waitUntil(() => Number(count()) === all + 5)
    assert.equal(streams.queries.range('notes', { limit: 1_000 }).length, all + 5)
  } finally {
    await disk.close()
  }
})
