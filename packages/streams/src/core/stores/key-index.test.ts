import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomInt, seededRandom } from '@millrace/base'
import { KeyIndex } from './key-index.ts'
import { CacheEntry } from './record-cache.ts'

test('finds what was added, under its key and window, and nothing that was deleted', () => {
  const random = seededRandom(1)
  const index = new KeyIndex()
  const known = new Map<string, CacheEntry>()
  for (let step = 0; step < 20_000; step++) {
    // Keys of all lengths up to nine, so that some are the beginning of others and some are empty.
    const key = 'abcabcabc'.slice(0, randomInt(random, 10)) + (step % 3 === 0 ? '' : String(randomInt(random, 500)))
    const start = randomInt(random, 3) * 60_000
    const name = `${key}@${start}`
    const found = index.find(Buffer.from(key), start)
    assert.equal(found, known.get(name), name)
    if (found === undefined) {
      const entry = new CacheEntry(key, start)
      index.add(entry, Buffer.from(key))
      known.set(name, entry)
    } else if (randomInt(random, 4) === 0) {
      index.delete(found)
      known.delete(name)
    } else assert.equal(String(index.keyOf(found)), key)
    assert.equal(index.size, known.size)
  }
  assert.deepEqual(new Set(index.values()), new Set(known.values()))
  assert.ok(known.size > 1_000)
})

test('a key that was handed out stays as it is when others are added', () => {
  const index = new KeyIndex()
  const entry = new CacheEntry('first', 0)
  index.add(entry, Buffer.from('first'))
  const key = index.keyOf(entry)
  for (let number = 0; number < 1_000; number++) index.add(new CacheEntry(number, 0), Buffer.from(`other ${number}`))
  assert.equal(String(key), 'first')
  assert.equal(index.find(Buffer.from('first'), 0), entry)
})
