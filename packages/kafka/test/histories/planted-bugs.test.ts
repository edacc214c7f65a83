import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anomalyKinds } from './checker/anomaly.ts'
import { plantedBugs } from './planted/bugs.ts'
import { runHistory } from './run-history.ts'

const seedsMax = 15

for (const bug of plantedBugs) {
  test(`found out: ${bug.name}`, async () => {
    const kinds = new Set<string>()
    for (let seed = 1; seed <= (bug.seeds ?? seedsMax); seed++) {
      const { anomalies, failures } = await runHistory(seed, bug)
      for (const { kind } of anomalies) kinds.add(kind)
      for (const failure of failures) kinds.add(failure)
      if (anomalies.some(({ kind }) => kind === bug.found)) return
    }
    assert.fail(`no ${bug.found}, only ${[...kinds].join(', ') || 'nothing'}`)
  })
}

test('there is a planted bug for every kind of anomaly', () => {
  const found = new Set(plantedBugs.map((bug) => bug.found))
  assert.deepEqual(
    anomalyKinds.filter((kind) => !found.has(kind)),
    [],
  )
})
