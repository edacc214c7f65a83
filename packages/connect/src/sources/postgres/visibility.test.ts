import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshotVisibility } from './visibility.ts'

test('sees what had ended: below xmin, or below xmax and not in progress', () => {
  const isVisible = snapshotVisibility('760:765:760,763')
  const seen = [758, 759, 760, 761, 762, 763, 764, 765, 766].filter(isVisible)
  assert.deepEqual(seen, [758, 759, 761, 762, 764])
})

test('takes a 32-bit id as the one nearest to the snapshot', () => {
  const epoch = 5n << 32n
  const afterWrap = snapshotVisibility(`${epoch + 10n}:${epoch + 20n}:${epoch + 12n}`)
  assert.equal(afterWrap(4_294_967_290), true, 'just before the wrap')
  assert.equal(afterWrap(12), false, 'in progress')
  assert.equal(afterWrap(25), false, 'not begun')
  const beforeWrap = snapshotVisibility(`${epoch - 5n}:${epoch - 2n}:`)
  assert.equal(beforeWrap(4_294_967_290), true)
  assert.equal(beforeWrap(3), false, 'begins after the wrap')
})
