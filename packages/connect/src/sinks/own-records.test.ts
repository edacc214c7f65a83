import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redriveHeaders } from '@millrace/base/internal'
import { serdes } from '@millrace/contracts'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { ownRecords } from './own-records.ts'
import { contractDecoder } from './record-decoder.ts'

const at = { topic: 'order', topicId: '', partition: 0 }
const back = (application: string, topic = 'order') =>
  redriveHeaders({ topic, origin: 'order/0/1@0', application, count: 1 })

for (const compression of ['none', 'gzip'] as const) {
  test(`records that came back for another sink are left out, compression ${compression}`, () => {
    const batch = new RecordBatchBuilder({ compression })
    const headers = [
      [],
      back('other'),
      back('mine'),
      back(''),
      back('other', 'upstream'),
      [{ key: 'id', value: Buffer.from('e1') }],
    ]
    for (const [index, given] of headers.entries()) batch.append(0, Buffer.from('k'), Buffer.from(`${index}`), given)
    const decoder = ownRecords(contractDecoder({ key: serdes.string, value: serdes.string }), 'mine')
    const read: unknown[] = []
    for (const cursor = new RecordBatchView(batch.build()).cursor(); cursor.next(); ) {
      read.push(decoder.decode(cursor, at)?.value)
    }
    assert.deepEqual(read, ['0', undefined, '2', '3', '4', '5'])
  })
}
