import assert from 'node:assert/strict'
import test from 'node:test'
import { runKills } from './run.ts'

for (const durability of ['write', 'fsync'] as const) {
  test(`four kills at random moments cost nothing that was acknowledged (${durability})`, async () => {
    const { records, transactions } = await runKills({ seed: 7, kills: 4, durability, verifyEvery: 2 })
    assert.ok(records > 0 && transactions > 0, `${records} records, ${transactions} transactions`)
  })
}
