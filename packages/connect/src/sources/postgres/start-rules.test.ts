import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkStart } from './start-rules.ts'

const good = {
  connector: 'orders',
  slot: 's',
  position: { lsn: 100n, index: 0, systemId: '7' },
  server: { systemId: '7', timeline: 1, history: new Map() },
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
  assert.throws(() => checkStart({ ...good, server: { ...good.server, systemId: '8' } }), {
    code: 'POSTGRES_OTHER_SERVER',
  })
  assert.throws(() => checkStart({ ...good, walLsn: 99n }), { code: 'POSTGRES_OTHER_SERVER' })
})

test('a position on another timeline counts as far as the server came with that one', () => {
  const server = {
    systemId: '7',
    timeline: 3,
    history: new Map([
      [1, 50n],
      [2, 100n],
    ]),
  }
  const at = (timeline: number, index = 0) => ({ ...good, server, position: { ...good.position, timeline, index } })
  checkStart(at(2))
  checkStart(at(3))
  for (const lost of [at(1), at(4), at(2, 1)]) {
    assert.throws(() => checkStart(lost), { code: 'POSTGRES_OTHER_SERVER', message: /timeline/ })
  }
  // Written before positions had one.
  checkStart({ ...good, server })
})
