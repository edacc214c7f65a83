import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { KafkaClient } from '@millrace/kafka'
import { type ApacheKafka, apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'
import { JavaInstances } from './takeover/java-instances.ts'
import { takeoverPrograms } from './takeover/programs.ts'
import { observer, type TurnsOutcome, takeTurns } from './takeover/take-turns.ts'

const skip = apacheKafkaUnavailable()

/**
 * An application that runs here and in Kafka Streams by turns, under one application id, from the same offsets and internal
 * topics, exactly once: what comes of it is what comes of Kafka Streams alone.
 */
describe('applications that Kafka Streams and Millrace take over from each other', { skip }, () => {
  let kafka: ApacheKafka
  let client: KafkaClient
  let java: JavaInstances
  before(async () => {
    kafka = await startApacheKafka()
    client = observer(kafka.brokers)
    java = new JavaInstances()
  })
  after(async () => {
    await java?.[Symbol.asyncDispose]()
    await client?.close()
    await kafka?.close()
  })

  for (const program of takeoverPrograms) {
    test(`${program.keeps}: ${program.group.name}, ${program.scenario.name}`, async () => {
      const setting = { brokers: kafka.brokers, client, java }
      const alone = await takeTurns(setting, program, [{ side: 'java', stages: 4 }])
      const empty = 'empty'
      const begunHere = await takeTurns(setting, program, [
        { side: 'ours', disk: empty },
        { side: 'java', disk: empty },
        { side: 'ours', disk: empty },
        { side: 'java', disk: empty },
      ])
      assert.ok(Object.values(alone.output).some((records) => Object.keys(records as object).length > 0))
      assertSame(begunHere, alone)
      // Who comes first makes the internal topics.
      assert.deepEqual(begunHere.settings, alone.settings)
      const begunInJava = await takeTurns(setting, program, [
        { side: 'java' },
        { side: 'ours' },
        { side: 'java' },
        { side: 'ours' },
      ])
      assertSame(begunInJava, alone)
    })
  }
})

/** Says where they part first: all of it would be pages. */
function assertSame(found: TurnsOutcome, expected: TurnsOutcome): void {
  for (const part of ['output', 'state'] as const) {
    assert.deepEqual(Object.keys(found[part]), Object.keys(expected[part]))
    for (const [name, all] of Object.entries(expected[part])) {
      const wanted = Object.entries(all as object)
      const actual = Object.entries(found[part][name] as object)
      const at = wanted.findIndex((entry, index) => !isDeepStrictEqual(actual[index], entry))
      const from = Math.max(0, at - 3)
      if (at >= 0) assert.deepEqual(actual.slice(from, at + 3), wanted.slice(from, at + 3), `${part} of ${name}`)
      assert.deepEqual(actual.slice(wanted.length), [], `${part} of ${name} goes on`)
    }
  }
}
