import assert from 'node:assert/strict'
import { test } from 'node:test'
import { predicatePlugins, transformPlugins } from '../../src/transforms/plugins.ts'
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

/** What has no fixture, and why. */
const untested = new Set([
  // Their language is a subset of one that needs a script engine in Java; see scripting.test.ts.
  'io.debezium.transforms.Filter',
  'io.debezium.transforms.ContentBasedRouter',
])
const untestedOptions = new Set([
  // See expand-json.test.ts and tracing-context.test.ts: what Java's class makes depends on its run.
  'table.json.payload.empty.array.behavior',
  'tracing.span.context.field',
  'tracing.operation.name',
  'tracing.with.context.field.only',
])

test('every transform and predicate, for keys and for values, has a fixture, and so has every option', () => {
  const cases = goldenGroups.flatMap((group) => group.cases)
  for (const { classNames, configDef } of [...transformPlugins, ...predicatePlugins]) {
    if (untested.has(classNames[0])) continue
    const own = cases.filter((each) => each.class === classNames[0] && each.does !== 'configDef')
    assert.ok(own.length > 0, `${classNames[0]} has no fixture`)
    // Keys and values have the same options.
    const both = new Set([
      classNames[0],
      classNames[0].replace(/\$(Key|Value)$/, '$Key'),
      classNames[0].replace(/\$(Key|Value)$/, '$Value'),
    ])
    const used = new Set(cases.filter((each) => both.has(each.class)).flatMap(({ config = {} }) => Object.keys(config)))
    const options = Object.entries(configDef.keys).filter(
      ([option, key]) => !key.notSupported && !key.withoutEffect && !untestedOptions.has(option),
    )
    assert.deepEqual(
      options.flatMap(([option]) => (used.has(option) ? [] : [option])),
      [],
      `${classNames[0]}: options without a fixture`,
    )
  }
})
