import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scramClient } from './scram.ts'

// The example of RFC 7677, section 3.
const serverFirst = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'
const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='
const client = () => scramClient('sha256', 'user', 'pencil', 'rOprNGfwEbeRWgbNEkqO')

test('the conversation is that of RFC 7677', () => {
  const scram = client()
  assert.equal(scram.first(), 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
  assert.equal(
    scram.final(serverFirst),
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  )
  scram.verify(serverFinal)
})

test('a server that does not know the password is found out', () => {
  const scram = client()
  scram.final(serverFirst)
  assert.throws(() => scram.verify('v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='), /could not prove/)
  assert.throws(() => scram.verify('e=invalid-proof'), /invalid-proof/)
})

test('a foreign nonce and a number of iterations out of range are refused', () => {
  assert.throws(() => client().final('r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'), /nonce/)
  assert.throws(() => client().final(serverFirst.replace('4096', '1')), /iterations/)
  assert.throws(() => client().final(serverFirst.replace('4096', '999999999')), /iterations/)
})

test('separators in the user name are escaped', () => {
  assert.equal(scramClient('sha512', 'a=b,c', 'p', 'nonce').first(), 'n,,n=a=3Db=2Cc,r=nonce')
})
