import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { sampleRecords } from './sample-batches.ts'
import { askJava, javaUnavailable } from './wire.ts'

const bytesOf = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'))

test('Kafka reads the batches we build, whatever the codec', { skip: javaUnavailable() ?? false }, () => {
  const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
  const cases = compressions.flatMap((compression) =>
    [1, 40, 3000].map((count) => ({ compression, records: sampleRecords(count, 800) })),
  )
  const answers = askJava(
    cases.map(({ compression, records }) => {
      const builder = new RecordBatchBuilder({ compression })
      for (const { timestamp, key, value, headers } of records) {
        const list = headers.map((header) => ({ key: header.key, value: bytesOf(header.value) }))
        builder.append(timestamp, bytesOf(key), bytesOf(value), list)
      }
      const bytes = builder.build({ baseOffset: 100, producerId: 6, producerEpoch: 1, baseSequence: 0 })
      return { op: 'read', bytes: bytes.toString('base64') }
    }),
  )
  for (const [index, { compression, records }] of cases.entries()) {
    const { error, batches } = answers[index] as { error?: string; batches: { records: object[] }[] }
    assert.equal(error, undefined, `${compression}, ${records.length} records`)
    assert.equal(batches.length, 1)
    assert.partialDeepStrictEqual(batches[0], { compression, baseOffset: 100, producerId: 6 })
    assert.deepEqual(
      batches[0]!.records,
      records.map((record, at) => ({ offset: 100 + at, ...record })),
    )
  }
})

test('Kafka accepts a batch after its append time was stamped', { skip: javaUnavailable() ?? false }, () => {
  const builder = new RecordBatchBuilder()
  builder.append(5, null, Buffer.from('v'))
  const view = new RecordBatchView(builder.build())
  view.stamp({ baseOffset: 9, leaderEpoch: 3 })
  view.stampAppendTime(1_700_000_000_000)
  const [answer] = askJava([{ op: 'read', bytes: view.bytes().toString('base64') }])
  assert.partialDeepStrictEqual(answer, {
    batches: [
      {
        baseOffset: 9,
        leaderEpoch: 3,
        timestampType: 'LogAppendTime',
        records: [{ offset: 9, timestamp: 1_700_000_000_000 }],
      },
    ],
  })
})
