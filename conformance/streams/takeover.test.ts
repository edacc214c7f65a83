import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { KafkaClient } from '@millrace/kafka'
import { type ApacheKafka, apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'
import { JavaInstances } from './takeover/java-instances.ts'
import { takeoverPrograms } from './takeover/programs.ts'
import { observer, takeTurns } from './takeover/take-turns.ts'

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
      assert.deepEqual(begunHere.output, alone.output)
      assert.deepEqual(begunHere.state, alone.state)
      // Who comes first makes the internal topics.
      assert.deepEqual(begunHere.settings, alone.settings)
      const begunInJava = await takeTurns(setting, program, [
        { side: 'java' },
        { side: 'ours' },
        { side: 'java' },
        { side: 'ours' },
      ])
      assert.deepEqual(begunInJava.output, alone.output)
      assert.deepEqual(begunInJava.state, alone.state)
    })
  }
})
