import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDriver } from '@millrace/streams/testing'
import { customer, order, orderView } from './contracts.ts'
import shop from './topology.ts'

const placed = { orderId: 'o-1', customerId: 'c-1', amountCents: 1200, status: 'placed', placedAt: 60_000 } as const

test('an order is joined with its customer and counted once', () => {
  using driver = testDriver(shop)
  driver.input(customer).pipe('c-1', { name: 'Ada', country: 'AT' })
  driver.input(order).pipe('o-1', placed, { timestamp: 60_000 })
  assert.deepEqual(driver.output(orderView).readAll(), [['o-1', { ...placed, customerName: 'Ada', country: 'AT' }]])
  assert.deepEqual(driver.store('customer-orders').get('c-1')?.value, {
    orders: 1,
    revenueCents: 1200,
    cancelledOrders: 0,
    cancelledCents: 0,
  })
})

test('an order whose customer is not known yet keeps its revenue', () => {
  using driver = testDriver(shop)
  driver.input(order).pipe('o-1', placed, { timestamp: 60_000 })
  assert.equal(driver.output(orderView).readAll()[0]?.[1]?.country, 'unknown')
})

test('a cancellation counts beside the order, not against it', () => {
  using driver = testDriver(shop)
  driver.input(order).pipe('o-1', placed, { timestamp: 60_000 })
  driver.input(order).pipe('o-1', { ...placed, status: 'cancelled' }, { timestamp: 70_000 })
  assert.deepEqual(driver.store('customer-orders').get('c-1')?.value, {
    orders: 1,
    revenueCents: 1200,
    cancelledOrders: 1,
    cancelledCents: 1200,
  })
})
