import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlantedFaults } from '@millrace/streams/internal'
import { applications } from './applications/applications.ts'
import type { PlantedMistakes } from './planted-mistakes.ts'
import { runSeed, type SeedResult } from './run-seed.ts'

const again = (seed: number): string =>
  `node --conditions=source packages/streams/test/simulation/main.ts --seed-from ${seed} --count 1 --verbose`

test('lives of six applications under crashes and rebalances end like one without', async () => {
  let faults = 0
  const seen = { standbyRecords: 0, promotions: 0, restoredRecords: 0 }
  const lived = new Set<string>()
  for (let seed = 1; seed <= 18; seed++) {
    const result = await runSeed(seed)
    assert.deepEqual(result.problems, [], `seed ${seed}; again with ${again(seed)}`)
    faults += result.faults
    lived.add(result.app)
    for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += result.seen[name]
  }
  assert.equal(lived.size, applications.length)
  assert.ok(faults > 150, `only ${faults} faults were injected`)
  assert.ok(seen.standbyRecords > 500, `only ${seen.standbyRecords} records reached standby copies`)
  assert.ok(seen.promotions > 15, `only ${seen.promotions} copies were promoted`)
  assert.ok(seen.restoredRecords > 500, `only ${seen.restoredRecords} records were restored`)
})

test('a seed replays to the bit', async () => {
  const first = await runSeed(9)
  const second = await runSeed(9)
  assert.equal(second.digest, first.digest)
  assert.equal(second.virtualMs, first.virtualMs)
  assert.notEqual((await runSeed(15)).digest, first.digest)
})

/** A simulation that misses a mistake within so many seeds would miss it in earnest too. */
const seedsMax = 60

async function found(app: string, mistake: string): Promise<SeedResult | undefined> {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const result = await runSeed(seed, { app, planted: { [mistake]: true } })
    if (result.problems.length > 0) return result
  }
  return undefined
}

/** What each mistake would be in earnest, and the application that finds it. */
const mistakes: readonly (readonly [string, string, keyof PlantedFaults | keyof PlantedMistakes])[] = [
  ['stores that are written before the transaction has committed', 'shop', 'storesBeforeCommit'],
  ['offsets that are committed before the caches are flushed', 'shop', 'commitBeforeFlush'],
  ['offsets that are committed without the generation', 'till', 'offsetsUnfenced'],
  ['a checkpoint that is taken for the end of the changelog', 'till', 'staleCheckpoint'],
  ['a store that is restored once more while its task writes to it', 'till', 'doubleRestore'],
  ['a commit that is taken for failed when its reply is lost', 'shop', 'lostReplyIsAbort'],
  ['output that is committed without offsets, by punctuation', 'till', 'outputUnfenced'],
  ['a revoked task that is given up uncommitted', 'shop', 'revokedUncommitted'],
  ['output of lost tasks that is kept for the next commit', 'till', 'lostOutputKept'],
  ['a task that is given away while it runs', 'shop', 'movesAtOnce'],
  ['a standby copy that goes on from where it has not been', 'till', 'standbyAhead'],
  ['held back changes that are not restored', 'board', 'bufferNotRestored'],
  ['waiting records of joins that are not restored', 'post', 'waitingNotRestored'],
  ['versions of rows that are not restored', 'post', 'historyNotRestored'],
  ['subscriptions of a join by foreign key that are not restored', 'market', 'subscriptionsNotRestored'],
  ['calls at intervals that end with an aborted transaction', 'till', 'scheduleLost'],
  ['calls at intervals that an aborted transaction doubles', 'till', 'scheduleDoubled'],
  ['stream time that begins anew', 'till', 'timeLost'],
]

for (const [what, app, mistake] of mistakes) {
  test(`found out: ${what}`, async () => {
    assert.ok(await found(app, mistake), `none of ${seedsMax} seeds of ${app} found it`)
  })
}
