import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis, decodeResponse, encodeRequest } from '@millrace/protocol'
import { CoreClient, createTopic, testCore } from '../support/core-client.ts'
import { batch } from '../support/records.ts'
import { produce } from '../support/requests.ts'
import { Dictionary } from './dictionary.ts'
import { families, handlersOf } from './families.ts'
import { FuzzRun } from './fuzz-run.ts'
import { bomb } from './random-records.ts'

/** The first seeds of `npm run fuzz`; more of them run there. */
const seeds = 2

for (const family of families.filter((one) => handlersOf(one).length > 0)) {
  test(`mutated frames of ${family} are answered or refused, and the broker goes on`, () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const { frames, answered, refused, restarts } = new FuzzRun(family, seed).run()
      assert.ok(
        answered > frames / 3 && refused > frames / 10 && restarts > 0,
        `${answered} answered, ${refused} refused`,
      )
    }
  })
}

test('a small batch that unpacks to 200 MiB is refused within limits', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const records = bomb(new Dictionary(seededRandom(1)))
  assert.ok(records.length < 300_000)
  const before = process.memoryUsage().rss
  assert.equal(produce(client, 'order', records).errorCode, 87)
  assert.ok(process.memoryUsage().rss - before < 150 * 1024 * 1024)
})

test('a member with the longest name there can be gets an id that can be said', () => {
  const { core, clock } = testCore()
  const client = new CoreClient(core)
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }]
  const groupInstanceId = 'x'.repeat(32_767)
  const body = {
    groupId: 'g',
    sessionTimeoutMs: 30_000,
    memberId: '',
    groupInstanceId,
    protocolType: 'consumer',
    protocols,
  }
  const joined = client.begin(apis.JoinGroup, 5, body)
  clock.advance(5_000)
  assert.equal(joined.body?.errorCode, 0)
})

test('a name of bytes that are no UTF-8 is refused where it could not be repeated', () => {
  const { core } = testCore()
  const session = core.open({ clientHost: 'fuzz' })
  const api = apis.DescribeGroups
  const describe = (length: number): Buffer => {
    const body = { groups: ['\u0001'.repeat(length)] }
    const frame = encodeRequest({ api, version: 0, correlationId: 1, clientId: 'fuzz', body })
    for (let index = frame.length - length; index < frame.length; index++) if (frame[index] === 1) frame[index] = 0xff
    return frame
  }
  let answer: Buffer | undefined
  session.handle(describe(5_000), (response) => {
    answer = response
  })
  assert.equal(decodeResponse({ api, version: 0, bytes: answer! }).body.groups[0]?.groupId.length, 5_000)
  assert.throws(() => session.handle(describe(32_000), () => {}), { code: 'PROTOCOL_MALFORMED' })
})

test('what Metadata of versions 10 and 11 is asked by topic id is refused, which those versions cannot answer', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const topicId = Buffer.alloc(16, 7).toString('base64url')
  for (const version of [10, 11]) {
    const { topics } = client.call(apis.Metadata, version, { topics: [{ name: null, topicId }] })
    assert.deepEqual([topics[0]?.errorCode, topics[0]?.name], [42, ''])
  }
  assert.equal(client.call(apis.Metadata, 12, { topics: [{ name: null, topicId }] }).topics[0]?.errorCode, 100)
})

test('a setting whose name is as long as a string can be is refused with a message that fits', () => {
  const { client } = testCore()
  const configs = [{ name: 'y'.repeat(32_767), value: '1' }]
  const answer = client.call(apis.CreateTopics, 7, {
    topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1, configs }],
    timeoutMs: 1_000,
  })
  assert.equal(answer.topics[0]?.errorCode, 40)
  assert.match(answer.topics[0]?.errorMessage ?? '', /yyy/)
})

test('a fetch session goes on in another version only where its answers can', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'v' }]))
  // A reader whose last record is of an epoch that never was is told where the logs part, from version 12 on.
  const partitions = [{ partition: 0, fetchOffset: 1, lastFetchedEpoch: 7, partitionMaxBytes: 1_000 }]
  const fetch = (version: number, sessionId: number, sessionEpoch: number, topics: { topic: string }[]) =>
    client.call(apis.Fetch, version, { maxBytes: 1_000, maxWaitMs: 0, sessionId, sessionEpoch, topics })
  const topics = [{ topic: 'order', partitions }]
  const opened = fetch(12, 0, 0, topics)
  assert.equal(opened.errorCode, 0)
  assert.equal(fetch(11, opened.sessionId, 1, []).errorCode, 0)
  assert.equal(fetch(13, opened.sessionId, 2, []).errorCode, 106)
})

test('a late answer that cannot be given costs its own connection only', () => {
  const { core, clock } = testCore({ config: { 'group.initial.rebalance.delay.ms': '100' } })
  // Longer than a string can be: no request could say it, so a hook does.
  core.intercept(apis.JoinGroup.key, ({ body, clientId }) =>
    clientId === 'second'
      ? { kind: 'rewrite', body: { ...(body as object), groupInstanceId: 'x'.repeat(40_000) } }
      : undefined,
  )
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }]
  const body = {
    groupId: 'g',
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: '',
    protocolType: 'consumer',
    protocols,
  }
  const gone: string[] = []
  const answered: string[] = []
  for (const clientId of ['first', 'second']) {
    const session = core.open({ clientHost: clientId, onDrop: () => gone.push(clientId) })
    const request = { ...body, groupInstanceId: clientId }
    const frame = encodeRequest({ api: apis.JoinGroup, version: 5, correlationId: 1, clientId, body: request })
    session.handle(frame, () => answered.push(clientId))
  }
  // The leader would be told the names of all members.
  clock.advance(200)
  assert.deepEqual([gone, answered], [['first'], ['second']])
})

test('a topic that Metadata is asked for many times is told once', () => {
  const { client } = testCore()
  createTopic(client, 'order', 3)
  const topics = Array.from({ length: 3_000 }, (_, index) => ({ name: index % 2 === 0 ? 'order' : 'missing' }))
  const { topics: told } = client.call(apis.Metadata, 12, { topics, allowAutoTopicCreation: false })
  assert.deepEqual(
    told.map(({ name, errorCode }) => [name, errorCode]),
    [
      ['order', 0],
      ['missing', 3],
    ],
  )
})
