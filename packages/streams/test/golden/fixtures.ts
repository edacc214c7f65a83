import { existsSync, readFileSync } from 'node:fs'
import { bytesForm, type Outcome } from './outcome.ts'
import type { Scenario, ScenarioGroup, Step } from './scenario.ts'

/** What a fixture says of a scenario: what was put in, and what Kafka Streams made of it. */
export interface Fixture {
  readonly input: readonly unknown[]
  readonly java: Outcome
}

export function fixturePath(group: ScenarioGroup): string {
  return new URL(`./fixtures/${group.name}.json`, import.meta.url).pathname
}

export function readFixtures(group: ScenarioGroup): ReadonlyMap<string, Fixture> {
  const path = fixturePath(group)
  if (!existsSync(path)) return new Map()
  return new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, Fixture>))
}

/** The text of a fixture file: JSON with one record, row or step a line, so that a change reads as one. */
export function fixtureText(fixtures: ReadonlyMap<string, Fixture>): string {
  const scenarios = [...fixtures].map(([name, { input, java }]) => {
    const { describe, topics, stores, ...rest } = java
    const plain = Object.entries(rest).map(
      ([key, value]) => `      ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`,
    )
    return [
      `  ${JSON.stringify(name)}: {\n`,
      `    "input": ${lines(input, '    ')},\n`,
      '    "java": {\n',
      ...plain,
      `      "topics": ${byName(topics)},\n`,
      `      "stores": ${byName(stores)},\n`,
      `      "describe": ${lines(describe, '      ')}\n`,
      '    }\n  }',
    ].join('')
  })
  return `{\n${scenarios.join(',\n')}\n}\n`
}

/** The input of a scenario as it stands in its fixture. */
export function inputForm(scenario: Scenario): unknown[] {
  return scenario.input.map(stepForm)
}

function stepForm(step: Step): unknown {
  if ('advanceMs' in step) return step
  if ('batch' in step) return step.batch.map(stepForm)
  const { topic, key, value, timestamp, headers } = step
  return [topic, bytesForm(key), bytesForm(value), timestamp, ...(headers.length > 0 ? [headers] : [])]
}

function byName(lists: Readonly<Record<string, readonly unknown[]>>): string {
  const entries = Object.entries(lists).map(
    ([name, list]) => `        ${JSON.stringify(name)}: ${lines(list, '        ')}`,
  )
  return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n      }`
}

function lines(list: readonly unknown[], indent: string): string {
  if (list.length === 0) return '[]'
  return `[\n${list.map((item) => `${indent}  ${JSON.stringify(item)}`).join(',\n')}\n${indent}]`
}
