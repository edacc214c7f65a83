import assert from 'node:assert/strict'
import test from 'node:test'
import { apis, ErrorCode } from '@millrace/protocol'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { standardAuthorizer } from '../src/core/config/security-config-definitions.ts'
import { handlers } from '../src/core/handlers/index.ts'
import { type Acl, PatternType, Permission } from '../src/core/security/acls/acl.ts'
import { clusterResource, ResourceType } from '../src/core/security/authorization.ts'
import { CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch } from './support/records.ts'
import { produce } from './support/requests.ts'
import { type Right, type Row, rightsTable, type Subject } from './support/rights-table.ts'

const config = { 'authorizer.class.name': standardAuthorizer, 'super.users': 'User:root' }
const secret = 'told-to-nobody'
const authorizationErrors: readonly number[] = [
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
]

/** What has a name, and a name that nothing has. */
const absentNames: Partial<Record<ResourceType, readonly ['topic' | 'group' | 'transactionalId', string]>> = {
  [ResourceType.TOPIC]: ['topic', 'others'],
  [ResourceType.GROUP]: ['group', 'absent-group'],
  [ResourceType.TRANSACTIONAL_ID]: ['transactionalId', 'absent-id'],
}

/** The right to all resources of a type, for alice. */
function aclOf([operation, resourceType]: Right): Acl {
  return {
    resourceType,
    patternType: PatternType.LITERAL,
    resourceName: resourceType === ResourceType.CLUSTER ? clusterResource : '*',
    principal: 'User:alice',
    host: '*',
    operation,
    permission: Permission.ALLOW,
  }
}

/** A broker with a topic, a group and a transaction, and with alice, who has some rights. */
class World {
  readonly core: BrokerCore
  readonly clock: ReturnType<typeof testCore>['clock']
  readonly root: CoreClient
  readonly existing: Subject

  constructor(rights: readonly Right[]) {
    const { core, clock, client } = testCore({ config })
    this.core = core
    this.clock = clock
    this.root = client
    client.session.principal = { type: 'User', name: 'root' }
    createTopic(client, 'orders', 2)
    produce(client, 'orders', batch([{ value: secret }]))
    const producer = client.call(apis.InitProducerId, 4, { transactionalId: 'tx', transactionTimeoutMs: 600_000 })
    const inTransaction = { producerId: producer.producerId, producerEpoch: 0, baseSequence: 0, transactional: true }
    client.call(apis.AddPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: 'tx',
      v3AndBelowProducerId: producer.producerId,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: [{ name: 'orders', partitions: [0] }],
    })
    produce(client, 'orders', batch([{ value: secret }], inTransaction), { transactionalId: 'tx' })
    client.call(apis.OffsetCommit, 9, {
      groupId: 'app',
      generationIdOrMemberEpoch: -1,
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: secret }] }],
    })
    this.existing = {
      topic: 'orders',
      topicId: core.topics.topic('orders')!.id,
      group: 'app',
      transactionalId: 'tx',
      producerId: producer.producerId,
    }
    core.acls.change({ added: rights.map(aclOf) })
  }

  alice(): CoreClient {
    const client = new CoreClient(this.core)
    client.session.principal = { type: 'User', name: 'alice' }
    return client
  }

  ask(row: Row, version: number, subject: Subject): unknown {
    const client = this.alice()
    const pending = client.begin(row.api, version, row.body(subject))
    this.clock.advance(1000)
    assert.notEqual(pending.body, undefined, 'answered')
    client.session.close()
    return pending.body
  }

  /** All that requests can change. */
  state(): unknown {
    const { core } = this
    return {
      topics: Array.from(core.topics.all(), ({ name, id, config: own, partitions }) => ({
        name,
        id,
        own: [...own.own],
        ends: partitions.map(({ logStartOffset, logEndOffset }) => [logStartOffset, logEndOffset]),
      })),
      config: [...core.config.altered],
      acls: [...core.acls.records()],
      scram: [...core.scram.records()],
      groups: this.root.call(apis.ListGroups, 5, {}),
      offsets: this.root.call(apis.OffsetFetch, 9, { groups: [{ groupId: 'app', topics: null }] }),
      transactions: Array.from(core.transactions.all(), ({ transactionalId, producerEpoch, state, partitions }) => [
        transactionalId,
        producerEpoch,
        state,
        [...partitions],
      ]),
      nextProducerId: core.nextProducerId,
    }
  }
}

