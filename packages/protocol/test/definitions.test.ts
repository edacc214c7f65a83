import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  digestOf,
  findJars,
  kafkaVersion,
  readDefinitions,
  selectMessages,
} from '../../../scripts/generate-protocol.ts'

const digestFile = join(import.meta.dirname, '../src/generated/digest.json')
const required = process.env.MILLRACE_REQUIRE_KAFKA === '1'
const jars = findJars({ download: required })
const skip = jars ? false : `no jars of Kafka ${kafkaVersion} in Maven's folder; MILLRACE_REQUIRE_KAFKA=1 fetches them`

test("the generated messages are those of Kafka's jars", { skip }, () => {
  const committed = JSON.parse(readFileSync(digestFile, 'utf8')) as Record<string, string>
  const current = digestOf(selectMessages(readDefinitions(jars!)))
  const names = new Set([...Object.keys(committed), ...Object.keys(current)])
  const changed = [...names].filter((name) => committed[name] !== current[name])
  assert.deepEqual(changed, [], 'these messages changed: run `npm run generate -- protocol`')
})
