import assert from 'node:assert/strict'
import test from 'node:test'
import { runKills } from './run.ts'

for (const durability of ['write', 'fsync'] as const) {
  test(`six kills at random moments cost nothing that was acknowledged (${durability})`, async () => {
    const { records, transactions } = await runKills({ seed: 7, kills: 6, durability, verifyEvery: 3 })
    assert.ok(records > 10 && transactions > 0, `${records} records, ${transactions} transactions`)
  })
}
