import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { apis, ErrorCode } from '@millrace/protocol'
import { type BrokerOptions, startBroker } from '../src/index.ts'
import { RawConnection } from './support/raw-connection.ts'
import { plain } from './support/sasl.ts'

const options: BrokerOptions = {
  memory: true,
  users: { admin: 'first', alice: 'second' },
  superUsers: ['admin'],
  config: { listeners: 'SASL_PLAINTEXT://127.0.0.1:0', 'sasl.enabled.mechanisms': 'PLAIN' },
}

for (const worker of [false, true]) {
  test(`users may do what ACLs allow them, and refusals are reported${worker ? ' from the worker' : ''}`, async () => {
    const denials: unknown[] = []
    const listen = (message: unknown): void => void denials.push(message)
    channel('millrace:broker:authorization-denied').subscribe(listen)
    await using broker = await startBroker({ ...options, worker })
    using admin = await RawConnection.open(broker.port)
    await plain(admin, 'admin', 'first')
    using alice = await RawConnection.open(broker.port)
    await plain(alice, 'alice', 'second')
    const topic = { name: 'orders', numPartitions: 1, replicationFactor: 1 }
    const create = async (connection: RawConnection): Promise<number> => {
      const { topics } = await connection.call(apis.CreateTopics, 7, { topics: [topic], timeoutMs: 1000 })
      return topics[0]!.errorCode
    }
    assert.equal(await create(alice), ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    assert.equal(await create(alice), ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    const acl = { resourceType: 2, resourceName: 'ord', resourcePatternType: 4, principal: 'User:alice' }
    await admin.call(apis.CreateAcls, 3, {
      creations: [{ ...acl, host: '127.0.0.1', operation: 5, permissionType: 3 }],
    })
    assert.equal(await create(alice), ErrorCode.NONE)
    for (const end = Date.now() + 5000; denials.length === 0 && Date.now() < end; ) await delay(5)
    channel('millrace:broker:authorization-denied').unsubscribe(listen)
    assert.deepEqual(denials, [
      {
        principal: 'User:alice',
        clientHost: '/127.0.0.1',
        api: 'CreateTopics',
        operation: 'CREATE',
        resourceType: 'TOPIC',
        resourceName: 'orders',
        repeated: 0,
      },
    ])
  })
}

test('super users are given once, as an option or as a setting', async () => {
  const config = { ...options.config, 'super.users': 'User:admin' }
  for (const wrong of [
    { ...options, config },
    { ...options, superUsers: [''] },
    { ...options, superUsers: ['a;b'] },
  ]) {
    await assert.rejects(startBroker(wrong), { code: 'BROKER_CONFIG_INVALID' })
  }
})
