import { readFileSync } from 'node:fs'
import { configGroup } from './config-cases.ts'
import { converterGroups } from './converter-cases.ts'
import { debeziumGroups } from './debezium-cases.ts'
import { eventRouterGroup } from './event-router-cases.ts'
import type { GoldenGroup, JavaOutcome } from './golden-case.ts'
import { transformGroups } from './transform-cases.ts'

export const goldenGroups: readonly GoldenGroup[] = [
  ...converterGroups,
  ...transformGroups,
  ...debeziumGroups,
  eventRouterGroup,
  configGroup,
]

export function fixturePath(group: GoldenGroup): string {
  return new URL(`./fixtures/${group.name}.json`, import.meta.url).pathname
}

export function readFixture(group: GoldenGroup): Record<string, JavaOutcome> {
  return JSON.parse(readFileSync(fixturePath(group), 'utf8')) as Record<string, JavaOutcome>
}

/** One case a line, so that a change reads as one. */
export function fixtureText(outcomes: Readonly<Record<string, JavaOutcome>>): string {
  const lines = Object.entries(outcomes).map(
    ([name, outcome]) => `  ${JSON.stringify(name)}: ${JSON.stringify(outcome)}`,
  )
  return `{\n${lines.join(',\n')}\n}\n`
}
