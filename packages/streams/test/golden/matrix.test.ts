import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFixtures } from './fixtures.ts'
import { groups } from './groups.ts'
import { stepsOf } from './recorded-steps.ts'
import { lateOf } from './run-scenario.ts'
import type { RecordStep, Scenario } from './scenario.ts'

const conditions = ['no key', 'no value', 'out of order', 'late', 'repartitioned', 'windowed'] as const
type Condition = (typeof conditions)[number]

/** Conditions that an input has, and what Kafka Streams has made of it shows. */
function conditionsOf(scenario: Scenario, steps: ReadonlySet<string>, topics: readonly string[]): Condition[] {
  const records = scenario.input.flatMap((step): readonly RecordStep[] =>
    'advanceMs' in step ? [] : 'batch' in step ? step.batch : [step],
  )
  const latest = new Map<string, number>()
  let isOutOfOrder = false
  for (const { topic, timestamp } of records) {
    const before = latest.get(topic) ?? timestamp
    if (timestamp < before) isOutOfOrder = true
    latest.set(topic, Math.max(before, timestamp))
  }
  const holds: Record<Condition, boolean> = {
    'no key': records.some(({ key }) => key === null),
    'no value': records.some(({ value }) => value === null),
    'out of order': isOutOfOrder,
    late: isOutOfOrder && lateOf(scenario) > 0,
    repartitioned: topics.some((name) => name.endsWith('-repartition')),
    windowed: [...steps].some((step) => /windows|sessions/.test(step)),
  }
  return conditions.filter((condition) => holds[condition])
}

const noTime = 'the step looks at no time'
const noGrace = 'whatever comes late is taken: nothing closes'
const ownTime = 'each row has its time, and the later one wins or not by order alone'
const anyKeys = 'what the keys are is nothing to it: those of windows are like others'
const noRepartition = 'it looks keys up that a callback makes'
const sameAsEach = 'as with each update that is no final result'
const alone = 'it looks at each record alone, wherever that came from'
const sameKeys = 'tables have keys, and nothing is repartitioned on the way to it'
const lastStep = 'nothing is behind it'

const stateless = { late: noTime, repartitioned: alone, windowed: anyKeys }

/** Every step of the DSL, with the conditions that make no sense for it, and why. Everything else has to be in a scenario. */
const senseless: Readonly<Record<string, Partial<Record<Condition, string>>>> = {
  'stream.filter': stateless,
  'stream.filterNot': stateless,
  'stream.flatMap': stateless,
  'stream.flatMapValues': stateless,
  'stream.forEach': stateless,
  'stream.map': stateless,
  'stream.mapValues': stateless,
  'stream.merge': { late: noTime, windowed: anyKeys },
  'stream.peek': stateless,
  'stream.print': stateless,
  'stream.process': { late: noTime, windowed: anyKeys },
  'stream.processValues': stateless,
  'stream.repartition': { late: noTime, windowed: anyKeys },
  'stream.selectKey': { late: noTime },
  'stream.split': stateless,
  'stream.to': { late: noTime },
  'stream.toOneOf': { late: noTime, repartitioned: lastStep, windowed: anyKeys },
  'stream.toTable': { late: noGrace, windowed: anyKeys },
  'stream.groupBy': {},
  'stream.groupByKey': {},
  aggregation: { late: noGrace },
  cogroup: { late: noGrace, windowed: 'see those with windows' },
  'cogroup, windows': {},
  'cogroup, sliding windows': { 'no value': sameAsEach, repartitioned: sameAsEach },
  'cogroup, sessions': { 'no value': sameAsEach, repartitioned: sameAsEach },
  windows: {},
  'windows on close': { repartitioned: sameAsEach },
  'sliding windows': {},
  'sliding windows on close': { repartitioned: sameAsEach },
  sessions: {},
  'sessions on close': { 'no value': sameAsEach, repartitioned: sameAsEach },
  'final results': {},
  'time limit': { late: noGrace, windowed: 'that is what final results are for' },
  'regrouped table': {},
  'table.filter': {},
  'table.filterNot': { late: noTime, repartitioned: sameKeys, windowed: anyKeys },
  'table.groupBy': {},
  'table.mapValues': {},
  'table.to': {},
  'table.toStream': {},
  'streams, join': { windowed: anyKeys },
  'streams, leftJoin': { windowed: anyKeys },
  'streams, outerJoin': {},
  'stream and table, join': { late: noGrace, windowed: anyKeys },
  'stream and table, leftJoin': { late: noGrace, windowed: anyKeys },
  'stream and table, with grace, join': { repartitioned: 'as without grace', windowed: anyKeys },
  'stream and table, with grace, leftJoin': { repartitioned: 'as without grace', windowed: anyKeys },
  'stream and global table, join': { late: noGrace, repartitioned: noRepartition, windowed: anyKeys },
  'stream and global table, leftJoin': { late: noGrace, repartitioned: noRepartition, windowed: anyKeys },
  'tables, join': { late: ownTime, windowed: anyKeys },
  'tables, leftJoin': { late: ownTime },
  'tables, outerJoin': { late: ownTime },
  'foreign key, join': { late: ownTime, repartitioned: noRepartition, windowed: anyKeys },
  'foreign key, leftJoin': { late: ownTime, repartitioned: noRepartition, windowed: anyKeys },
}

test('every step meets every condition in a scenario, or it is said why not', () => {
  const found = new Map<string, Set<Condition>>()
  for (const group of groups) {
    const fixtures = readFixtures(group)
    for (const scenario of group.scenarios) {
      const steps = stepsOf(scenario)
      const { topics } = fixtures.get(scenario.name)!.java
      const held = conditionsOf(scenario, steps, Object.keys(topics))
      for (const step of steps) found.set(step, new Set([...(found.get(step) ?? []), ...held]))
    }
  }
  assert.deepEqual([...found.keys()].sort(), Object.keys(senseless).sort(), 'steps and rows')
  const missing = Object.entries(senseless).flatMap(([step, reasons]) =>
    conditions
      .filter((condition) => reasons[condition] === undefined && !found.get(step)!.has(condition))
      .map((condition) => `${step}: ${condition}`),
  )
  assert.deepEqual(missing, [], 'no scenario has these')
})
