import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { javaUnavailable } from '../java/wire.ts'
import { facts, factText } from './facts.ts'

const skip = javaUnavailable()

for (const fact of facts) {
  test(`Kafka Streams still says what ${basename(fact.path)} says`, { skip }, () => {
    assert.equal(factText(fact), readFileSync(fact.path, 'utf8'))
  })
}
