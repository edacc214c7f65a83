import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SaslStep } from './sasl-exchange.ts'
import { ScramExchange } from './scram.ts'
import { credentialOf, hash, hmac, type ScramMechanismName, saltedPassword } from './scram-keys.ts'

function step(exchange: ScramExchange, message: string): SaslStep {
  let result: SaslStep | undefined
  exchange.step(Buffer.from(message), (one) => {
    result = one
  })
  assert.ok(result, 'SCRAM answers at once')
  return result
}

function challenge(exchange: ScramExchange, message: string): string {
  const result = step(exchange, message)
  assert.equal(result.kind, 'challenge')
  return result.kind === 'challenge' ? result.bytes.toString() : ''
}

function server(mechanism: ScramMechanismName, password: string, salt: string, nonce: string): ScramExchange {
  const bytes = Buffer.from(salt, 'base64')
  const credential = credentialOf(mechanism, saltedPassword(mechanism, password, bytes, 4096), bytes, 4096)
  return new ScramExchange(mechanism, { credential: () => credential }, nonce)
}

// The example of RFC 7677, section 3.
const rfc = () => server('SCRAM-SHA-256', 'pencil', 'W22ZaJ0SNY7soEsUEjb6gQ==', '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0')
const first = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO'
const withoutProof = 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const final = `${withoutProof},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`

test('the conversation is that of RFC 7677', () => {
  const exchange = rfc()
  assert.equal(
    challenge(exchange, first),
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  )
  const done = step(exchange, final)
  assert.deepEqual(done, {
    kind: 'authenticated',
    name: 'user',
    bytes: Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='),
  })
})

for (const [what, message] of [
  ['a wrong proof', final.replace('p=d', 'p=e')],
  ['a proof cut short', `${withoutProof},p=dHzbZapWIk4=`],
  ['a proof with bytes after it', `${withoutProof},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=AAAA`],
  ['an empty proof', `${withoutProof},p=`],
  ['another nonce', final.replace('hNlF$k0', 'hNlF$k1')],
  ['another channel binding', final.replace('c=biws', 'c=eSws')],
  ['the first message again', first],
  ['nothing', ''],
] as const) {
  test(`${what} is refused`, () => {
    const exchange = rfc()
    challenge(exchange, first)
    assert.equal(step(exchange, message).kind, 'refused')
  })
}

test('a client that repeats its own nonce twice, as old librdkafka does, is understood when its proof is right', () => {
  const exchange = rfc()
  challenge(exchange, first)
  const doubled = withoutProof.replace('r=', 'r=rOprNGfwEbeRWgbNEkqO')
  const salted = saltedPassword('SCRAM-SHA-256', 'pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096)
  const serverFirst = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'
  const clientKey = hmac('SCRAM-SHA-256', salted, 'Client Key')
  const authMessage = `n=user,r=rOprNGfwEbeRWgbNEkqO,${serverFirst},${doubled}`
  const signature = hmac('SCRAM-SHA-256', hash('SCRAM-SHA-256', clientKey), authMessage)
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!)).toString('base64')
  assert.equal(step(exchange, `${doubled},p=${proof}`).kind, 'authenticated')
})

for (const [what, message] of [
  ['channel binding', 'p=tls-unique,,n=user,r=abc'],
  ['a mandatory extension', 'n,,m=x,n=user,r=abc'],
  ['no user', 'n,,n=,r=abc'],
  ['no nonce', 'n,,n=user,r='],
  ['a stray equals sign in the name', 'n,,n=a=b,r=abc'],
  ['another authorization id', 'n,a=admin,n=user,r=abc'],
  ['a delegation token', 'n,,n=token,r=abc,tokenauth=true'],
] as const) {
  test(`a first message with ${what} is refused`, () => assert.equal(step(rfc(), message).kind, 'refused'))
}

test('escaped names, the own authorization id and optional extensions are understood', () => {
  const names: string[] = []
  const credential = credentialOf('SCRAM-SHA-512', Buffer.alloc(64), Buffer.from('salt'), 5000)
  const lookup = {
    credential: (_mechanism: ScramMechanismName, user: string) => {
      names.push(user)
      return credential
    },
  }
  const text = challenge(new ScramExchange('SCRAM-SHA-512', lookup, 'xyz'), 'y,a=a=3Db=2Cc,n=a=3Db=2Cc,r=abc,k=v')
  assert.deepEqual(names, ['a=b,c'])
  assert.equal(text, `r=abcxyz,s=${Buffer.from('salt').toString('base64')},i=5000`)
})
