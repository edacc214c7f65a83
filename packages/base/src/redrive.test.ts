import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isForAnother, isRedriveHeader, originText, parseOrigin, readRedrive, redriveHeaders } from './internal.ts'

const origin = originText({ topic: 'order/eu', partition: 2, offset: 41, timestamp: 1_700_000_000_000 })

test('what came back tells where it was at first, for whom, and how often', () => {
  const headers = redriveHeaders({ origin, application: 'billing', count: 2 })
  assert.deepEqual(readRedrive(headers), { origin: 'order/eu/2/41@1700000000000', application: 'billing', count: 2 })
  assert.deepEqual(parseOrigin(origin), { topic: 'order/eu', partition: 2, offset: 41 })
  assert.ok(headers.every(({ key }) => isRedriveHeader(key)))
})

test('it is for one application, or for all', () => {
  const one = redriveHeaders({ origin, application: 'billing', count: 1 })
  assert.deepEqual([isForAnother(one, 'shipping'), isForAnother(one, 'billing')], [true, false])
  assert.equal(isForAnother(redriveHeaders({ origin, application: '', count: 1 }), 'shipping'), false)
})

test('other records tell nothing, and garbage does not throw', () => {
  assert.equal(readRedrive([{ key: 'id', value: Buffer.from('1') }]), undefined)
  assert.equal(isForAnother([], 'shipping'), false)
  const [first] = redriveHeaders({ origin: 'nonsense', application: '', count: 1 })
  assert.deepEqual(readRedrive([first!]), { origin: 'nonsense', application: '', count: 1 })
  assert.equal(parseOrigin('nonsense'), undefined)
})
