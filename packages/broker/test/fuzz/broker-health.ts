import assert from 'node:assert/strict'
import { apis } from '@millrace/protocol'
import type { BrokerCore } from '../../src/core/broker-core.ts'
import { CoreClient } from '../support/core-client.ts'
import { batch, readAll } from '../support/records.ts'
import { fetchNow, produce } from '../support/requests.ts'
import { fuzzTopics } from './dictionary.ts'

/** A topic no frame knows; its own settings stand above whatever the frames do to the broker's. */
const canary = 'canary-8Jq2'
const canaryConfig = {
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'cleanup.policy': 'delete',
  'max.message.bytes': '1048588',
  'min.insync.replicas': '1',
}

/** What must be the same after a restart. */
interface Memory {
  readonly topics: readonly unknown[]
  readonly ends: ReadonlyMap<string, number>
  readonly offsets: readonly unknown[]
}

/** Whether a broker that has been sent anything at all still does its work. */
export class BrokerHealth {
  /** The frames must not hit it: they learn ids from answers. */
  readonly canaryId: string
  #written = 0

  private constructor(canaryId: string) {
    this.canaryId = canaryId
  }

  /** Sets up the topics of a run. */
  static of(core: BrokerCore): BrokerHealth {
    const client = new CoreClient(core)
    const configs = (own: Record<string, string>) => Object.entries(own).map(([name, value]) => ({ name, value }))
    client.call(apis.CreateTopics, 7, {
      timeoutMs: 1_000,
      topics: [
        { name: canary, numPartitions: 1, replicationFactor: 1, configs: configs(canaryConfig) },
        ...fuzzTopics.map((name) => ({
          name,
          numPartitions: 2,
          replicationFactor: 1,
          configs: configs({
            'segment.bytes': '20000',
            'cleanup.policy': name === 'compacted' ? 'compact' : 'delete',
            'message.timestamp.type': name === 'stamped' ? 'LogAppendTime' : 'CreateTime',
          }),
        })),
      ],
    })
    client.session.close()
    return new BrokerHealth(core.topics.topic(canary)!.id)
  }

  /** Throws what is wrong. */
  check(core: BrokerCore): void {
    const client = new CoreClient(core)
    this.#checkCanary(client)
    assert.ok(client.call(apis.ApiVersions, 2, {}).apiKeys.length > 0)
    assert.ok(client.call(apis.Metadata, 12, { topics: null }).topics.some(({ name }) => name === canary))
    checkGroups(client)
    checkTransactions(client)
    for (const topic of core.topics.all()) {
      for (const partition of topic.partitions) checkPartition(partition)
    }
    client.session.close()
  }

  #checkCanary(client: CoreClient): void {
    const { errorCode } = produce(client, canary, batch([{ value: `alive ${this.#written}` }]))
    assert.equal(errorCode, 0, 'the canary cannot be written')
    this.#written++
    const expected = Array.from({ length: this.#written }, (_, index) => [index, `alive ${index}`])
    assert.deepEqual(readAll(fetchNow(client, canary, 0).records), expected)
  }

  remember(core: BrokerCore): Memory {
    const client = new CoreClient(core)
    const ends = new Map<string, number>()
    const topics: unknown[] = []
    for (const topic of core.topics.all()) {
      const starts = topic.partitions.map(({ logStartOffset }) => logStartOffset)
      topics.push({ name: topic.name, id: topic.id, config: [...topic.config.own].sort(), starts })
      for (const { index, logEndOffset } of topic.partitions) ends.set(`${topic.id}/${index}`, logEndOffset)
    }
    topics.sort((a, b) => ((a as { name: string }).name < (b as { name: string }).name ? -1 : 1))
    const offsets = committedOffsets(client)
    client.session.close()
    return { topics, ends, offsets }
  }

  compare(before: Memory, core: BrokerCore): void {
    const after = this.remember(core)
    assert.deepEqual(after.topics, before.topics)
    assert.deepEqual(after.offsets, before.offsets)
    // A start may end transactions, whose markers come behind what was there.
    for (const [partition, end] of before.ends)
      assert.ok(after.ends.get(partition)! >= end, `${partition} lost records`)
    this.check(core)
  }
}

function checkPartition(partition: NonNullable<ReturnType<BrokerCore['partition']>>): void {
  const { logStartOffset, lastStableOffset, highWatermark, logEndOffset } = partition
  const where = `${partition.topic}/${partition.index}`
  const order = [0, logStartOffset, lastStableOffset, highWatermark, logEndOffset]
  assert.ok(
    order.every((offset, index) => Number.isSafeInteger(offset) && offset >= (order[index - 1] ?? 0)),
    `${where}: ${order}`,
  )
  let next = 0
  for (const one of partition.scan()) {
    assert.ok(one.isCrcValid(), `${where}: the batch at ${one.baseOffset} does not match its CRC`)
    assert.ok(one.baseOffset >= next && one.lastOffset >= one.baseOffset, `${where}: ${one.baseOffset} after ${next}`)
    next = one.nextOffset
  }
  assert.ok(next <= logEndOffset, `${where}: ${next} beyond its end ${logEndOffset}`)
}

function checkGroups(client: CoreClient): void {
  const { errorCode, groups } = client.call(apis.ListGroups, 5, {})
  assert.equal(errorCode, 0)
  const classic = groups.filter(({ groupType }) => groupType.toLowerCase() === 'classic').map(({ groupId }) => groupId)
  for (const group of client.call(apis.DescribeGroups, 5, { groups: classic }).groups) {
    assert.equal(group.errorCode, 0, `${group.groupId}: ${group.errorCode}`)
    const ids = group.members.map(({ memberId }) => memberId)
    assert.equal(new Set(ids).size, ids.length, `${group.groupId} has a member twice`)
    if (group.groupState === 'Empty') assert.equal(ids.length, 0, `${group.groupId} is empty with members`)
    if (group.groupState === 'Stable') assert.ok(ids.length > 0, `${group.groupId} is stable without members`)
  }
}

function checkTransactions(client: CoreClient): void {
  const { errorCode, transactionStates } = client.call(apis.ListTransactions, 1, {})
  assert.equal(errorCode, 0)
  const transactionalIds = transactionStates.map(({ transactionalId }) => transactionalId)
  for (const one of client.call(apis.DescribeTransactions, 0, { transactionalIds }).transactionStates) {
    assert.equal(one.errorCode, 0, one.transactionalId)
    assert.ok(one.producerId >= 0 && one.producerEpoch >= 0, one.transactionalId)
  }
}

function committedOffsets(client: CoreClient): unknown[] {
  const { groups } = client.call(apis.ListGroups, 5, {})
  const ids = groups.map(({ groupId }) => groupId).sort()
  const asked = ids.map((groupId) => ({ groupId, topics: null }))
  const answer = client.call(apis.OffsetFetch, 8, { groups: asked, requireStable: false })
  return answer.groups
    .flatMap(({ groupId, topics }) =>
      topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, committedOffset, metadata }) =>
          JSON.stringify([groupId, name, partitionIndex, committedOffset, metadata]),
        ),
      ),
    )
    .sort()
}
