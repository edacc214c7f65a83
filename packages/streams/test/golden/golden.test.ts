import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inputForm, readFixtures } from './fixtures.ts'
import { groups } from './groups.ts'
import type { Outcome } from './outcome.ts'
import { runScenario, unorderedTopics } from './run-scenario.ts'
import type { Difference } from './scenario.ts'

const howTo = 'see test/golden/README.md: npm run generate -- fixtures streams'

for (const group of groups) {
  const fixtures = readFixtures(group)
  for (const scenario of group.scenarios) {
    test(`comes out as in Kafka Streams: ${group.name}, ${scenario.name}`, () => {
      const fixture = fixtures.get(scenario.name)
      assert.ok(fixture, `there is no fixture; ${howTo}`)
      assert.deepEqual(fixture.input, plain(inputForm(scenario)), `the fixture was made from another input; ${howTo}`)
      const unordered = unorderedTopics(scenario)
      const ours = partsOf(runScenario(scenario), unordered)
      const java = partsOf(fixture.java, unordered)
      for (const difference of scenario.differs ?? []) expectDifference(java, ours, difference)
      assert.equal(textOf(ours), textOf(java))
    })
  }
  test(`every scenario of the fixture is compared: ${group.name}`, () => {
    assert.deepEqual(
      [...fixtures.keys()],
      group.scenarios.map(({ name }) => name),
      howTo,
    )
  })
}

/** The parts of an outcome by the names that differences have. */
function partsOf(
  { topics, stores, failure: _, ...rest }: Outcome,
  unordered: ReadonlySet<string>,
): Record<string, unknown> {
  const parts: Record<string, unknown> = { ...rest }
  for (const [name, records] of Object.entries(topics))
    parts[`topics.${name}`] = unordered.has(name) ? byKey(records) : records
  for (const [name, entries] of Object.entries(stores)) parts[`stores.${name}`] = entries
  return plain(parts)
}

/** Each key's records in their order, one key after another. */
function byKey(records: Outcome['topics'][string]): Outcome['topics'][string] {
  return records.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0))
}

/** A difference that is none any more must be taken out of the scenario. */
function expectDifference(java: Record<string, unknown>, ours: Record<string, unknown>, difference: Difference): void {
  const { in: part, ours: expected } = difference
  assert.notDeepEqual(expected, java[part], `${part} is as in Kafka Streams: no difference to expect`)
  assert.deepEqual(ours[part], expected, part)
  delete java[part]
  delete ours[part]
}

/** A line for every record and row, so that what differs is what is shown. */
function textOf(parts: Record<string, unknown>): string {
  const named = Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1))
  return named.flatMap(([name, part]) => [part].flat().map((item) => `${name}: ${JSON.stringify(item)}`)).join('\n')
}

/** As it comes back from JSON. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
