import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fixturePath, fixtureText, goldenGroups } from '../../../packages/connect/test/golden/fixtures.ts'
import { javaUnavailable } from '../../java/wire.ts'
import { connectOutcomes } from './golden.ts'

const skip = javaUnavailable()

let made: ReturnType<typeof connectOutcomes> | undefined

for (const group of goldenGroups) {
  test(`Kafka Connect still makes of the cases what their fixtures say: ${group.name}`, { skip }, () => {
    made ??= connectOutcomes(goldenGroups)
    assert.equal(fixtureText(made.get(group.name)!), readFileSync(fixturePath(group), 'utf8'))
  })
}
