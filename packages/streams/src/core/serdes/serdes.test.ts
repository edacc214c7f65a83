import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes } from '@millrace/contracts'
import { windowKey, windowStartOf } from '../stores/window-key.ts'
import { tumbling } from '../windows/windows.ts'
import { decodeChange, encodeChange } from './change-serde.ts'
import { countSerde } from './derived-serdes.ts'
import { windowedSerde } from './windowed-serde.ts'

const text = serdes.string as Parameters<typeof encodeChange>[0]

test('counts travel as Java longs', () => {
  assert.deepEqual(Buffer.from(countSerde.serialize(258)).toString('hex'), '0000000000000102')
  assert.equal(countSerde.deserialize(countSerde.serialize(2 ** 40 + 1)), 2 ** 40 + 1)
  assert.equal(countSerde.deserialize(countSerde.serialize(-1)), -1)
})

test('a windowed key in a topic is the key and the start, in a store also a sequence number', () => {
  const windowed = windowedSerde(serdes.string, tumbling({ sizeMs: 1_000 }))
  const bytes = windowed.serialize({ key: 'ab', window: { start: 258_000, end: 259_000 } })
  assert.equal(Buffer.from(bytes).toString('hex'), '6162000000000003efd0')
  assert.deepEqual(windowed.deserialize(bytes), { key: 'ab', window: { start: 258_000, end: 259_000 } })
  assert.equal(windowKey(Buffer.from('ab'), 258_000).toString('hex'), '6162000000000003efd000000000')
  assert.equal(windowStartOf(windowKey(Buffer.from('ab'), 1_763_000_000_000)), 1_763_000_000_000)
})

test('changes travel as in Kafka Streams since 3.5: new, old, or both with the length of the new one', () => {
  assert.deepEqual(encodeChange(text, 'new', null), Buffer.from('new\x01'))
  assert.deepEqual(encodeChange(text, null, 'old'), Buffer.from('old\x00'))
  assert.deepEqual(encodeChange(text, 'new', 'old'), Buffer.from('\x06newold\x02'))
  for (const [newValue, oldValue] of [
    ['n', null],
    [null, 'o'],
    ['', ''],
    ['n'.repeat(10_000), 'o'],
  ] as const) {
    assert.deepEqual(decodeChange(text, encodeChange(text, newValue, oldValue)), { newValue, oldValue })
  }
})

test('bytes that are no change are refused', () => {
  for (const bytes of ['', 'x\x03', '\x7fnewold\x02', '\x80\x80\x80\x80\x80\x80\x02']) {
    assert.throws(() => decodeChange(text, Buffer.from(bytes, 'latin1')), RangeError)
  }
})
