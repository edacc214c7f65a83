import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerConfig } from '../config/broker-config.ts'
import { subjectName } from './distinguished-name.ts'
import { jaasUsers } from './jaas.ts'
import { listenerSettings } from './listener-settings.ts'
import { principalMapping } from './principal-mapping.ts'

const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required'

test('users stand in the login module of PLAIN', () => {
  const text = `${plain} username="admin" password='x' user_alice="a;b \\"c\\"" \n  user_bob=plain ;`
  assert.deepEqual(
    [...jaasUsers(text)],
    [
      ['alice', 'a;b "c"'],
      ['bob', 'plain'],
    ],
  )
  assert.deepEqual([...jaasUsers('org.apache.kafka.common.security.scram.ScramLoginModule required;')], [])
})

for (const [what, text] of [
  ['no semicolon', `${plain} user_alice="s3cret"`],
  ['no flag', 'PlainLoginModule user_alice="s3cret";'],
  ['an open quote', `${plain} user_alice="s3cret;`],
  ['an option without value', `${plain} user_bob="x" user_alice;`],
] as const) {
  test(`a login module with ${what} is refused, and no password is told`, () => {
    assert.throws(
      () => jaasUsers(text),
      (error: Error) => !error.message.includes('s3cret'),
    )
  })
}

test('listeners have a protocol, an address, and what clients are told', () => {
  const config = new BrokerConfig({
    listeners: 'internal://127.0.0.1:0,EXTERNAL://:9093,SSL://[::1]:9094',
    'advertised.listeners': 'EXTERNAL://kafka.example.org:443',
    'listener.security.protocol.map': 'INTERNAL:PLAINTEXT, EXTERNAL:SASL_SSL, SSL:SSL',
  })
  const local = { host: '127.0.0.1', port: 0 }
  const six = { host: '::1', port: 9094 }
  assert.deepEqual(listenerSettings(config), [
    { name: 'INTERNAL', securityProtocol: 'PLAINTEXT', ...local, advertised: local },
    {
      name: 'EXTERNAL',
      securityProtocol: 'SASL_SSL',
      host: '0.0.0.0',
      port: 9093,
      advertised: { host: 'kafka.example.org', port: 443 },
    },
    { name: 'SSL', securityProtocol: 'SSL', ...six, advertised: six },
  ])
})

for (const [what, settings] of [
  ['without a protocol', { listeners: 'EXTERNAL://:9093' }],
  ['without a port', { listeners: 'PLAINTEXT://localhost' }],
  ['named twice', { listeners: 'PLAINTEXT://:1,plaintext://:2' }],
  ['on one port', { listeners: 'PLAINTEXT://h:9092,SSL://h:9092' }],
  ['advertised and not there', { 'advertised.listeners': 'SSL://h:9093' }],
  ['advertised everywhere', { 'advertised.listeners': 'PLAINTEXT://0.0.0.0:9092' }],
  ['that are none', { listeners: '' }],
  ['with a protocol that is none', { 'listener.security.protocol.map': 'PLAINTEXT:TELNET' }],
] as const) {
  test(`listeners ${what} are refused`, () => {
    assert.throws(() => listenerSettings(new BrokerConfig(settings)), { code: 'BROKER_CONFIG_INVALID' })
  })
}

test("a listener's own value counts before the broker's, a mechanism's before that", () => {
  const config = new BrokerConfig({
    'connections.max.reauth.ms': '1000',
    'listener.name.external.connections.max.reauth.ms': '2000',
    'listener.name.external.plain.connections.max.reauth.ms': '3000',
  })
  const name = 'connections.max.reauth.ms'
  assert.equal(config.ofListener('OTHER', name), '1000')
  assert.equal(config.ofListener('EXTERNAL', name, 'OAUTHBEARER'), '2000')
  assert.equal(config.ofListener('EXTERNAL', name, 'PLAIN'), '3000')
})

for (const name of [
  'listener.name.x.num.partitions',
  'listener.name.x.foo',
  'sasl.jaas.config',
  'listener.name.x.gssapi.sasl.jaas.config',
]) {
  test(`${name} is unknown`, () => {
    assert.throws(() => new BrokerConfig({ [name]: '1' }), { code: 'BROKER_CONFIG_INVALID' })
  })
}

test('the first mapping rule whose pattern is the whole name decides', () => {
  const mapping = principalMapping(
    'RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/,RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L,RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U,DEFAULT',
  )
  assert.equal(mapping('CN=kafka,OU=ServiceUsers,O=Acme'), 'kafka')
  assert.equal(mapping('CN=AdminUser,OU=Admins,O=Acme,L=Berlin,ST=BE,C=DE'), 'adminuser@admins')
  assert.equal(mapping('O=Acme,CN=alice'), 'ALICE')
  assert.equal(mapping('O=Acme'), 'O=Acme')
  assert.equal(principalMapping('RULE:^CN=x$/x/')('CN=y'), undefined)
  assert.equal(principalMapping('RULE:^CN=(x)$/$1@$4/')('CN=x'), 'x@$4')
  for (const rules of ['RULE:^CN=x$', 'RULE:a/b/Q', 'nonsense', '', 'RULE:(/x/'])
    assert.throws(() => principalMapping(rules))
})

/** A certificate of which nothing but the subject is right. */
function certificate(subjectHex: string): Buffer {
  const wrap = (tag: number, ...parts: Buffer[]): Buffer => {
    const content = Buffer.concat(parts)
    return Buffer.concat([Buffer.from([tag, 0x82, content.length >> 8, content.length & 0xff]), content])
  }
  const empty = wrap(0x30)
  const fields = [wrap(0xa0), wrap(0x02), empty, empty, empty, Buffer.from(subjectHex, 'hex')]
  return wrap(0x30, wrap(0x30, ...fields))
}

// Encodings and texts as Java 17's X500Principal has them.
for (const [hex, text] of [
  [
    '3046310b3009060355040613024445310d300b060355040a130441636d65310c300a060355040b1303456e67311a301806035504030c11613d622c632b6422655c663c673e683b69',
    'CN=a\\=b\\,c\\+d\\"e\\\\f\\<g\\>h\\;i,OU=Eng,O=Acme,C=DE',
  ],
  [
    '3033310b300906035504061302444531153013060355040a130c206c65616420747261696c20310d300b06035504030c0423782379',
    'CN=\\#x\\#y,O=\\ lead trail\\ ,C=DE',
  ],
  ['3022310a3008060355040a1301633114300806035504031301613008060355040b130162', 'CN=a+OU=b,O=c'],
  [
    '30819d310a3008060355042e130171310a30080603550404130173310a3008060355042a130167310b3009060355040c13027474310a30080603550405130135310a300806035504091301733111300f060a0992268993f22c64011916017831123010060a0992268993f22c640101130275313110300e06035504030c074dc3bc6c6c65723119301706092a864886f70d010901160a666f6f406261722e6465',
    '1.2.840.113549.1.9.1=#160a666f6f406261722e6465,CN=Müller,UID=u1,DC=x,STREET=s,2.5.4.5=#130135,2.5.4.12=#13027474,2.5.4.42=#130167,2.5.4.4=#130173,2.5.4.46=#130171',
  ],
] as const) {
  test(`the subject ${text.slice(0, 30)} reads as in Java`, () => assert.equal(subjectName(certificate(hex)), text))
}

test('bytes that are no certificate are refused', () => {
  for (const hex of ['', '30', '3005', '30843fffffff', '3080', '3003020101']) {
    assert.throws(() => subjectName(Buffer.from(hex, 'hex')), RangeError)
  }
})
