// ACLs through the real command line, on a broker that asks who is there.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { millrace, type Outcome, Project, refusal } from './support/command-line.ts'

let broker: Broker
before(async () => {
  broker = await startBroker({
    memory: true,
    worker: false,
    users: { admin: 'first', alice: 'second' },
    superUsers: ['admin'],
    config: { listeners: 'SASL_PLAINTEXT://127.0.0.1:0' },
  })
})
after(() => broker.close())

function as(user: 'admin' | 'alice', args: readonly string[], input = ''): Promise<Outcome> {
  const password = user === 'admin' ? 'first' : 'second'
  const environment = {
    MILLRACE_BROKERS: broker.brokers,
    MILLRACE_KAFKA_USER: user,
    MILLRACE_KAFKA_PASSWORD: password,
  }
  return millrace(args, { environment, input })
}

async function ok(outcome: Promise<Outcome>): Promise<string> {
  const { status, stdout, stderr } = await outcome
  assert.equal(status, 0, stderr)
  return stdout
}

test('rights are given, used, listed, and taken away only with --yes', async () => {
  await ok(as('admin', ['topics', 'create', 'orders']))
  // Who may not see a topic is told what everyone is told about a topic that is not there.
  assert.equal(refusal(await as('alice', ['produce', 'orders'], 'a\tb\n'), 'NOT_FOUND'), undefined)
  const added = await ok(
    as('admin', [
      'acls',
      'add',
      '--principal',
      'alice',
      '--operation',
      'write,describe-configs',
      '--topic',
      'ord',
      '--prefix',
    ]),
  )
  assert.match(added, /^PRINCIPAL +PERMISSION +OPERATION +RESOURCE +NAME +HOST\n/)
  assert.match(added, /\nUser:alice +allow +write +topic +ord\.\.\. +\*\n/)
  await ok(as('alice', ['produce', 'orders'], 'a\tb\n'))
  const listed = await ok(as('admin', ['acls', 'list', '--topic', 'orders', '--match', '--json']))
  const write = {
    resourceType: 'TOPIC',
    resourceName: 'ord',
    patternType: 'PREFIXED',
    principal: 'User:alice',
    host: '*',
    operation: 'WRITE',
    permission: 'ALLOW',
  }
  assert.deepEqual(JSON.parse(listed), [{ ...write, operation: 'DESCRIBE_CONFIGS' }, write])
  assert.deepEqual(JSON.parse(await ok(as('admin', ['acls', 'list', '--topic', 'orders', '--json']))), [])
  const preview = await as('admin', ['acls', 'remove', '--principal', 'alice', '--operation', 'write'])
  assert.equal(refusal(preview, 'CONFIRMATION_NEEDED'), undefined)
  assert.match(preview.stderr, /^preview this would remove 1 ACL: User:alice may write topic ord\.\.\. /)
  const removed = ['acls', 'remove', '--principal', 'User:alice', '--operation', 'write', '--yes']
  assert.equal(await ok(as('admin', removed)), 'removed 1 ACL\n')
  assert.equal(refusal(await as('alice', ['produce', 'orders'], 'a\tb\n'), 'NOT_FOUND'), undefined)
})

test('what is denied outweighs what is allowed', async () => {
  await ok(as('admin', ['acls', 'add', '--principal', 'User:*', '--operation', 'all', '--topic', '*']))
  await ok(as('admin', ['acls', 'add', '--principal', 'alice', '--operation', 'read', '--topic', 'orders', '--deny']))
  const consume = ['consume', 'orders', '--from-beginning', '--exit-at-end']
  assert.equal(refusal(await as('alice', consume), 'KAFKA_TOPIC_AUTHORIZATION_FAILED'), undefined)
  await ok(as('admin', ['acls', 'remove', '--deny', '--principal', 'alice', '--yes']))
  await ok(as('alice', consume))
})

test('the password may come from a file', async () => {
  await using project = await Project.create({ password: 'first\n' })
  const login = ['--login', 'admin', '--password-file', project.path('password'), '--brokers', broker.brokers]
  await ok(millrace(['topics', 'list', ...login]))
  const without = await millrace(['topics', 'list', '--login', 'admin', '--brokers', broker.brokers])
  assert.equal(refusal(without, 'USAGE'), undefined)
  const missing = ['topics', 'list', '--login', 'admin', '--password-file', '/nowhere', '--brokers', broker.brokers]
  assert.equal(refusal(await millrace(missing), 'USAGE'), undefined)
})

test('what is not said is asked for', async () => {
  const wrong = [
    ['acls', 'add', '--principal', 'alice', '--operation', 'read'],
    ['acls', 'add', '--principal', 'alice', '--topic', 'orders'],
    ['acls', 'add', '--operation', 'read', '--topic', 'orders'],
    ['acls', 'add', '--principal', 'alice', '--operation', 'fly', '--topic', 'orders'],
    ['acls', 'add', '--principal', 'alice', '--operation', 'read', '--topic', 'orders', '--cluster'],
    ['acls', 'remove', '--yes'],
  ]
  for (const args of wrong) assert.equal(refusal(await as('admin', args), 'USAGE'), undefined, args.join(' '))
})

test('without an authorizer it is said that there is none', async () => {
  await using open = await startBroker({ memory: true, worker: false })
  const listed = await millrace(['acls', 'list', '--brokers', open.brokers])
  assert.equal(refusal(listed, 'KAFKA_SECURITY_DISABLED'), undefined)
})
