import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runClock, VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import type { KafkaClient } from '@millrace/kafka'
import { runnable, topology } from '../../core/dsl/topology.ts'
import { resolveConfig } from '../config.ts'
import { TopicWatch } from './topic-watch.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<number>() })

/** Watches an application for a minute; what it asks for is noted, and answered with what is there then. */
async function watched(there: (look: number) => readonly (readonly [name: string, id: string])[]) {
  const clock = new VirtualClock(0)
  const asked: string[][] = []
  const describeTopics = async (names: readonly string[], options: object) => {
    assert.deepEqual(options, { ifExists: true })
    asked.push([...names].sort())
    return there(asked.length).map(([name, topicId]) => ({ name, topicId, partitions: [{}] }))
  }
  const app = topology('shop')
  app.stream(order).groupByKey().count({ store: 'counts' })
  const watch = new TopicWatch({
    client: { admin: { describeTopics } } as unknown as KafkaClient,
    plan: runnable(app).plan(),
    config: resolveConfig({ topicCheckIntervalMs: 10_000, sourceTopicsTimeoutMs: 15_000 }),
    clock,
    partitionsOf: () => 1,
    onFailure: () => undefined,
  })
  const stop = new AbortController()
  let outcome: unknown = 'follows'
  watch.follow(stop.signal).catch((error: unknown) => {
    outcome = (error as { code?: string }).code ?? error
  })
  await runClock(clock, { untilMs: 60_000, done: () => outcome !== 'follows' })
  stop.abort()
  return { asked, outcome }
}

const counts = 'shop-counts-changelog'
const both = [
  ['order', 'a'],
  [counts, 'b'],
] as const

test('the topics of the application are asked for, and no others', async () => {
  const { asked, outcome } = await watched(() => both)
  assert.equal(outcome, 'follows')
  assert.ok(asked.length > 3)
  for (const names of asked) assert.deepEqual(names, ['order', counts])
})

test('a topic that comes back is waited for, one that does not ends the application, and so does another of its name', async () => {
  const one = both.slice(1)
  assert.equal((await watched((look) => (look === 2 ? one : both))).outcome, 'follows')
  assert.equal((await watched((look) => (look < 3 ? both : one))).outcome, 'STREAMS_SOURCE_TOPIC_MISSING')
  const other = [['order', 'z'], both[1]] as const
  assert.equal((await watched((look) => (look < 3 ? both : other))).outcome, 'STREAMS_TOPIC_RECREATED')
})
