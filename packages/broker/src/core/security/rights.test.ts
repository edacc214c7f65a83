import assert from 'node:assert/strict'
import test from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { AclOperation, type Authorizer, allowAll, type Denial, ResourceType } from './authorization.ts'
import { anonymous } from './principal.ts'
import { Rights } from './rights.ts'

const { READ, DESCRIBE } = AclOperation
const who = { principal: anonymous, clientHost: '/127.0.0.1' }

/** An authorizer that counts what it is asked. */
class CountingAuthorizer implements Authorizer {
  version = 0
  asked = 0
  answer = false

  allows(): boolean {
    this.asked++
    return this.answer
  }

  allowsSome(): boolean {
    return this.answer
  }
}

test('an answer is kept until the authorizer changes', () => {
  const authorizer = new CountingAuthorizer()
  const rights = new Rights({ authorizer, clock: new VirtualClock(0), denied: () => {} }, who)
  for (let times = 0; times < 3; times++) assert.equal(rights.allows(READ, ResourceType.TOPIC, 'orders'), false)
  assert.equal(authorizer.asked, 1)
  assert.equal(rights.allows(DESCRIBE, ResourceType.TOPIC, 'orders'), false)
  assert.equal(authorizer.asked, 2)
  authorizer.answer = true
  authorizer.version++
  assert.equal(rights.allows(READ, ResourceType.TOPIC, 'orders'), true)
  assert.equal(authorizer.asked, 3)
})

test('names without end are not all kept', () => {
  const authorizer = new CountingAuthorizer()
  const rights = new Rights({ authorizer, clock: new VirtualClock(0), denied: () => {} }, who)
  const ask = (name: string): number => {
    const before = authorizer.asked
    rights.allows(READ, ResourceType.GROUP, name)
    return authorizer.asked - before
  }
  for (let count = 0; count < 1001; count++) assert.equal(ask(`group-${count}`), 1)
  assert.equal(ask('group-1000'), 0)
  assert.equal(ask('group-0'), 1)
  assert.equal(ask('g'.repeat(256)), 1)
  assert.equal(ask('g'.repeat(256)), 1)
})

test('a refusal is reported once, and later with how often it was repeated', () => {
  const clock = new VirtualClock(0)
  const denials: Denial[] = []
  const environment = { authorizer: new CountingAuthorizer(), clock, denied: (one: Denial) => denials.push(one) }
  const rights = new Rights(environment, who)
  const ask = (): boolean => rights.demand('Fetch', READ, ResourceType.TOPIC, 'orders')
  for (let times = 0; times < 5; times++) assert.equal(ask(), false)
  rights.allows(READ, ResourceType.TOPIC, 'payments')
  clock.advance(10_000)
  ask()
  const told = { ...who, api: 'Fetch', operation: READ, resourceType: ResourceType.TOPIC, resourceName: 'orders' }
  assert.deepEqual(denials, [
    { ...told, repeated: 0 },
    { ...told, repeated: 4 },
  ])
})

test('without ACLs all operations of a kind of resource are told, as Kafka tells them', () => {
  const rights = new Rights({ authorizer: allowAll, clock: new VirtualClock(0), denied: () => {} }, who)
  assert.equal(rights.operations(ResourceType.TOPIC, 'orders'), 0b110111111000)
  assert.equal(rights.operations(ResourceType.GROUP, 'app'), 0b110101001000)
  assert.equal(rights.operations(ResourceType.CLUSTER, 'kafka-cluster'), 0b1111110100000)
})
