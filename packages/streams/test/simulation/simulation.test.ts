import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlantedFaults } from '@millrace/streams/internal'
import { runSeed, type SeedResult } from './run-seed.ts'

const again = (seed: number): string =>
  `node --conditions=source packages/streams/test/simulation/main.ts --seed-from ${seed} --count 1 --verbose`

test('two dozen lives of the shop under crashes and rebalances end like one without', async () => {
  let faults = 0
  const seen = { standbyRecords: 0, promotions: 0, restoredRecords: 0 }
  for (let seed = 1; seed <= 24; seed++) {
    const result = await runSeed(seed)
    assert.deepEqual(result.problems, [], `seed ${seed}; again with ${again(seed)}`)
    faults += result.faults
    for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += result.seen[name]
  }
  assert.ok(faults > 150, `only ${faults} faults were injected`)
  assert.ok(seen.standbyRecords > 1_000, `only ${seen.standbyRecords} records reached standby copies`)
  assert.ok(seen.promotions > 30, `only ${seen.promotions} copies were promoted`)
  assert.ok(seen.restoredRecords > 1_000, `only ${seen.restoredRecords} records were restored`)
})

test('a seed replays to the bit', async () => {
  const first = await runSeed(7)
  const second = await runSeed(7)
  assert.equal(second.digest, first.digest)
  assert.equal(second.virtualMs, first.virtualMs)
  assert.notEqual((await runSeed(8)).digest, first.digest)
})

/** Seeds until the fault is found; a simulation that misses it would miss the mistake in earnest too. */
async function found(planted: Parameters<typeof runSeed>[1], seeds: number): Promise<SeedResult | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await runSeed(seed, planted)
    if (result.problems.length > 0) return result
  }
  return undefined
}

/** What each mistake would be in earnest; all of them are found within a few seeds. */
const mistakes: Readonly<Record<string, keyof PlantedFaults>> = {
  'stores that are written before the transaction has committed': 'storesBeforeCommit',
  'offsets that are committed before the caches are flushed': 'commitBeforeFlush',
  'offsets that are committed without the generation': 'offsetsUnfenced',
  'a checkpoint that is taken for the end of the changelog': 'staleCheckpoint',
  'a store that is restored once more while its task writes to it': 'doubleRestore',
  'a commit that is taken for failed when its reply is lost': 'lostReplyIsAbort',
}

for (const [mistake, fault] of Object.entries(mistakes)) {
  test(`found out: ${mistake}`, async () => {
    assert.ok(await found({ planted: { [fault]: true } }, 200))
  })
}
