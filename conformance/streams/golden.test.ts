import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fixturePath, fixtureText } from '../../packages/streams/test/golden/fixtures.ts'
import { groups } from '../../packages/streams/test/golden/groups.ts'
import { javaUnavailable } from '../java/wire.ts'
import { javaFixtures } from './golden.ts'

const skip = javaUnavailable()

let made: ReturnType<typeof javaFixtures> | undefined

for (const group of groups) {
  test(`Kafka Streams still makes of the scenarios what their fixtures say: ${group.name}`, { skip }, () => {
    made ??= javaFixtures(groups)
    assert.equal(fixtureText(made.get(group.name)!), readFileSync(fixturePath(group), 'utf8'))
  })
}
