import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomInt, seededRandom } from '@millrace/base'
import { serdes, topic } from '@millrace/contracts'
import { testDriver } from '@millrace/streams/testing'
import { integrity } from '../src/index.ts'

const customer = topic('customer', { key: serdes.string, value: serdes.json<{ email: string }>() })
const order = topic('order', { key: serdes.string, value: serdes.json<{ email: string }>() })
const graceMs = 1_000
const auditIntervalMs = 10_000

function watching() {
  const declared = integrity({
    topics: { orders: order, customers: customer },
    from: 'orders.email',
    to: 'customers.email',
    onDelete: 'cascade',
    graceMs,
    auditIntervalMs,
  })
  const driver = testDriver(declared.topology)
  return {
    customer: (id: string, email: string | null) => driver.input(customer).pipe(id, email === null ? null : { email }),
    order: (id: string, email: string | null) => driver.input(order).pipe(id, email === null ? null : { email }),
    advance: (ms: number) => driver.advanceTime(ms),
    told: () =>
      driver
        .output(declared.violations)
        .readAll()
        .map(([{ child, parent }, told]) => ({ child, parent, reason: told?.reason })),
    [Symbol.dispose]: () => driver.close(),
  }
}

for (const [first, second] of [
  ['who takes it', 'who gives it up'],
  ['who gives it up', 'who takes it'],
]) {
  test(`a value that goes from one record to another is never gone: ${first} is read before ${second}`, () => {
    using shop = watching()
    shop.customer('ann', 'x')
    shop.order('o1', 'x')
    const changes = {
      'who takes it': () => shop.customer('bob', 'x'),
      'who gives it up': () => shop.customer('ann', 'y'),
    }
    changes[first as keyof typeof changes]()
    shop.advance(graceMs / 2)
    shop.order('o2', 'x')
    changes[second as keyof typeof changes]()
    shop.advance(3 * auditIntervalMs)
    assert.deepEqual(shop.told(), [])
    shop.customer('bob', null)
    shop.advance(graceMs + 250)
    const told = ['o1', 'o2'].map((child) => ({ child, parent: 'x', reason: 'deleted' }))
    assert.deepEqual(shop.told(), told)
  })
}

test('a value that several have is there until the last has it no more', () => {
  using shop = watching()
  for (const id of ['ann', 'bob', 'eve']) shop.customer(id, 'x')
  shop.order('o1', 'x')
  shop.customer('ann', null)
  shop.customer('eve', 'z')
  shop.advance(3 * auditIntervalMs)
  assert.deepEqual(shop.told(), [])
  shop.customer('bob', null)
  shop.advance(graceMs + 250)
  assert.deepEqual(shop.told(), [{ child: 'o1', parent: 'x', reason: 'deleted' }])
})

test('whatever the order in which records are read, only what nobody has is told, and all of it in the end', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed)
    using shop = watching()
    const emails = ['a', 'b', 'ab', '"a"', 'c']
    const held = new Map<string, string | null>()
    const referred = new Map<string, string | null>()
    const seen = new Set<string>()
    const open = new Map<string, string>()
    const read = (): void => {
      for (const { child, parent, reason } of shop.told()) {
        const key = JSON.stringify([child, parent])
        if (reason === undefined) open.delete(key)
        else open.set(key, reason)
        const isHeld = [...held.values()].includes(String(parent))
        if (reason !== undefined) assert.ok(!isHeld, `seed ${seed}: ${key} was told ${reason}, and somebody has it`)
      }
    }
    for (let i = 0; i < 60; i++) {
      const email = randomInt(random, 5) === 0 ? null : emails[randomInt(random, emails.length)]!
      if (randomInt(random, 2) === 0) {
        const id = `c${randomInt(random, 4)}`
        held.set(id, email)
        if (email !== null) seen.add(email)
        shop.customer(id, email)
      } else {
        const id = `o${randomInt(random, 5)}`
        referred.set(id, email)
        shop.order(id, email)
      }
      read()
      shop.advance(randomInt(random, 3) === 0 ? randomInt(random, 2 * graceMs) : 0)
      read()
    }
    shop.advance(2 * auditIntervalMs)
    read()
    const expected = [...referred]
      .filter(([, email]) => email !== null && ![...held.values()].includes(email) && seen.has(email))
      .map(([id, email]) => JSON.stringify([id, email]))
    const deleted = [...open].filter(([, reason]) => reason === 'deleted').map(([key]) => key)
    assert.deepEqual(deleted.sort(), expected.sort(), `seed ${seed}`)
  }
})
