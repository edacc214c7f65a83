import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes } from '@millrace/contracts'
import { memoryStores } from '../../src/core/stores/memory-store.ts'
import { keyValueStore, type StoreBuilder, sessionStore, type WindowStore, windowStore } from '../../src/index.ts'
import { StoreHarness } from './store-harness.ts'

/** Midnight has no lower half: what stands where keys of another kind have something else is as small as it gets. */
const times = [1_700_000_000_123, Date.UTC(2026, 0, 1), 86_400_000]
const retentionMs = 1_000_000_000

const windows = windowStore<string, number>({ name: 'kept', sizeMs: 60_000, retentionMs })
const sessions = sessionStore<string, number>({ name: 'kept', retentionMs })
const rows = keyValueStore<string, number>({ name: 'kept' })
const numbered = windowStore<number, number>({ name: 'kept', key: serdes.int32, sizeMs: 60_000, retentionMs })
const changed = { code: 'STREAMS_STORE_CHANGED', retriable: false, fields: { store: 'kept' } }

function harness<S>(store: StoreBuilder<S>): StoreHarness<S> {
  return new StoreHarness(store, memoryStores(), 0)
}

for (const time of times) {
  const text = new Date(time).toISOString()

  test(`a changelog of windows is none of sessions, and the other way round: ${text}`, () => {
    const ofWindows = harness(windows)
    ofWindows.run((store) => store.put('alice', time, 1))
    assert.throws(() => harness(sessions).restore(ofWindows.logged), changed)
    const ofSessions = harness(sessions)
    ofSessions.run((store) => store.put('alice', { startMs: time - 5, endMs: time }, 1), time)
    assert.throws(() => harness(windows).restore(ofSessions.logged), changed)
    harness(windows).restore(ofWindows.logged)
    harness(sessions).restore(ofSessions.logged)
  })

  test(`windows of small numbers are no sessions either: ${text}`, () => {
    const ofNumbers = harness(numbered)
    for (const key of [0, 1, -1]) ofNumbers.run((store: WindowStore<number, number>) => store.put(key, time, 1))
    for (const record of ofNumbers.logged) assert.throws(() => harness(sessions).restore([record]), changed)
  })
}

test('keys that are too short for windows or sessions are no keys of theirs', () => {
  const ofRows = harness(rows)
  ofRows.run((store) => store.put('alice', 1))
  assert.throws(() => harness(windows).restore(ofRows.logged), changed)
  assert.throws(() => harness(sessions).restore(ofRows.logged), changed)
})
