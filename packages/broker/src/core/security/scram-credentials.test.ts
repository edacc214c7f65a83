import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { type ScramCredentialRecord, ScramCredentials, type ScramDecoyRecord } from './scram-credentials.ts'

type ScramRecord = ScramCredentialRecord | ScramDecoyRecord

function store(seed = 1): { credentials: ScramCredentials; records: ScramRecord[] } {
  const records: ScramRecord[] = []
  const random = seededRandom(seed)
  const credentials = new ScramCredentials({
    record: (...added) => records.push(...added),
    secureBytes: (size) => Buffer.from(Uint8Array.from({ length: size }, () => Math.floor(random.next() * 256))),
  })
  return { credentials, records }
}

test('what was recorded comes back, and the password is not in it', () => {
  const { credentials, records } = store()
  credentials.bootstrap('SCRAM-SHA-256', 'alice', 'pencil-pencil')
  assert.ok(!JSON.stringify(records).includes('pencil'))
  const again = store().credentials
  for (const record of JSON.parse(JSON.stringify(records)) as ScramRecord[]) again.apply(record)
  assert.deepEqual(again.find('SCRAM-SHA-256', 'alice'), credentials.find('SCRAM-SHA-256', 'alice'))
  assert.deepEqual([...again.records()], [...credentials.records()])
})

test('a first password does not replace one that was set since', () => {
  const { credentials } = store()
  credentials.bootstrap('SCRAM-SHA-512', 'admin', 'first')
  const before = credentials.find('SCRAM-SHA-512', 'admin')
  credentials.bootstrap('SCRAM-SHA-512', 'admin', 'other')
  assert.equal(credentials.find('SCRAM-SHA-512', 'admin'), before)
})

test('an unknown user looks like a known one: same salt at every attempt and after a restart, usual rounds', () => {
  const { credentials, records } = store(1)
  credentials.alter([
    { user: 'bob', mechanism: 'SCRAM-SHA-256', credential: credential(8192) },
    { user: 'eve', mechanism: 'SCRAM-SHA-256', credential: credential(8192) },
    { user: 'joe', mechanism: 'SCRAM-SHA-256', credential: credential(4096) },
  ])
  const decoy = credentials.credential('SCRAM-SHA-256', 'nobody')
  assert.equal(decoy.iterations, 8192)
  assert.match(decoy.salt.toString(), /^[0-9a-z]{20,27}$/)
  assert.deepEqual(credentials.credential('SCRAM-SHA-256', 'nobody').salt, decoy.salt)
  assert.notDeepEqual(credentials.credential('SCRAM-SHA-256', 'nobody2').salt, decoy.salt)
  assert.notDeepEqual(credentials.credential('SCRAM-SHA-512', 'nobody').salt, decoy.salt)
  const restarted = store(2).credentials
  for (const record of records) restarted.apply(record)
  assert.deepEqual(restarted.credential('SCRAM-SHA-256', 'nobody').salt, decoy.salt)
  assert.notDeepEqual(restarted.credential('SCRAM-SHA-256', 'nobody').storedKey, decoy.storedKey)
})

test('what cannot be recorded is not in force', () => {
  const credentials = new ScramCredentials({
    record: () => {
      throw new Error('disk full')
    },
    secureBytes: (size) => Buffer.alloc(size),
  })
  assert.throws(() => credentials.bootstrap('SCRAM-SHA-256', 'alice', 'x'), /disk full/)
  assert.deepEqual(credentials.users(), [])
  assert.ok(credentials.credential('SCRAM-SHA-256', 'alice'), 'logging in goes on')
})

function credential(iterations: number) {
  return { salt: Buffer.from('s'), storedKey: Buffer.alloc(32), serverKey: Buffer.alloc(32), iterations }
}
