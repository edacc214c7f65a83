import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applications } from './applications/applications.ts'
import { findingSeed, mistakes, seedsMax } from './mistakes.ts'
import { runSeed } from './run-seed.ts'

const again = (seed: number): string =>
  `node --conditions=source packages/streams/test/simulation/main.ts --seed-from ${seed} --count 1 --verbose`

test('lives of six applications under crashes and rebalances end like one without', async () => {
  let faults = 0
  const seen = { standbyRecords: 0, promotions: 0, restoredRecords: 0, fenced: 0 }
  const lived = new Set<string>()
  for (let seed = 1; seed <= 12; seed++) {
    const result = await runSeed(seed)
    assert.deepEqual(result.problems, [], `seed ${seed}; again with ${again(seed)}`)
    faults += result.faults
    lived.add(result.app)
    for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += result.seen[name]
  }
  assert.equal(lived.size, applications.length)
  assert.ok(faults > 80, `only ${faults} faults were injected`)
  assert.ok(seen.standbyRecords > 300, `only ${seen.standbyRecords} records reached standby copies`)
  assert.ok(seen.promotions > 8, `only ${seen.promotions} copies were promoted`)
  assert.ok(seen.restoredRecords > 300, `only ${seen.restoredRecords} records were restored`)
  assert.ok(seen.fenced > 0, 'no process was put out by another of its name')
})

test('a seed replays to the bit', async () => {
  const first = await runSeed(9)
  const second = await runSeed(9)
  assert.equal(second.digest, first.digest)
  assert.equal(second.virtualMs, first.virtualMs)
  assert.notEqual((await runSeed(15)).digest, first.digest)
})

for (const mistake of mistakes.filter(({ isQuick }) => isQuick)) {
  test(`found out: ${mistake.what}`, async () => {
    assert.ok(await findingSeed(mistake), `none of ${seedsMax} seeds of ${mistake.app} found it`)
  })
}
