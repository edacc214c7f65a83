import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type AclBinding, type KafkaClient, kafkaClient, networkTransport, type SaslOptions } from '../src/index.ts'

/** A broker with ACLs: `admin` is a super user, `alice` is none; their passwords are their names. PLAIN and SCRAM are offered. */
export interface SecuredBroker {
  readonly brokers: string
  close(): Promise<void>
}

/** ACLs and SCRAM users through the admin client, and what they do to others. */
export function registerSecurityAdminTests(
  name: string,
  start: () => Promise<SecuredBroker>,
  skip: string | undefined = undefined,
): void {
  describe(`ACLs and SCRAM users ${name}`, { skip: skip ?? false }, () => {
    let broker: SecuredBroker
    let admin: KafkaClient
    const open = (username: string, sasl: Partial<SaslOptions> = {}): KafkaClient =>
      kafkaClient({
        brokers: broker.brokers,
        operationTimeoutMs: 10_000,
        transport: networkTransport({
          sasl: { mechanism: 'PLAIN', username, password: username, ...sasl } as SaslOptions,
        }),
      })
    before(async () => {
      broker = await start()
      admin = open('admin')
    })
    after(async () => {
      await admin?.close()
      await broker?.close()
    })

    const readOrders: AclBinding = {
      resourceType: 'TOPIC',
      resourceName: 'orders',
      patternType: 'LITERAL',
      principal: 'User:alice',
      host: '*',
      operation: 'READ',
      permission: 'ALLOW',
    }

    test('ACLs are created, found by filters, and deleted', async () => {
      const bindings: AclBinding[] = [
        readOrders,
        { ...readOrders, resourceName: 'ord', patternType: 'PREFIXED', operation: 'DESCRIBE', permission: 'DENY' },
        { ...readOrders, resourceType: 'CLUSTER', resourceName: 'kafka-cluster', operation: 'ALTER', host: '10.0.0.1' },
        { ...readOrders, resourceType: 'TRANSACTIONAL_ID', resourceName: '*', operation: 'ALL', principal: 'User:*' },
      ]
      await admin.admin.createAcls(bindings)
      await until(async () => (await admin.admin.describeAcls()).length === 4)
      assert.deepEqual(sorted(await admin.admin.describeAcls()), sorted(bindings))
      assert.deepEqual(await admin.admin.describeAcls({ resourceType: 'CLUSTER' }), [bindings[2]])
      const matching = { resourceType: 'TOPIC', resourceName: 'orders', patternType: 'MATCH' } as const
      assert.deepEqual(sorted(await admin.admin.describeAcls(matching)), sorted(bindings.slice(0, 2)))
      assert.deepEqual(await admin.admin.describeAcls({ permission: 'DENY', operation: 'DESCRIBE' }), [bindings[1]])
      const deleted = await admin.admin.deleteAcls([matching, { resourceName: 'orders' }])
      assert.deepEqual(sorted(deleted), sorted(bindings.slice(0, 2)))
      assert.equal((await admin.admin.deleteAcls([{}])).length, 2)
      await until(async () => (await admin.admin.describeAcls()).length === 0)
    })

    test('a wrong ACL is refused with its reason', async () => {
      const wrong = { ...readOrders, resourceType: 'CLUSTER', resourceName: 'mine' } as const
      await assert.rejects(admin.admin.createAcls([wrong]), { code: 'KAFKA_INVALID_REQUEST' })
    })

    test('who has no rights is refused by name, and gets them without connecting anew', async () => {
      await admin.admin.createTopics([{ name: 'orders' }])
      await using alice = open('alice')
      await assert.rejects(alice.admin.describeAcls(), { code: 'KAFKA_CLUSTER_AUTHORIZATION_FAILED' })
      await assert.rejects(alice.admin.createAcls([readOrders]), { code: 'KAFKA_CLUSTER_AUTHORIZATION_FAILED' })
      await assert.rejects(alice.admin.deleteAcls([{}]), { code: 'KAFKA_CLUSTER_AUTHORIZATION_FAILED' })
      await assert.rejects(alice.admin.describeScramUsers(['bob']), { code: 'KAFKA_CLUSTER_AUTHORIZATION_FAILED' })
      const takeAway = [{ user: 'bob', mechanism: 'SCRAM-SHA-256', delete: true }] as const
      await assert.rejects(alice.admin.alterScramUsers(takeAway), { code: 'KAFKA_CLUSTER_AUTHORIZATION_FAILED' })
      await assert.rejects(alice.admin.describeTopics(['orders']), { code: 'KAFKA_TOPIC_AUTHORIZATION_FAILED' })
      await assert.rejects(alice.admin.describeTopics(['nowhere']), { code: 'KAFKA_TOPIC_AUTHORIZATION_FAILED' })
      assert.deepEqual(await alice.admin.listTopics(), [])
      const producer = alice.producer({ idempotent: false })
      await assert.rejects(producer.send({ topic: 'orders', key: null, value: Buffer.from('a') }), {
        code: 'KAFKA_TOPIC_AUTHORIZATION_FAILED',
      })
      await producer.close()
      await admin.admin.createAcls([{ ...readOrders, operation: 'WRITE' }])
      await until(async () => (await alice.admin.listTopics()).length === 1)
      const allowed = alice.producer()
      assert.equal((await allowed.send({ topic: 'orders', key: null, value: Buffer.from('a') })).offset, 0)
      await allowed.close()
      await admin.admin.deleteAcls([{}])
    })

    test('SCRAM users are made, log in, are described and removed', async () => {
      await admin.admin.alterScramUsers([
        { user: 'bob', mechanism: 'SCRAM-SHA-256', password: 'first' },
        { user: 'carol', mechanism: 'SCRAM-SHA-512', password: 'second', iterations: 5000 },
      ])
      const wanted = ['bob', 'carol', 'nobody']
      await until(async () => (await admin.admin.describeScramUsers(wanted)).length === 2)
      assert.deepEqual(
        (await admin.admin.describeScramUsers(wanted)).sort((a, b) => (a.user < b.user ? -1 : 1)),
        [
          { user: 'bob', credentials: [{ mechanism: 'SCRAM-SHA-256', iterations: 4096 }] },
          { user: 'carol', credentials: [{ mechanism: 'SCRAM-SHA-512', iterations: 5000 }] },
        ],
      )
      {
        await using bob = open('bob', { mechanism: 'SCRAM-SHA-256', password: 'first' })
        assert.equal((await bob.admin.describeCluster()).brokers.length, 1)
      }
      await admin.admin.alterScramUsers([
        { user: 'bob', mechanism: 'SCRAM-SHA-256', delete: true },
        { user: 'carol', mechanism: 'SCRAM-SHA-512', delete: true },
      ])
      await until(async () => (await admin.admin.describeScramUsers(wanted)).length === 0)
      await using bob = open('bob', { mechanism: 'SCRAM-SHA-256', password: 'first' })
      await assert.rejects(bob.admin.describeCluster(), { code: 'KAFKA_AUTHENTICATION_FAILED' })
      const unknown = admin.admin.alterScramUsers([{ user: 'bob', mechanism: 'SCRAM-SHA-256', delete: true }])
      await assert.rejects(unknown, { code: 'KAFKA_RESOURCE_NOT_FOUND' })
    })
  })
}

/** Apache Kafka answers before a change is in force everywhere. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await condition()) return
    await delay(25)
  }
  throw new Error('the change did not come into force')
}

function sorted(bindings: readonly AclBinding[]): AclBinding[] {
  const text = (one: AclBinding): string => JSON.stringify(Object.entries(one).sort())
  return [...bindings].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}
