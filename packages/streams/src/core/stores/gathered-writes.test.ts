import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomInt, seededRandom } from '@millrace/base'
import { GatheredWrites } from './gathered-writes.ts'

type Write = readonly [key: Buffer, value: Buffer | undefined]

/** What a store comes to that takes one after the other. */
function expected(writes: readonly Write[]): string[] {
  const last = new Map<string, Write>()
  for (const write of writes) last.set(write[0].toString('latin1'), write)
  return [...last.values()].sort(([a], [b]) => Buffer.compare(a, b)).map(text)
}

const text = ([key, value]: Write): string => `${key.toString('hex')}=${value?.toString('hex')}`

function given(gathered: GatheredWrites): string[] {
  return [...gathered.inKeyOrder()].map(({ key, value }) => text([Buffer.from(key), value && Buffer.from(value)]))
}

const random = seededRandom(11)
const below = (max: number): number => randomInt(random, max)
const bytes = (length: number, values = 256): Buffer => Buffer.from(Array.from({ length }, () => below(values)))

const keys: Record<string, () => Buffer> = {
  'with much in common': () => Buffer.from(`tenant-${below(2)}/customer-${String(below(300)).padStart(8, '0')}`),
  'of a few zeros and ones, which are beginnings of each other': () => bytes(below(9), 2),
  'all zeros': () => Buffer.alloc(below(12)),
  'the same': () => Buffer.from('one'),
  'of random bytes': () => bytes(16),
  'of any length': () => bytes(below(40), 3),
}

for (const [kind, key] of Object.entries(keys)) {
  test(`keys ${kind}: in order, and of each the last`, () => {
    const gathered = new GatheredWrites()
    for (const count of [0, 1, 2, 25, 700, 5_000]) {
      const writes = Array.from({ length: count }, (): Write => [key(), below(5) === 0 ? undefined : bytes(below(60))])
      for (const [written, value] of writes) gathered.add(written, value)
      assert.equal(gathered.count, count)
      assert.deepEqual(given(gathered), expected(writes))
      gathered.clear()
    }
  })
}

test('what is handed in may change afterwards', () => {
  const gathered = new GatheredWrites()
  const key = Buffer.from('key')
  const value = Buffer.from('value')
  gathered.add(key, value)
  key.fill(0)
  value.fill(0)
  assert.deepEqual(given(gathered), [text([Buffer.from('key'), Buffer.from('value')])])
})
