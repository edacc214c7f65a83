import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classify, postgresError } from './postgres-errors.ts'

const error = (code: string, message = 'm'): Error => Object.assign(new Error(message), { code })

test('errors are sorted by what helps', () => {
  const cases: [string, string][] = [
    ['ECONNREFUSED', 'environment'],
    ['57P03', 'environment'],
    ['53100', 'environment'],
    ['40P01', 'environment'],
    ['55P03', 'environment'],
    ['25006', 'environment'],
    ['28P01', 'access'],
    ['3D000', 'access'],
    ['42501', 'access'],
    ['23505', 'record'],
    ['22003', 'record'],
    ['22021', 'record'],
    ['P0001', 'record'],
    ['54000', 'record'],
    ['42P01', 'table'],
    ['42703', 'table'],
    ['XX000', 'other'],
  ]
  for (const [code, expected] of cases) assert.equal(classify(error(code)), expected, code)
  assert.equal(classify(new Error('Connection terminated unexpectedly')), 'environment')
  assert.equal(classify(new Error('timeout exceeded when trying to connect')), 'environment')
  assert.equal(classify(new TypeError('a defect')), 'other')
})

test('what PgBouncer answers to a replication connection names the pooler', () => {
  const refused = error('08P01', 'unsupported startup parameter: replication')
  assert.equal(postgresError(refused, 'connecting').code, 'POSTGRES_POOLER')
})

test('errors of ours pass unchanged, others keep their SQLSTATE', () => {
  const own = postgresError(error('53100', 'could not extend file'), 'writing', { table: 't' })
  assert.deepEqual(
    [own.code, own.retriable, own.fields.sqlstate, own.fields.table],
    ['POSTGRES_UNAVAILABLE', true, '53100', 't'],
  )
  assert.equal(postgresError(own, 'again'), own)
})
