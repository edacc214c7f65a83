import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { KafkaClient } from '@millrace/kafka'
import { type ApacheKafka, apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'
import { JavaInstances } from './takeover/java-instances.ts'
import { takeoverPrograms } from './takeover/programs.ts'
import { observer, type Turn, type TurnsOutcome, takeTurns } from './takeover/take-turns.ts'

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
      const run = (...turns: readonly Turn[]): Promise<TurnsOutcome> => takeTurns(setting, program, turns)
      const inJava: Turn = { side: 'java' }
      const here: Turn = { side: 'ours' }
      const once = await run({ side: 'java', stages: 4 })
      assert.ok(Object.values(once.output).some((records) => Object.keys(records as object).length > 0))
      if (program.restartsInJava === 'damage') {
        const restarted = await run(inJava, inJava, inJava, inJava)
        assert.notDeepEqual(restarted.output, once.output, 'restarts do no damage in Kafka Streams any more')
        assertSame((await run(inJava, emptied(here), here, emptied(here))).output, once.output)
        return
      }
      const alone = program.restartsInJava === 'nothing' ? once : await run(inJava, inJava, inJava, inJava)
      const begunHere = await run(emptied(here), emptied(inJava), emptied(here), emptied(inJava))
      assertSame(begunHere.output, alone.output)
      assertSame(begunHere.state, alone.state)
      assert.deepEqual(begunHere.times, alone.times)
      // Who comes first makes the internal topics.
      assert.deepEqual(begunHere.settings, alone.settings)
      const begunInJava = await run(inJava, here, inJava, here)
      assertSame(begunInJava.output, alone.output)
      assertSame(begunInJava.state, alone.state)
      assert.deepEqual(begunInJava.times, alone.times)
    })
  }
})

/** On a disk that knows nothing yet: all state comes from changelogs. */
function emptied(turn: Turn): Turn {
  return { ...turn, disk: 'empty' }
}

/** Says where they part first: all of it would be pages. */
function assertSame(found: Readonly<Record<string, unknown>>, expected: Readonly<Record<string, unknown>>): void {
  assert.deepEqual(Object.keys(found), Object.keys(expected))
  for (const [name, all] of Object.entries(expected)) {
    const wanted = Object.entries(all as object)
    const actual = Object.entries(found[name] as object)
    const at = wanted.findIndex((entry, index) => !isDeepStrictEqual(actual[index], entry))
    const from = Math.max(0, at - 3)
    if (at >= 0) assert.deepEqual(actual.slice(from, at + 3), wanted.slice(from, at + 3), name)
    assert.deepEqual(actual.slice(wanted.length), [], `${name} goes on`)
  }
}
