import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis } from '@millrace/protocol'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { MortalProcess } from './support/mortal.ts'
import { batch } from './support/records.ts'
import { fetchNow, produce } from './support/requests.ts'

function committed(client: CoreClient): number {
  const topics = [{ name: 'order', partitionIndexes: [0] }]
  const answer = client.call(apis.OffsetFetch, 7, { groupId: 'g', topics })
  return answer.topics[0]!.partitions[0]!.committedOffset
}

test('a deletion that dies at any write leaves the topic with its offsets, or neither records, files nor offsets', () => {
  let died = true
  const outcomes = new Set<string>()
  for (let writes = 0; died; writes++) {
    const random = seededRandom(writes)
    const storage = simulatedStorage({ random })
    const clock = testCore().clock
    const mortal = new MortalProcess(storage, clock)
    const { client, core } = testCore({ storage: mortal.storage, clock, random })
    createTopic(client, 'order', 2)
    const id = core.topics.topic('order')!.id
    for (const partition of [0, 1]) produce(client, 'order', batch([{ value: 'old' }]), { partition })
    const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 1 }] }]
    client.call(apis.OffsetCommit, 8, { groupId: 'g', generationIdOrMemberEpoch: -1, topics })
    mortal.dieAfter(writes)
    try {
      client.begin(apis.DeleteTopics, 5, { topicNames: ['order'], timeoutMs: 1000 })
    } catch {
      // The process is dead: nobody hears of it.
    }
    died = mortal.dead
    mortal.die()
    storage.crash('kill')
    const again = testCore({ storage, clock, random })
    const isThere = again.core.topics.topic('order') !== undefined
    outcomes.add(isThere ? 'there' : 'gone')
    if (isThere) {
      assert.equal(committed(again.client), 1, `died at write ${writes}`)
      assert.ok(fetchNow(again.client, 'order', 0).records!.length > 0)
      continue
    }
    assert.ok(!storage.list('logs').includes(id), `files are left, died at write ${writes}`)
    createTopic(again.client, 'order', 2)
    assert.equal(
      committed(again.client),
      -1,
      `the offset of the deleted topic counts for the new one, died at write ${writes}`,
    )
    assert.equal(fetchNow(again.client, 'order', 0).highWatermark, 0)
  }
  assert.deepEqual([...outcomes].sort(), ['gone', 'there'])
})
