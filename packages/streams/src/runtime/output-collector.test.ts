import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { OutputCollector } from './output-collector.ts'
import { Refusals } from './refusals.ts'

interface Sent {
  readonly bytes: Buffer
  readonly values: () => (string | undefined)[]
  readonly acknowledge: () => Promise<void>
  readonly fail: () => Promise<void>
}

/** Every record is a batch of its own. */
function collecting() {
  const sent: Sent[] = []
  const collector = new OutputCollector({
    applicationId: 'shop',
    batchMaxBytes: 1,
    deadLetterTopic: undefined,
    partitionsOf: () => 1,
    refusals: new Refusals(),
    send: (_topic, _partition, batch: RecordBatchBuilder) =>
      new Promise((resolve, reject) => {
        const bytes = batch.build()
        const settled = (settle: () => void) => async (): Promise<void> => {
          settle()
          await new Promise((done) => setImmediate(done))
        }
        sent.push({
          bytes,
          values: () => valuesOf(bytes),
          acknowledge: settled(() => resolve({ baseOffset: 0 })),
          fail: settled(() => reject(new Error('lost'))),
        })
      }),
  })
  const write = (value: string): void => collector.produce('out', 0, 1, null, Buffer.from(value), [])
  return { sent, write }
}

function valuesOf(bytes: Buffer): (string | undefined)[] {
  const values: (string | undefined)[] = []
  const view = new RecordBatchView(bytes, 0)
  for (const cursor = view.cursor(); cursor.next(); ) values.push(cursor.valueBytes()?.toString())
  return values
}

test('memory of a batch is used again once the batch is acknowledged, and not before', async () => {
  const { sent, write } = collecting()
  write('first')
  write('second')
  assert.deepEqual([sent[0]?.values(), sent[1]?.values()], [['first'], ['second']])
  await sent[0]?.acknowledge()
  write('third')
  assert.deepEqual([sent[1]?.values(), sent[2]?.values()], [['second'], ['third']])
  assert.equal(sent[2]?.bytes.byteOffset, sent[0]?.bytes.byteOffset)
  assert.equal(sent[2]?.bytes.buffer, sent[0]?.bytes.buffer)
})

test('of a batch that failed nobody knows who still sends it', async () => {
  const { sent, write } = collecting()
  write('first')
  await sent[0]?.fail()
  write('second')
  assert.deepEqual([sent[0]?.values(), sent[1]?.values()], [['first'], ['second']])
})
