import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goldenGroups, readFixture } from './fixtures.ts'
import type { GoldenCase, JavaOutcome } from './golden-case.ts'
import { comparable, ourOutcome } from './outcome.ts'

for (const group of goldenGroups) {
  const fixture = readFixture(group)
  test(`what Kafka Connect makes of the cases, ours makes too: ${group.name}`, () => {
    assert.deepEqual(
      group.cases.map(({ name }) => name),
      Object.keys(fixture),
      'run `npm run generate -- fixtures connect`',
    )
    const wrong = group.cases.flatMap((each) => difference(each, fixture[each.name]!))
    assert.deepEqual(wrong, [])
  })
}

function difference(each: GoldenCase, java: JavaOutcome): unknown[] {
  const ours = ourOutcome(each)
  const [got, wanted] = [shown(ours), each.differs ? each.differs.ours : shown(java)]
  const isAsWanted = isSame(got, wanted)
  // A difference that is none any more must not be stated as one.
  const isStale = each.differs !== undefined && isSame(shown(java), wanted)
  return isAsWanted && !isStale ? [] : [{ name: each.name, ours, java, isStale }]
}

/** Failures have words of their own. */
function shown(outcome: { result: unknown } | { failed: string }): unknown {
  return 'failed' in outcome ? 'failed' : comparable(outcome.result)
}

function isSame(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b)
    return true
  } catch {
    return false
  }
}
