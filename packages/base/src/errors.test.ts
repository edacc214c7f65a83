import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorFactory, isMillraceError, MillraceError } from './index.ts'

const table = {
  THING_LOST: { retriable: true, cause: 'The thing was lost.', remedy: 'Look for it.' },
  THING_BROKEN: { retriable: false, cause: 'The thing broke.', remedy: 'Mend it.' },
} as const
const thingError = errorFactory(table)

test('an error carries its code, remedy, fields and cause', () => {
  const cause = new Error('dropped')
  const error = thingError('THING_LOST', 'thing 7 was lost', { topic: 'things', offset: 7n }, cause)
  assert.ok(error instanceof MillraceError && error instanceof Error)
  assert.deepEqual(
    [error.name, error.code, error.retriable, error.remedy, error.fields, error.cause],
    ['MillraceError', 'THING_LOST', true, 'Look for it.', { topic: 'things', offset: 7n }, cause],
  )
  assert.equal(thingError('THING_BROKEN', 'x').retriable, false)
})

test('an error of another copy of the package is recognised', async () => {
  const other = (await import(import.meta.resolve('./errors.ts?copy'))) as typeof import('./errors.ts')
  const error = other.errorFactory(table)('THING_LOST', 'x')
  assert.ok(!(error instanceof MillraceError))
  assert.ok(isMillraceError(error))
})

test('other values are not errors of Millrace', () => {
  for (const value of [new Error('x'), null, undefined, 'THING_LOST', { code: 'THING_LOST', retriable: true }]) {
    assert.equal(isMillraceError(value), false)
  }
})
