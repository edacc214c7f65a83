import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BrokerRequest, brokerWarnings, readableByOthers } from './broker-warnings.ts'

const nothing: BrokerRequest = {
  listeners: [{ listener: 'PLAINTEXT', securityProtocol: 'PLAINTEXT' }],
  config: {},
  users: [],
  superUsers: [],
  durability: 'write',
  inMemory: true,
  hadData: false,
}
const sasl = [{ listener: 'EXTERNAL', securityProtocol: 'SASL_PLAINTEXT' }]
const ssl = [{ listener: 'SSL', securityProtocol: 'SSL' }]

const cases: readonly (readonly [string, Partial<BrokerRequest>, readonly RegExp[]])[] = [
  ['nothing asked for', {}, []],
  [
    'super users where nobody authenticates',
    { superUsers: ['admin'] },
    [/^no listener authenticates.*super user admin/],
  ],
  ['everyone a super user', { superUsers: ['User:ANONYMOUS'] }, []],
  ['super users by password', { superUsers: ['admin'], users: ['admin'], listeners: sasl }, []],
  [
    'super users by certificate',
    { superUsers: ['User:CN=a'], listeners: ssl, config: { 'ssl.client.auth': 'required' } },
    [],
  ],
  ['super users without certificates', { superUsers: ['User:CN=a'], listeners: ssl }, [/^no listener authenticates/]],
  ['users and no SASL', { users: ['bob', 'eve'] }, [/password of the 2 users given/]],
  ['SASL and no users', { listeners: sasl }, [/^listener EXTERNAL \(SASL_PLAINTEXT\) has no user/]],
  ['SASL and users in the data', { listeners: sasl, inMemory: false, hadData: true }, []],
  [
    'SASL with tokens',
    { listeners: sasl, config: { 'listener.name.external.sasl.enabled.mechanisms': 'OAUTHBEARER' } },
    [],
  ],
  ['fsync in memory', { durability: 'fsync' }, [/^--durability fsync does nothing/]],
  ['fsync', { durability: 'fsync', inMemory: false }, []],
]
for (const [what, asked, expected] of cases) {
  test(`warnings for ${what}`, () => {
    const warnings = brokerWarnings({ ...nothing, ...asked })
    assert.equal(warnings.length, expected.length, warnings.join('\n'))
    for (const [index, pattern] of expected.entries()) assert.match(warnings[index]!, pattern)
  })
}

test('a file with passwords is for its owner alone', () => {
  assert.equal(readableByOthers('users', 0o100600), undefined)
  assert.match(readableByOthers('users', 0o100640)!, /^users .*mode 640\); chmod 600 users$/)
})
