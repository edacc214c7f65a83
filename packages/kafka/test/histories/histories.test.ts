import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printHistory } from './history.ts'
import { runHistory } from './run-history.ts'

const seeds = 12

test(`${seeds} histories of clients at a broker that crashes contradict nothing`, async () => {
  const sums = { faults: 0, transactions: 0, commits: 0 }
  for (let seed = 1; seed <= seeds; seed++) {
    const { anomalies, failures, faults, history } = await runHistory(seed)
    const again = `seed ${seed}; its history: npm run histories -- --seed-from ${seed} --count 1 --verbose`
    assert.deepEqual([...anomalies, ...failures], [], again)
    sums.faults += faults
    for (const { operation, outcome } of history) {
      if (outcome !== 'ok') continue
      if (operation.kind === 'commit') sums.transactions++
      if (operation.kind === 'commitOffsets') sums.commits++
    }
  }
  // Histories in which nothing happened prove nothing.
  const counts = JSON.stringify(sums)
  assert.ok(sums.faults > seeds * 10 && sums.transactions > seeds * 15 && sums.commits > seeds * 15, counts)
})

test('a seed has one history', async () => {
  const [first, second, other] = [await runHistory(3), await runHistory(3), await runHistory(4)]
  assert.deepEqual(printHistory(second.history), printHistory(first.history))
  assert.notDeepEqual(printHistory(other.history), printHistory(first.history))
})
