import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { topology } from '../../src/index.ts'
import { testDriver } from '../../src/testing.ts'
import { readFixtures } from './fixtures.ts'
import { groups } from './groups.ts'
import type { RecordStep, Scenario } from './scenario.ts'

const recordCount = 1_000
const limitMs = 50
/** The machine may be busy with something else; a program that is too slow is so every time. */
const attempts = 6

/** Their aggregates hold all records so far, and are written with each: what they take is for the bytes. */
const growing = new Set([
  'objects made by callbacks, repartitioned under numbers',
  'UUIDs, booleans, and lists of them',
])

/** CPU time that the test driver takes for a thousand records: the scenario's input over and over, later each time. */
function measured(scenario: Scenario, records: readonly RecordStep[]): number {
  const app = topology('golden', scenario.topology)
  scenario.build(app)
  using driver = testDriver(app, { cacheMaxBytes: scenario.cacheMaxBytes ?? 0 })
  const inputs = new Map(
    records.map(({ topic: name }) => [name, driver.input(topic(name, { key: serdes.bytes, value: serdes.bytes }))]),
  )
  const before = process.cpuUsage()
  for (let at = 0; at < recordCount; at++) {
    const { topic: name, key, value, timestamp, headers } = records[at % records.length]!
    const laterMs = 20 * Math.floor(at / records.length)
    inputs.get(name)!.pipeBytes(key, value, { timestamp: timestamp + laterMs, headers: Object.fromEntries(headers) })
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

for (const group of groups) {
  test(`a thousand records take less than ${limitMs} ms of CPU in any program: ${group.name}`, () => {
    const fixtures = readFixtures(group)
    for (const scenario of group.scenarios) {
      const records = scenario.input.flatMap((step) =>
        'advanceMs' in step ? [] : 'batch' in step ? step.batch : [step],
      )
      // The same program under another input, one that only has names, or one that is meant to fail.
      if (scenario.program !== undefined || growing.has(scenario.name) || records.length === 0) continue
      if (fixtures.get(scenario.name)?.java.failedAt !== undefined) continue
      const taken: number[] = []
      do taken.push(measured(scenario, records))
      while (taken.at(-1)! >= limitMs && taken.length < attempts)
      assert.ok(Math.min(...taken) < limitMs, `${scenario.name}: ${taken.map((ms) => ms.toFixed(1)).join(', ')} ms`)
    }
  })
}
