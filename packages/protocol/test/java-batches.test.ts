import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controlBatch, controlType, RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { type BatchFixture, batchFixtures, type SampleRecord } from './fixtures.ts'

const fixtures = batchFixtures()
const nameOf = ({ made }: BatchFixture): string =>
  made.op === 'control' ? `a ${made.type} marker` : `${made.compression}, ${made.records.length} records`

const base64 = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null
const bytesOf = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'))

function readRecords(batch: RecordBatchView): (SampleRecord & { offset: number })[] {
  const records = []
  for (const cursor = batch.cursor(); cursor.next(); ) {
    const headers = cursor.headers().map(({ key, value }) => ({ key, value: base64(value) }))
    const { offset, timestamp } = cursor
    records.push({ offset, timestamp, key: base64(cursor.keyBytes()), value: base64(cursor.valueBytes()), headers })
  }
  return records
}

for (const fixture of fixtures) {
  test(`what Java reads in a batch of its own, we read too: ${nameOf(fixture)}`, () => {
    const view = new RecordBatchView(Buffer.from(fixture.bytes, 'base64'))
    const { records, ...header } = fixture.batch
    assert.equal(view.isCrcValid(), true)
    assert.deepEqual(
      {
        baseOffset: view.baseOffset,
        lastOffset: view.lastOffset,
        leaderEpoch: view.leaderEpoch,
        compression: view.compression,
        timestampType: view.timestampType === 'createTime' ? 'CreateTime' : 'LogAppendTime',
        maxTimestamp: view.maxTimestamp,
        producerId: view.producerId,
        producerEpoch: view.producerEpoch,
        baseSequence: view.baseSequence,
        isTransactional: view.isTransactional,
        isControl: view.isControl,
        recordCount: view.recordCount,
        sizeInBytes: view.sizeInBytes,
      },
      header,
    )
    assert.deepEqual(readRecords(view), records)
  })
}

for (const fixture of fixtures.filter(({ made }) => made.op === 'batch' && !made.appendTime)) {
  const { made, bytes } = fixture
  test(`our builder makes the batch that Java makes: ${nameOf(fixture)}`, () => {
    const builder = new RecordBatchBuilder({ compression: made.compression, initialBytes: 64 })
    for (const { timestamp, key, value, headers } of made.records) {
      const list = headers.map((header) => ({ key: header.key, value: bytesOf(header.value) }))
      builder.append(timestamp, bytesOf(key), bytesOf(value), list)
    }
    const built = builder.build(made)
    // Compressors differ in what they find; their output is compared by what is in it.
    if (made.compression === 'none') assert.equal(built.toString('base64'), bytes)
    const view = new RecordBatchView(built)
    assert.equal(view.isCrcValid(), true)
    assert.deepEqual(readRecords(view), fixture.batch.records)
  })
}

for (const fixture of fixtures.filter(({ made }) => made.op === 'control')) {
  const { made, bytes } = fixture
  test(`our transaction marker is Java's: ${made.type}`, () => {
    assert.equal(controlBatch({ ...made, type: made.type! }).toString('base64'), bytes)
    const cursor = new RecordBatchView(Buffer.from(bytes, 'base64')).cursor()
    assert.equal(cursor.next(), true)
    assert.equal(controlType(cursor), made.type)
  })
}
