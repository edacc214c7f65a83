import assert from 'node:assert/strict'
import test from 'node:test'
import { randomInt, seededRandom } from '@millrace/base'
import { VirtualClock } from '@millrace/base/internal'
import { AclOperation, type Requester, ResourceType } from '../authorization.ts'
import { Rights } from '../rights.ts'
import { type Acl, PatternType, Permission } from './acl.ts'
import { AclAuthorizer } from './acl-authorizer.ts'
import { AclStore } from './acl-store.ts'

const seed = Number(process.env.MILLRACE_SEED ?? 1)
const { ALL, READ, WRITE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS } = AclOperation
const operations = [ALL, READ, WRITE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]
const types = [ResourceType.TOPIC, ResourceType.GROUP]
const names = ['a', 'ab', 'abc', 'b', 'ba', '*', '*a']
const principals = ['User:alice', 'User:bob', 'User:*', 'Other:alice']
const hosts = ['*', '10.0.0.1', '10.0.0.2']

/** The rules as the documentation has them, without an index. */
function allowedByRules(
  acls: readonly Acl[],
  asked: { principal: string; host: string; operation: number; type: number; name: string },
  otherwise: boolean,
): boolean {
  const about = acls.filter(
    (acl) =>
      acl.resourceType === asked.type &&
      (acl.patternType === PatternType.PREFIXED
        ? asked.name.startsWith(acl.resourceName)
        : acl.resourceName === '*' || acl.resourceName === asked.name),
  )
  if (about.length === 0) return otherwise
  const applying = about.filter(
    (acl) => ['User:*', asked.principal].includes(acl.principal) && ['*', asked.host].includes(acl.host),
  )
  const exact = (acl: Acl): boolean => acl.operation === ALL || acl.operation === asked.operation
  if (applying.some((acl) => acl.permission === Permission.DENY && exact(acl))) return false
  const implied = (acl: Acl): boolean =>
    (asked.operation === DESCRIBE && [READ, WRITE, DELETE, ALTER].some((one) => one === acl.operation)) ||
    (asked.operation === DESCRIBE_CONFIGS && acl.operation === ALTER_CONFIGS)
  return applying.some((acl) => acl.permission === Permission.ALLOW && (exact(acl) || implied(acl)))
}

function requester(principal: string, host: string): Requester {
  const [type = '', name = ''] = principal.split(':')
  return { principal: { type, name }, clientHost: `/${host}` }
}

test(`answers are those of the documented rules, also after changes (MILLRACE_SEED=${seed})`, () => {
  const random = seededRandom(seed)
  const pick = <T>(values: readonly T[]): T => values[randomInt(random, values.length)]!
  for (let round = 0; round < 40; round++) {
    const store = new AclStore(() => {})
    const allowEveryoneIfNoAclFound = pick([true, false])
    const authorizer = new AclAuthorizer(store, { superUsers: new Set(['User:root']), allowEveryoneIfNoAclFound })
    const environment = { authorizer, clock: new VirtualClock(0), denied: () => {} }
    const askers = ['User:alice', 'User:carol', 'Other:alice'].flatMap((principal) =>
      ['10.0.0.1', '10.0.0.3'].map((host) => ({
        principal,
        host,
        rights: new Rights(environment, requester(principal, host)),
      })),
    )
    let acls: Acl[] = []
    for (let step = 0; step < 25; step++) {
      const acl: Acl = {
        resourceType: pick(types),
        patternType: pick([PatternType.LITERAL, PatternType.PREFIXED]),
        resourceName: pick(names),
        principal: pick(principals),
        host: pick(hosts),
        operation: pick(operations),
        permission: pick([Permission.ALLOW, Permission.ALLOW, Permission.DENY]),
      }
      const removed = randomInt(random, 4) === 0 && acls.length > 0 ? [pick(acls)] : []
      acls = [...acls.filter((one) => !removed.includes(one)), ...store.missing([acl])]
      store.change({ added: store.missing([acl]), removed: removed.map((one) => ({ ...one })) })
      assert.equal(store.count, acls.length)
      for (const { principal, host, rights } of askers) {
        for (const operation of operations.slice(1)) {
          for (const type of types) {
            for (const name of [...names, 'abcd', 'c']) {
              const expected = allowedByRules(
                acls,
                { principal, host, operation, type, name },
                allowEveryoneIfNoAclFound,
              )
              const context = `${principal} from ${host}: operation ${operation} on ${type} ${name}`
              assert.equal(rights.allows(operation, type, name), expected, context)
              assert.equal(rights.allows(operation, type, name), expected, `${context}, asked again`)
            }
          }
        }
      }
      assert.equal(authorizer.allows(requester('User:root', '10.0.0.9'), WRITE, ResourceType.TOPIC, 'a'), true)
    }
  }
})

