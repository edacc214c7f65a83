import assert from 'node:assert/strict'
import test from 'node:test'
import { randomInt, seededRandom } from '@millrace/base'
import { apis, ErrorCode } from '@millrace/protocol'
import { standardAuthorizer } from '../src/core/config/security-config-definitions.ts'
import { CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch } from './support/records.ts'
import { produce } from './support/requests.ts'

const config = { 'authorizer.class.name': standardAuthorizer, 'super.users': 'User:root' }

function secured() {
  const { core } = testCore({ config })
  const root = new CoreClient(core)
  root.session.principal = { type: 'User', name: 'root' }
  const alice = new CoreClient(core)
  alice.session.principal = { type: 'User', name: 'alice' }
  return { core, root, alice }
}

const write = {
  resourceType: 2,
  resourcePatternType: 3,
  principal: 'User:alice',
  host: '*',
  operation: 4,
  permissionType: 3,
}

test('ten thousand ACLs make neither a produce nor a change slow', () => {
  const { core, root, alice } = secured()
  createTopic(root, 'orders')
  const many = Array.from({ length: 10_000 }, (_none, at) => ({
    ...write,
    resourcePatternType: at % 2 === 0 ? 3 : 4,
    resourceName: `orders-${at}`.slice(0, at % 3 === 0 ? 5 : undefined),
    principal: `User:u${at}`,
  }))
  root.call(apis.CreateAcls, 3, { creations: many })
  root.call(apis.CreateAcls, 3, { creations: [{ ...write, resourceName: 'orders' }] })
  assert.ok(core.acls.count > 9_000)
  const millisecondsFor = (count: number, action: (at: number) => void): number => {
    const before = process.cpuUsage()
    for (let at = 0; at < count; at++) action(at)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
  const records = batch([{ value: 'a' }])
  const produced = millisecondsFor(1000, () => {
    assert.equal(produce(alice, 'orders', Buffer.from(records)).errorCode, ErrorCode.NONE)
  })
  // A look at every ACL would take this a hundred times as long.
  assert.ok(produced < 2_000, `1,000 produces took ${produced} ms`)
  const changed = millisecondsFor(500, (at) => {
    root.call(apis.CreateAcls, 3, { creations: [{ ...write, resourceName: `more-${at}` }] })
    assert.equal(produce(alice, 'orders', Buffer.from(records)).errorCode, ErrorCode.NONE)
  })
  assert.ok(changed < 3_000, `500 changes with a produce each took ${changed} ms`)
})

test('filters and ACLs of any numbers and names are answered, and change nothing that they do not mean', () => {
  const { core, root, alice } = secured()
  const random = seededRandom(23)
  const names = ['', '*', 'kafka-cluster', 'orders', '\u0000', 'ö', 'n'.repeat(300), 'User:', ':', 'a,b;c"d\\']
  const number = (): number => (randomInt(random, 3) === 0 ? randomInt(random, 256) - 128 : randomInt(random, 17))
  const name = (): string => names[randomInt(random, names.length)]!
  const nameOrNull = (): string | null => (randomInt(random, 3) === 0 ? null : name())
  root.call(apis.CreateAcls, 3, { creations: [{ ...write, resourceName: 'kept', principal: 'User:kept' }] })
  for (let round = 0; round < 2000; round++) {
    const client = randomInt(random, 4) === 0 ? alice : root
    const filter = {
      resourceTypeFilter: number(),
      resourceNameFilter: nameOrNull(),
      patternTypeFilter: number(),
      principalFilter: nameOrNull(),
      hostFilter: nameOrNull(),
      operation: number(),
      permissionType: number(),
    }
    const creation = {
      resourceType: number(),
      resourceName: name(),
      resourcePatternType: number(),
      principal: name(),
      host: name(),
      operation: number(),
      permissionType: number(),
    }
    client.call(apis.DescribeAcls, 3, filter)
    const { results } = client.call(apis.CreateAcls, 3, { creations: [creation, creation] })
    assert.equal(results.length, 2)
    const { filterResults } = client.call(apis.DeleteAcls, 3, {
      filters: [{ ...filter, principalFilter: filter.principalFilter ?? 'User:gone' }],
    })
    assert.equal(filterResults.length, 1)
  }
  const recorded = [...core.acls.records()].flatMap(({ added }) => added)
  assert.equal(recorded.length, core.acls.count)
  assert.ok(recorded.some(({ principal }) => principal === 'User:kept'))
  for (const acl of recorded) {
    assert.ok([2, 3, 4, 5, 6, 7].includes(acl.resourceType) && [3, 4].includes(acl.patternType))
    assert.ok(
      acl.operation >= 2 && acl.operation <= 15 && [2, 3].includes(acl.permission) && acl.principal.includes(':'),
    )
  }
})

test('ACLs with long names are still there when the journal has been written anew', () => {
  const { core, storage } = testCore({ config })
  const root = new CoreClient(core)
  root.session.principal = { type: 'User', name: 'root' }
  for (let batchOf150 = 0; batchOf150 < 6; batchOf150++) {
    const creations = Array.from({ length: 150 }, (_none, at) => ({
      ...write,
      resourceName: `orders-${batchOf150}-${at}`,
      principal: `User:${'x'.repeat(30_000)}`,
    }))
    const { results } = root.call(apis.CreateAcls, 3, { creations })
    assert.ok(results.every(({ errorCode }) => errorCode === ErrorCode.NONE))
  }
  createTopic(root, 'orders')
  core.enforceRetention()
  const again = testCore({ config, storage }).core
  assert.equal(again.acls.count, 900)
  assert.ok(again.topics.topic('orders'))
})
