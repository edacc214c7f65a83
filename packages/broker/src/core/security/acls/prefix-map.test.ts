import assert from 'node:assert/strict'
import test from 'node:test'
import { randomInt, seededRandom } from '@millrace/base'
import { PrefixMap } from './prefix-map.ts'

test('a name finds the values of all its prefixes, the longest first', () => {
  const map = new PrefixMap<number>()
  for (const [value, prefix] of ['orders', 'o', 'orders-', 'p', 'order', 'orders-eu'].entries()) map.set(prefix, value)
  assert.deepEqual([...map.matching('orders-us')], [2, 0, 4, 1])
  assert.deepEqual([...map.matching('orders')], [0, 4, 1])
  assert.deepEqual([...map.matching('zebra')], [])
})

test('a map of prefixes finds what a look at every prefix finds, whatever was set and deleted before', () => {
  const random = seededRandom(11)
  const letters = ['a', 'b', 'ä', '\u{1f600}']
  const word = (): string =>
    Array.from({ length: 1 + randomInt(random, 5) }, () => letters[randomInt(random, 4)]).join('')
  for (let round = 0; round < 50; round++) {
    const map = new PrefixMap<number>()
    const naive = new Map<string, number>()
    for (let step = 0; step < 100; step++) {
      const prefix = word()
      if (randomInt(random, 3) === 0) {
        map.delete(prefix)
        naive.delete(prefix)
      } else {
        map.set(prefix, step)
        naive.set(prefix, step)
      }
      const name = word() + word()
      const expected = [...naive.keys()].filter((one) => name.startsWith(one)).sort((a, b) => b.length - a.length)
      assert.deepEqual(
        [...map.matching(name)],
        expected.map((one) => naive.get(one)),
      )
      assert.equal(map.get(prefix), naive.get(prefix))
    }
  }
})