function topicAcl(acl: Partial<Acl>): Acl {
  const { TOPIC: resourceType } = ResourceType
  const { LITERAL: patternType } = PatternType
  const { ALLOW: permission } = Permission
  const rest = { resourceName: 'orders', principal: 'User:alice', host: '*', operation: WRITE }
  return { resourceType, patternType, permission, ...rest, ...acl }
}

function mayWriteSome(...acls: Partial<Acl>[]): boolean {
  const store = new AclStore(() => {})
  store.change({ added: acls.map(topicAcl) })
  const authorizer = new AclAuthorizer(store, { superUsers: new Set(), allowEveryoneIfNoAclFound: false })
  return authorizer.allowsSome(requester('User:alice', '10.0.0.1'), WRITE, ResourceType.TOPIC)
}

test('whether some topic may be written to depends on what is denied beside it', () => {
  const { DENY } = Permission
  const { PREFIXED } = PatternType
  assert.equal(mayWriteSome(), false)
  assert.equal(mayWriteSome({}), true)
  assert.equal(mayWriteSome({ operation: ALL }), true)
  assert.equal(mayWriteSome({ operation: READ }), false)
  assert.equal(mayWriteSome({ principal: 'User:*', resourceName: '*' }), true)
  assert.equal(mayWriteSome({ principal: 'User:bob' }), false)
  assert.equal(mayWriteSome({ host: '10.0.0.2' }), false)
  assert.equal(mayWriteSome({}, { permission: DENY }), false)
  assert.equal(mayWriteSome({}, { permission: DENY, resourceName: '*' }), false)
  assert.equal(mayWriteSome({}, { permission: DENY, patternType: PREFIXED, resourceName: 'ord' }), false)
  assert.equal(mayWriteSome({}, { permission: DENY, patternType: PREFIXED, resourceName: 'pay' }), true)
  assert.equal(mayWriteSome({ patternType: PREFIXED }, { permission: DENY }), true)
})

test('a host is compared as an address, however it is written', () => {
  const mayFrom = (host: string, clientHost: string): boolean => {
    const store = new AclStore(() => {})
    store.change({ added: [topicAcl({ host })] })
    const authorizer = new AclAuthorizer(store, { superUsers: new Set(), allowEveryoneIfNoAclFound: false })
    const { principal } = requester('User:alice', '')
    return authorizer.allows({ principal, clientHost }, WRITE, ResourceType.TOPIC, 'orders')
  }
  assert.equal(mayFrom('10.0.0.1', '/10.0.0.1'), true)
  assert.equal(mayFrom('10.0.0.1', '/::ffff:10.0.0.1'), true)
  assert.equal(mayFrom('0:0:0:0:0:0:0:1', '/::1'), true)
  assert.equal(mayFrom('::1', '/::1'), true)
  assert.equal(mayFrom('2001:db8::1', '/2001:0db8:0:0:0:0:0:1'), true)
  assert.equal(mayFrom('10.0.0.0/8', '/10.0.0.1'), false)
  assert.equal(mayFrom('::2', '/::1'), false)
})

test('a change that cannot be recorded changes nothing', () => {
  let fails = false
  const store = new AclStore(() => {
    if (fails) throw new Error('disk full')
  })
  const kept = topicAcl({})
  store.change({ added: [kept] })
  fails = true
  const { version } = store
  assert.throws(() => store.change({ added: [topicAcl({ operation: READ })], removed: [kept] }), /disk full/)
  assert.equal(store.version, version)
  assert.deepEqual(
    [...store.records()].flatMap((record) => record.added),
    [kept],
  )
})
