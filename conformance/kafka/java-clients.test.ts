import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  cooperativeStickyAssignor,
  decodedRecords,
  type GroupAssignor,
  type KafkaClient,
  kafkaClient,
  rangeAssignor,
  roundRobinAssignor,
} from '@millrace/kafka'
import { partitionForKey } from '@millrace/protocol'
import { waitFor } from '../support/wait-for.ts'
import { type ApacheKafka, apacheKafkaUnavailable, startApacheKafka } from './apache-kafka.ts'

const javaAssignors: readonly (readonly [GroupAssignor, string])[] = [
  [rangeAssignor, 'RangeAssignor'],
  [roundRobinAssignor, 'RoundRobinAssignor'],
  [cooperativeStickyAssignor, 'CooperativeStickyAssignor'],
]

describe("beside Java's clients on Apache Kafka", { skip: apacheKafkaUnavailable(), timeout: 600_000 }, () => {
  let kafka: ApacheKafka
  let client: KafkaClient
  before(async () => {
    kafka = await startApacheKafka()
    client = kafkaClient({ brokers: kafka.brokers })
  })
  after(async () => {
    await client?.close()
    await kafka?.close()
  })

  const java = (tool: string, ...args: string[]): ChildProcess =>
    spawn(
      'java',
      [
        '-Xmx128m',
        '-XX:TieredStopAtLevel=1',
        '-XX:+UseSerialGC',
        '-cp',
        kafka.classPath,
        tool,
        '--bootstrap-server',
        kafka.brokers,
        ...args,
      ],
      {
        stdio: ['pipe', 'ignore', 'ignore'],
      },
    )

  test('keys go to the partitions that the Java producer chooses', async () => {
    await client.admin.createTopics([{ name: 'keys', partitions: 7 }])
    const keys = Array.from({ length: 100 }, (_, index) => `schlüssel-${'x'.repeat(index % 5)}${index}`)
    const properties = ['parse.key=true', 'key.separator=:'].flatMap((property) => ['--reader-property', property])
    const producer = java('org.apache.kafka.tools.ConsoleProducer', '--topic', 'keys', ...properties)
    producer.stdin?.end(keys.map((key) => `${key}:value\n`).join(''))
    await once(producer, 'exit')
    await using consumer = client.consumer()
    consumer.assign(Array.from({ length: 7 }, (_, partition) => ({ topic: 'keys', partition })))
    let seen = 0
    while (seen < keys.length) {
      for (const fetched of await consumer.poll({ timeoutMs: 1_000 })) {
        for (const { key, partition } of decodedRecords(fetched)) {
          assert.equal(partitionForKey(key as Buffer, 7), partition, String(key))
          seen += 1
        }
      }
    }
  })

  for (const [assignor, javaName] of javaAssignors) {
    for (const first of ['java', 'ours'] as const) {
      test(`a group of ${assignor.name} with one Java member shares, ${first} leading`, async () => {
        const name = `${assignor.name}-${first}`
        await client.admin.createTopics([{ name, partitions: 4 }])
        const strategy = `partition.assignment.strategy=org.apache.kafka.clients.consumer.${javaName}`
        const startJava = (): ChildProcess =>
          java(
            'org.apache.kafka.tools.consumer.ConsoleConsumer',
            '--topic',
            name,
            '--group',
            name,
            '--command-property',
            strategy,
          )
        const shares = async (expected: readonly number[]): Promise<void> => {
          const dueMs = Date.now() + 60_000
          for (;;) {
            const [group] = await client.admin.describeGroups([name]).catch(() => [])
            const counts = group?.members.map(({ assignment }) => assignment.length).sort() ?? []
            if (group?.state === 'Stable' && String(counts) === String(expected)) return
            assert.ok(Date.now() < dueMs, `${group?.state}: ${counts}`)
            await delay(100)
          }
        }
        const consumer = client.consumer({ groupId: name, assignors: [assignor], heartbeatIntervalMs: 200 })
        let member: ChildProcess | undefined
        let polling = Promise.resolve()
        let stopped = false
        const startOurs = (): void => {
          consumer.subscribe({ topics: [name] })
          polling = (async () => {
            while (!stopped) await consumer.poll({ timeoutMs: 100 })
          })()
        }
        try {
          if (first === 'java') member = startJava()
          else startOurs()
          await shares([4])
          if (first === 'java') startOurs()
          else member = startJava()
          await shares([2, 2])
          // The leader's assignment is the group's before every member has heard of its share.
          await waitFor('our share', () => consumer.assignment().length === 2)
        } finally {
          stopped = true
          await polling
          await consumer.close()
          if (member?.kill()) await once(member, 'exit')
        }
      })
    }
  }
})
