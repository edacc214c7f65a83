import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redriveHeaders } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { decodeMessage, type MessageHeader, type RawMessage } from './message.ts'

const counted = topic('counted', { key: serdes.string, value: serdes.int64 })
const raw = (headers: readonly MessageHeader[], more: Partial<RawMessage> = {}): RawMessage => ({
  topic: 'counted',
  partition: 3,
  offset: 9,
  timestamp: 5,
  keyBytes: Buffer.from('k'),
  valueBytes: Buffer.alloc(8, 0),
  headers,
  ...more,
})
const header = (key: string, value: string | null): MessageHeader => ({
  key,
  value: value === null ? null : Buffer.from(value),
})

const back = (name: string) => redriveHeaders({ topic: name, origin: 'counted/3/4@1', application: '', count: 1 })

test('key and value are what the contract’s readers get, and null stays null', () => {
  const { key, value, timestamp } = decodeMessage(counted, raw([]))
  assert.deepEqual([key, value, timestamp], ['k', 0n, 5])
  const tombstone = decodeMessage(counted, raw([], { keyBytes: null, valueBytes: null }))
  assert.deepEqual([tombstone.key, tombstone.value], [null, null])
})

const ids: [string, MessageHeader[], string][] = [
  ['the header id', [header('id', 'e1')], 'e1'],
  ['the last of several ids, as Kafka’s lastHeader takes it', [header('id', 'e1'), header('id', 'e2')], 'e2'],
  [
    'its place where a stream handed the id on',
    [header('id', 'e1'), header('__millrace.forwarded.id', 'e1')],
    'counted/3/9@5',
  ],
  ['an id of its own that it got in a stream', [header('__millrace.forwarded.id', 'e1'), header('id', 'e2')], 'e2'],
  ['its place without an id', [header('other', 'x')], 'counted/3/9@5'],
  ['its place when the id is null', [header('id', null)], 'counted/3/9@5'],
  ['its place when the id is empty', [header('id', '')], 'counted/3/9@5'],
  ['its place when the id cannot stand in a database', [header('id', 'a\0b')], 'counted/3/9@5'],
  ['the place that it had before it came back', back('counted'), 'counted/3/4@1'],
  ['its own place where it was made of one that came back', back('upstream'), 'counted/3/9@5'],
  ['its place when the id is too long for an index', [header('id', 'x'.repeat(600))], 'counted/3/9@5'],
]
for (const [what, headers, eventId] of ids) {
  test(`an event is known by ${what}`, () => assert.equal(decodeMessage(counted, raw(headers)).eventId, eventId))
}

test('the same place in a topic that was made again is another event', () => {
  const idAt = (timestamp: number): string => decodeMessage(counted, raw([], { timestamp })).eventId
  assert.notEqual(idAt(5), idAt(6))
})

test('two ids that are not UTF-8 are two events', () => {
  const idOf = (byte: number): string => decodeMessage(counted, raw([{ key: 'id', value: Buffer.of(byte) }])).eventId
  assert.notEqual(idOf(0xfe), idOf(0xff))
})
