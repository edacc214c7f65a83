import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isForAnother, isRedriveHeader, originText, parseOrigin, readRedrive, redriveHeaders } from './internal.ts'

const origin = originText({ topic: 'order/eu', partition: 2, offset: 41, timestamp: 1_700_000_000_000 })

test('what came back tells where it was at first, for whom, and how often', () => {
  const headers = redriveHeaders({ topic: 'order/eu', origin, application: 'billing', count: 2 })
  assert.deepEqual(readRedrive(headers, 'order/eu'), {
    topic: 'order/eu',
    origin: 'order/eu/2/41@1700000000000',
    application: 'billing',
    count: 2,
  })
  assert.deepEqual(parseOrigin(origin), { topic: 'order/eu', partition: 2, offset: 41 })
  assert.ok(headers.every(({ key }) => isRedriveHeader(key)))
})

test('it is for one application, or for all', () => {
  const one = redriveHeaders({ topic: 'order/eu', origin, application: 'billing', count: 1 })
  assert.deepEqual([isForAnother(one, 'order/eu', 'shipping'), isForAnother(one, 'order/eu', 'billing')], [true, false])
  assert.equal(
    isForAnother(redriveHeaders({ topic: 'order/eu', origin, application: '', count: 1 }), 'order/eu', 'shipping'),
    false,
  )
})

test('other records tell nothing, and garbage does not throw', () => {
  assert.equal(readRedrive([{ key: 'id', value: Buffer.from('1') }], 'order/eu'), undefined)
  assert.equal(isForAnother([], 'order/eu', 'shipping'), false)
  const garbled = redriveHeaders({ topic: 'order/eu', origin: 'nonsense', application: '', count: Number.NaN })
  assert.deepEqual(readRedrive(garbled, 'order/eu'), {
    topic: 'order/eu',
    origin: 'nonsense',
    application: '',
    count: 1,
  })
  assert.equal(parseOrigin('nonsense'), undefined)
})

test('headers that streams handed on to another topic tell nothing there', () => {
  const headers = redriveHeaders({ topic: 'order/eu', origin, application: 'billing', count: 1 })
  assert.equal(readRedrive(headers, 'order-view'), undefined)
  assert.equal(isForAnother(headers, 'order-view', 'shipping'), false)
})