/** Every error code anywhere in an answer, but for the one that says why a created topic's settings are not told. */
function errorsIn(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(errorsIn)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    /errorcode$/i.test(name) && name !== 'topicConfigErrorCode' && typeof inner === 'number' && inner !== 0
      ? [inner]
      : errorsIn(inner),
  )
}

/** An answer as text, records and metadata included. */
function told(answer: unknown): string {
  return JSON.stringify(answer, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && (value as { type?: string }).type === 'Buffer'
      ? Buffer.from((value as { data: number[] }).data).toString('latin1')
      : value,
  )
}

const served = new Set(handlers.map(({ api }) => api.key))
const rows = rightsTable.filter(({ api }) => served.has(api.key))

for (const row of rows) {
  const title = [row.api.name, row.what].filter((part) => part !== '').join(' ')
  const alternatives = row.needs.map(({ anyOf }) => anyOf)
  for (const version of row.versions) {
    for (const [at, need] of row.needs.entries()) {
      const names = need.anyOf.map((right) => right.join('/')).join(' or ')
      const others = alternatives.flatMap((anyOf, other) => (other === at ? [] : [anyOf[0]!]))
      test(`${title}, version ${version}, without the right ${names} does nothing and tells nothing`, () => {
        const world = new World(others)
        const before = world.state()
        const answer = world.ask(row, version, world.existing)
        assert.deepEqual(world.state(), before)
        assert.doesNotMatch(told(answer), new RegExp(secret))
        const [field, absentName] = absentNames[need.anyOf[0]![1]] ?? ['topic', 'others']
        const name = world.existing[field]
        if (need.code === undefined) {
          assert.deepEqual(errorsIn(answer), [])
          assert.ok(!told(answer).includes(`"${name}"`), told(answer))
          return
        }
        assert.deepEqual([...new Set(errorsIn(answer))], [need.code])
        if (row.byId) return
        // What is there looks like what is not.
        const absent = told(new World(others).ask(row, version, { ...world.existing, [field]: absentName }))
        assert.deepEqual(JSON.parse(told(answer)), JSON.parse(absent.replaceAll(absentName, name)))
      })
    }
    const combinations = alternatives.reduce<Right[][]>(
      (all, anyOf) => all.flatMap((rights) => anyOf.map((right) => [...rights, right])),
      [[]],
    )
    for (const rights of combinations) {
      const names = rights.map((right) => right.join('/')).join(', ')
      test(`${title}, version ${version}, is allowed with ${names || 'no right'}`, () => {
        const world = new World(rights)
        const answer = world.ask(row, version, world.existing)
        const refusals = errorsIn(answer).filter((code) => authorizationErrors.includes(code))
        assert.deepEqual(refusals, [])
        for (const { anyOf, code } of row.needs) {
          const [field] = absentNames[anyOf[0]![1]] ?? ['topic']
          if (code === undefined) assert.ok(told(answer).includes(`"${world.existing[field]}"`), told(answer))
        }
      })
    }
  }
}

/** APIs that everyone may use: before authentication nobody has rights. */
const exempt = ['ApiVersions', 'SaslHandshake', 'SaslAuthenticate']

test('every API that is served asks for rights, but for those named', () => {
  const asked = new Set(rows.map(({ api }) => api.name))
  const missing = handlers.map(({ api }) => api.name).filter((name) => !asked.has(name) && !exempt.includes(name))
  assert.deepEqual(missing, [], 'handlers without a row in test/support/rights-table.ts')
  for (const row of rows) {
    const world = new World([])
    let questions = 0
    world.core.authorizer = {
      version: 0,
      allows: () => {
        questions++
        return true
      },
      allowsSome: () => true,
    }
    world.ask(row, row.versions[0]!, world.existing)
    assert.ok(questions > 0, `${row.api.name} ${row.what}`)
  }
})
