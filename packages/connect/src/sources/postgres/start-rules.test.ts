import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkStart } from './start-rules.ts'

const good = {
  connector: 'orders',
  slot: 's',
  position: { lsn: 100n, index: 0, systemId: '7' },
  systemId: '7',
  walLsn: 200n,
  confirmedLsn: 100n,
}

test('a slot at or behind the stored position is where the source goes on', () => {
  checkStart(good)
  checkStart({ ...good, confirmedLsn: 40n })
})

test('a start that would leave changes out is refused', () => {
  assert.throws(() => checkStart({ ...good, confirmedLsn: 101n }), { code: 'POSTGRES_SLOT_AHEAD', retriable: false })
  assert.throws(() => checkStart({ ...good, confirmedLsn: undefined }), { code: 'POSTGRES_SLOT_MISSING' })
  assert.throws(() => checkStart({ ...good, systemId: '8' }), { code: 'POSTGRES_OTHER_SERVER' })
  assert.throws(() => checkStart({ ...good, walLsn: 99n }), { code: 'POSTGRES_OTHER_SERVER' })
})
