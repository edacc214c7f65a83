import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { MillraceError } from '@millrace/base'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import {
  applyReset,
  deleteState,
  planReset,
  type ResetTarget,
  type StreamsInstance,
  startStreams,
} from '@millrace/streams'
import type { BrokerSuite, RunningBroker } from './broker-suite.ts'
import { waitUntil } from './kafka.ts'
import { resetApp, totals, visit } from './reset-app.ts'

const applicationId = 'visits'
const records = 60
const startMs = Date.UTC(2024, 0, 1)

/** What a reset promises, against any broker. */
export function registerResetTests(name: string, { skip, startBroker }: BrokerSuite): void {
  describe(`an application is reset ${name}`, { skip }, () => {
    let broker: RunningBroker
    let client: KafkaClient
    let directory: string
    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'millrace-reset-'))
      broker = await startBroker()
      client = kafkaClient({ brokers: broker.brokers })
      await client.admin.createTopics([visit, totals].map(({ name }) => ({ name, partitions: 1 })))
      await using producer = client.producer()
      for (let at = 0; at < records; at++) {
        const timestamp = startMs + at * 10_000
        const headers = [{ key: 'n', value: Buffer.from(String(at)) }]
        await producer.send({
          topic: visit.name,
          key: Buffer.from('v'),
          value: Buffer.from(`p${at % 7}`),
          timestamp,
          headers,
        })
      }
    })
    after(async () => {
      await client?.close()
      await broker?.close()
      rmSync(directory, { recursive: true, force: true })
    })

    const start = () => startStreams({ topology: resetApp, client, stateDir: directory, limits: { cacheMaxBytes: 0 } })

    /** Runs until everything is processed, and returns what has been written since `from`. */
    async function outputFrom(from: number): Promise<string[]> {
      await using streams = await start()
      // Each record twice: as it came, and behind the repartition topic.
      await waitUntil(() => processed(streams) === 2 * records)
      await streams.close()
      // Markers of the last transaction may come a moment later.
      await waitUntil(async () => (await written(client)).length >= from + 2 * records)
      return (await written(client)).slice(from)
    }

    test('and then makes of the same input what it has made before', async () => {
      const first = await outputFrom(0)
      assert.ok(first.length > records, 'both counts are written')

      const plan = await planReset(client, { applicationId })
      assert.deepEqual(plan.offsets, [{ topic: visit.name, partition: 0, from: records, offset: 0, end: records }])
      assert.deepEqual(plan.deletedTopics, [
        'visits-by-page-repartition',
        'visits-per-minute-changelog',
        'visits-per-page-changelog',
      ])
      assert.deepEqual(plan.members, [])
      const files = await deleteState({ stateDir: directory, applicationId, preview: true })
      assert.ok(files.length > 0)
      assert.deepEqual(await planReset(client, { applicationId }), plan, 'a plan changes nothing')

      await applyReset(client, plan)
      assert.deepEqual(await deleteState({ stateDir: directory, applicationId }), files)
      const topics = (await client.admin.listTopics()).map(({ name }) => name)
      assert.deepEqual(
        topics.filter((name) => name.startsWith('visits-')),
        [],
      )
      const committed = await client.admin.committedOffsets(applicationId)
      assert.deepEqual(
        committed.map(({ topic, offset }) => [topic, offset]),
        [[visit.name, 0]],
      )
      assert.ok(existsSync(join(directory, applicationId, 'instance.mdb')), 'the instance stays who it is')

      assert.deepEqual(await outputFrom(first.length), first)
    })

    const targets: readonly (readonly [string, ResetTarget, number])[] = [
      ['the beginning', { to: 'earliest' }, 0],
      ['the end', { to: 'latest' }, records],
      ['an offset', { to: 'offset', offset: 12 }, 12],
      ['an offset that is too large', { to: 'offset', offset: 1_000 }, records],
      ['so many back', { to: 'shift', by: -5 }, records - 5],
      ['further back than there is', { to: 'shift', by: -500 }, 0],
      ['a moment', { to: 'time', timestampMs: startMs + 300_001 }, 31],
      ['a moment after the last record', { to: 'time', timestampMs: startMs + 10 ** 9 }, records],
      ['offsets of a file', { to: 'offsets', offsets: [{ topic: visit.name, partition: 0, offset: 7 }] }, 7],
    ]
    for (const [name, target, expected] of targets) {
      test(`to ${name}`, async () => {
        const { offsets } = await planReset(client, { applicationId, target })
        assert.deepEqual(
          offsets.map(({ offset }) => offset),
          [expected],
        )
      })
    }

    test('only while no instance runs, and never what is not its own', async () => {
      await using streams = await start()
      await waitUntil(() => streams.state() === 'running')
      const plan = await planReset(client, { applicationId })
      assert.equal(plan.members.length, 1)
      await assert.rejects(applyReset(client, plan), { code: 'STREAMS_RESET_ACTIVE' })
      await assert.rejects(deleteState({ stateDir: directory, applicationId }), { code: 'STREAMS_STATE_LOCKED' })
      const foreign = planReset(client, { applicationId, internalTopics: [visit.name] })
      await assert.rejects(foreign, { code: 'STREAMS_RESET_INVALID', message: /no internal topic of visits/ })
      await assert.rejects(planReset(client, { applicationId, inputTopics: ['nowhere'] }), {
        code: 'STREAMS_RESET_INVALID',
      })
      assert.ok((await client.admin.listTopics()).some(({ name }) => name === 'visits-per-page-changelog'))
    })

    test('although a member that died is still in the group, by force', async () => {
      await using lost = kafkaClient({ brokers: broker.brokers })
      const consumer = lost.consumer({ groupId: applicationId, sessionTimeoutMs: 60_000 })
      consumer.subscribe({ topics: [visit.name] })
      while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 50 })
      const plan = await planReset(client, { applicationId })
      assert.equal(plan.members.length, 1)
      await assert.rejects(applyReset(client, plan), { code: 'STREAMS_RESET_ACTIVE' })
      await applyReset(client, plan, { force: true })
      const committed = await client.admin.committedOffsets(applicationId)
      assert.deepEqual(
        committed.map(({ topic, offset }) => [topic, offset]),
        [[visit.name, 0]],
      )
    })

    test('an instance whose state was left where it is ends, and says that it is to be deleted', async () => {
      await using streams = await start()
      await assert.rejects(streams.finished, ({ code, remedy }: MillraceError) => {
        assert.equal(code, 'STREAMS_TOPIC_RECREATED')
        assert.match(remedy, /delete the state of this instance too.*--state-dir/)
        return true
      })
    })
  })
}

function processed(streams: StreamsInstance): number {
  const samples = [...streams.metrics()].filter(({ name }) => name === 'millrace_streams_records_processed_total')
  return samples.reduce((sum, { value }) => sum + value, 0)
}

/** Everything of a record that others see. */
async function written(client: KafkaClient): Promise<string[]> {
  await using consumer = client.consumer({ isolation: 'read_committed' })
  const partition = { topic: totals.name, partition: 0 }
  consumer.assign([partition])
  const [end] = await consumer.endOffsets([partition])
  const found: string[] = []
  while ((consumer.position(partition) ?? 0) < end!.offset) {
    for (const { batches, firstOffset } of await consumer.poll({ timeoutMs: 100 })) {
      for (const batch of batches) {
        for (const cursor = batch.cursor(); cursor.next(); ) {
          if (cursor.offset < firstOffset) continue
          const headers = cursor.headers().map(({ key, value }) => `${key}=${value}`)
          found.push(`${cursor.timestamp} ${cursor.keyBytes()} ${cursor.valueBytes()} ${headers}`)
        }
      }
    }
  }
  return found
}
