import assert from 'node:assert/strict'
import { pbkdf2Sync } from 'node:crypto'
import { test } from 'node:test'
import { apis, ErrorCode } from '@millrace/protocol'
import { startBroker } from '../src/index.ts'
import { temporaryFolder } from './support/certificates.ts'
import { testCore } from './support/core-client.ts'
import { RawConnection } from './support/raw-connection.ts'
import { scram } from './support/sasl.ts'

function upsertion(name: string, password: string, options: { mechanism?: number; iterations?: number } = {}) {
  const { mechanism = 1, iterations = 4096 } = options
  const salt = Buffer.from('salt-of-the-client')
  const hash = mechanism === 1 ? 'sha256' : 'sha512'
  const saltedPassword = pbkdf2Sync(password, salt, iterations, mechanism === 1 ? 32 : 64, hash)
  return { name, mechanism, iterations, salt, saltedPassword }
}

test('users are set, described and removed, each answered for itself', () => {
  const { client } = testCore()
  const altered = client.call(apis.AlterUserScramCredentials, 0, {
    upsertions: [
      upsertion('alice', 'a'),
      upsertion('bob', 'b', { mechanism: 2, iterations: 8192 }),
      upsertion('weak', 'w', { iterations: 4095 }),
      upsertion('strong', 's', { iterations: 16385 }),
      upsertion('', 'x'),
      upsertion('twice', 'x'),
      upsertion('twice', 'x', { mechanism: 2 }),
      { ...upsertion('odd', 'x'), mechanism: 3 },
    ],
    deletions: [{ name: 'nobody', mechanism: 1 }],
  })
  assert.deepEqual(Object.fromEntries(altered.results.map(({ user, errorCode }) => [user, errorCode])), {
    alice: ErrorCode.NONE,
    bob: ErrorCode.NONE,
    weak: ErrorCode.UNACCEPTABLE_CREDENTIAL,
    strong: ErrorCode.UNACCEPTABLE_CREDENTIAL,
    '': ErrorCode.UNACCEPTABLE_CREDENTIAL,
    twice: ErrorCode.DUPLICATE_RESOURCE,
    odd: ErrorCode.UNSUPPORTED_SASL_MECHANISM,
    nobody: ErrorCode.RESOURCE_NOT_FOUND,
  })
  const all = client.call(apis.DescribeUserScramCredentials, 0, { users: null })
  assert.deepEqual(
    all.results.map(({ user, credentialInfos }) => [
      user,
      credentialInfos.map((one) => [one.mechanism, one.iterations]),
    ]),
    [
      ['alice', [[1, 4096]]],
      ['bob', [[2, 8192]]],
    ],
  )
  const some = client.call(apis.DescribeUserScramCredentials, 0, {
    users: [{ name: 'alice' }, { name: 'nobody' }, { name: 'bob' }, { name: 'bob' }],
  })
  assert.deepEqual(
    some.results.map(({ user, errorCode }) => [user, errorCode]),
    [
      ['alice', ErrorCode.NONE],
      ['nobody', ErrorCode.RESOURCE_NOT_FOUND],
      ['bob', ErrorCode.DUPLICATE_RESOURCE],
    ],
  )
  client.call(apis.AlterUserScramCredentials, 0, { deletions: [{ name: 'alice', mechanism: 1 }] })
  const left = client.call(apis.DescribeUserScramCredentials, 0, { users: [] })
  assert.deepEqual(
    left.results.map(({ user }) => user),
    ['bob'],
  )
})

test('who may not alter or describe the cluster changes and learns nothing', () => {
  const { core, client } = testCore()
  core.authorizer = { version: 1, allows: () => false, allowsSome: () => false }
  const altered = client.call(apis.AlterUserScramCredentials, 0, { upsertions: [upsertion('eve', 'x')] })
  assert.deepEqual(
    altered.results.map(({ errorCode }) => errorCode),
    [ErrorCode.CLUSTER_AUTHORIZATION_FAILED],
  )
  const described = client.call(apis.DescribeUserScramCredentials, 0, { users: null })
  assert.equal(described.errorCode, ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
  assert.deepEqual(core.scram.users(), [])
})

test('a new user logs in at once and after a restart, a removed one no more, a new password replaces the old', async () => {
  await using folder = await temporaryFolder()
  const dataDir = `${folder.path}/data`
  const options = {
    dataDir,
    users: { admin: 'first' },
    config: { listeners: 'SASL_PLAINTEXT://127.0.0.1:0', 'connection.failed.authentication.delay.ms': '0' },
  }
  const login = async (port: number, user: string, password: string): Promise<boolean> => {
    using connection = await RawConnection.open(port)
    return (await scram(connection, user, password)).errorCode === ErrorCode.NONE
  }
  {
    await using broker = await startBroker(options)
    using admin = await RawConnection.open(broker.port)
    await scram(admin, 'admin', 'first')
    await admin.call(apis.AlterUserScramCredentials, 0, {
      upsertions: [upsertion('alice', 'a'), upsertion('bob', 'b')],
    })
    assert.deepEqual([await login(broker.port, 'alice', 'a'), await login(broker.port, 'bob', 'b')], [true, true])
    await admin.call(apis.AlterUserScramCredentials, 0, {
      upsertions: [upsertion('admin', 'second'), upsertion('alice', 'aa')],
      deletions: [{ name: 'bob', mechanism: 1 }],
    })
  }
  await using broker = await startBroker(options)
  assert.deepEqual(
    [
      await login(broker.port, 'alice', 'aa'),
      await login(broker.port, 'alice', 'a'),
      await login(broker.port, 'bob', 'b'),
      await login(broker.port, 'admin', 'second'),
      await login(broker.port, 'admin', 'first'),
    ],
    [true, false, false, true, false],
  )
})
