import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CacheEntry, CacheOrder, RecordCache } from './record-cache.ts'

/** Kafka Streams' NamedCache in its plainest form: a list in order of use, and one of dirty keys in order of writing. */
class Model {
  used: string[] = []
  dirty: string[] = []

  use(key: string): void {
    this.used = [...this.used.filter((other) => other !== key), key]
  }

  write(key: string): void {
    this.use(key)
    this.dirty = [...this.dirty.filter((other) => other !== key), key]
  }
}

test('evicts what was not used for longest, and writes down in the order of the last updates', () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom('use', 'write', 'write', 'evict', 'flush'), fc.integer({ min: 0, max: 9 })),
    {
      maxLength: 300,
    },
  )
  fc.assert(
    fc.property(steps, (all) => {
      const budget = new RecordCache({ maxBytes: 1_000 })
      const entries = new Map<string, CacheEntry>()
      const order = new CacheOrder(budget, () => entries.values())
      const model = new Model()
      const flush = (): string[] => {
        const flushed: string[] = []
        for (let entry = order.takeDirty(); entry; entry = order.takeDirty()) flushed.push(entry.key as string)
        return flushed
      }
      for (const [step, number] of all) {
        const key = `k${number}`
        const entry = entries.get(key)
        if (step === 'use' && entry) {
          order.touch(entry)
          model.use(key)
        } else if (step === 'write') {
          const written = entry ?? new CacheEntry(key, 0)
          entries.set(key, written)
          if (entry) order.touch(written)
          else order.add(written, 10)
          order.markDirty(written)
          model.write(key)
        } else if (step === 'flush') {
          assert.deepEqual(flush(), model.dirty)
          model.dirty = []
        } else if (step === 'evict') {
          const eldest = order.eldest()
          assert.equal(eldest?.key, model.used[0])
          if (!eldest) continue
          if (eldest.isDirty) {
            assert.deepEqual(flush(), model.dirty)
            model.dirty = []
          }
          order.remove(eldest)
          entries.delete(eldest.key as string)
          model.used.shift()
        }
        assert.equal(budget.sizeBytes, entries.size * 10)
      }
    }),
  )
})

test('updates that were superseded are swept out, however many there are', () => {
  const order = new CacheOrder(new RecordCache({ maxBytes: 1 }), () => [])
  const entries = ['a', 'b', 'c'].map((key) => new CacheEntry(key, 0))
  for (let round = 0; round < 20_000; round++) order.markDirty(entries[round % 3]!)
  const flushed: unknown[] = []
  for (let entry = order.takeDirty(); entry; entry = order.takeDirty()) flushed.push(entry.key)
  assert.deepEqual(flushed, ['c', 'a', 'b'])
})

test('clearing one store gives back what it took of the budget, and no more', () => {
  const budget = new RecordCache({ maxBytes: 1_000 })
  const one = new CacheOrder(budget, () => [])
  const other = new CacheOrder(budget, () => [])
  one.add(new CacheEntry('a', 0), 100)
  other.add(new CacheEntry('a', 0), 30)
  one.clear()
  assert.equal(budget.sizeBytes, 30)
})
