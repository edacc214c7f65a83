import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosen } from './choose-trials.ts'
import { markdownRows } from './report.ts'
import { trials } from './trials.ts'

test('a report becomes rows of the table in the documentation', () => {
  const rows = markdownRows({
    trial: 'streams-join',
    peer: 'Kafka Streams 4.3',
    runs: 3,
    scale: 1,
    machine: 'this one',
    date: '2026-01-01',
    metrics: [
      { name: 'per_cpu_second', unit: 'records/CPU s', ours: 256_012.4, peer: 83_234, ratio: 3.0758 },
      { name: 'peak_memory', unit: 'MB', ours: 231.9, peer: 1_217, ratio: 5.24 },
    ],
  })
  assert.deepEqual(rows, [
    '| `streams-join` | Kafka Streams 4.3 | `per_cpu_second`, records/CPU s | 256,012 | 83,234 | 3.08x |',
    '| `streams-join` | Kafka Streams 4.3 | `peak_memory`, MB | 232 | 1,217 | 5.24x |',
  ])
})

test('a pattern names a set of trials, a name one of them', () => {
  const names = chosen(trials, 'streams-*').map(({ name }) => name)
  assert.ok(names.includes('streams-aggregate') && names.includes('streams-query-remote'))
  // It needs root, and what it measures is no application.
  assert.ok(!names.includes('streams-store-curve'))
  assert.ok(names.every((name) => name.startsWith('streams-')))
  assert.deepEqual(
    chosen(trials, 'streams-store-curve').map(({ name }) => name),
    ['streams-store-curve'],
  )
  assert.deepEqual(chosen(trials, 'streams'), [])
  assert.deepEqual(
    chosen(trials, '*-at-least-once').filter(({ name }) => !name.endsWith('-at-least-once')),
    [],
  )
})
