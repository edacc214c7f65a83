import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fixturePath, fixtureText, goldenGroups } from '../../../packages/connect/test/golden/fixtures.ts'
import { connectOutcomes } from './golden.ts'

/** Writes what Kafka Connect's converters and transforms make of the cases of `packages/connect/test/golden`. */
export function makeGoldenFixtures(): void {
  const outcomes = connectOutcomes(goldenGroups)
  for (const group of goldenGroups) {
    mkdirSync(dirname(fixturePath(group)), { recursive: true })
    writeFileSync(fixturePath(group), fixtureText(outcomes.get(group.name)!))
  }
}
