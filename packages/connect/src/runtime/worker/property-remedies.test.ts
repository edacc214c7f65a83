import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectErrors } from '../../errors.ts'
import { inProperties } from './property-remedies.ts'

test('remedies name properties and commands that a connector of a worker has', () => {
  const told = (code: keyof typeof connectErrors) => inProperties(connectErrors[code].remedy)
  assert.match(told('POSTGRES_SLOT_FOREIGN'), /another `slot\.name`/)
  assert.match(told('CONNECT_NO_DEAD_LETTERS'), /`errors\.tolerance=all`/)
  assert.match(told('POSTGRES_SLOT_MISSING'), /"millrace connect offsets <name> --reset --yes"/)
  const left = Object.values(connectErrors)
    .map(({ remedy }) => inProperties(remedy))
    .filter((remedy) => /connect forget|`(slot|snapshot: .*|evolve|onBadRecord.*)`/.test(remedy))
  assert.deepEqual(left, [])
})
