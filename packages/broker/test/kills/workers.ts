import assert from 'node:assert/strict'
import { type Random, randomInt } from '@millrace/base'
import { apis, decodeResponse, ErrorCode } from '@millrace/protocol'
import type { RawConnection } from '../support/raw-connection.ts'
import { batch } from '../support/records.ts'

/** What one kind of client has done and been told, over all lives of the broker. */
export interface Worker {
  /** Works until the connection dies, which throws. */
  work(connection: RawConnection): Promise<never>
}

/** Nobody may be told anything but success here: whatever else an answer says is a finding, except what a restart explains. */
function succeeded(errorCode: number, what: string): void {
  assert.equal(errorCode, ErrorCode.NONE, `${what} was answered with error ${errorCode}`)
}

/** A producer with one id for ever: what is not acknowledged when the broker dies is sent again, with its sequence. */
export class IdempotentWorker implements Worker {
  readonly topic: string
  acknowledged = 0
  readonly #inFlight: number[] = []
  readonly #random: Random
  #producerId = -1
  #next = 0

  constructor(topic: string, random: Random) {
    this.topic = topic
    this.#random = random
  }

  async work(connection: RawConnection): Promise<never> {
    if (this.#producerId < 0) {
      const begun = await connection.call(apis.InitProducerId, 4, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
      })
      succeeded(begun.errorCode, 'InitProducerId')
      this.#producerId = begun.producerId
    }
    for (const value of this.#inFlight) this.#send(connection, value)
    for (;;) {
      while (this.#inFlight.length < 5) {
        this.#inFlight.push(this.#next)
        this.#send(connection, this.#next++)
      }
      const { body } = decodeResponse({ api: apis.Produce, version: 9, bytes: await connection.frame() })
      succeeded(body.responses[0]!.partitionResponses[0]!.errorCode, `Produce to ${this.topic}`)
      this.acknowledged = this.#inFlight.shift()! + 1
    }
  }

  #send(connection: RawConnection, value: number): void {
    const filling = 'x'.repeat((value * 7919) % (randomInt(this.#random, 100) < 1 ? 5_000 : 300))
    const fields = { producerId: this.#producerId, producerEpoch: 0, baseSequence: value }
    const records = batch([{ key: `${value}`, value: filling, timestamp: Date.now() }], fields)
    connection.send(apis.Produce, 9, 1, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: this.topic, partitionData: [{ index: 0, records }] }],
    })
  }
}

/** Transactions over two partitions, a third of them aborted. */
export class TransactionalWorker implements Worker {
  readonly committed: number[] = []
  readonly aborted: number[] = []
  readonly #transactionalId = 'mover'
  readonly #random: Random
  #next = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** Transactions whose end was acknowledged. */
  get ended(): number {
    return this.committed.length + this.aborted.length
  }

  /** Ends what a dead connection has left open, so that readers get to the end. */
  async settle(connection: RawConnection): Promise<{ producerId: number; producerEpoch: number }> {
    for (;;) {
      const request = { transactionalId: this.#transactionalId, transactionTimeoutMs: 60_000 }
      const begun = await connection.call(apis.InitProducerId, 4, request)
      if (begun.errorCode === ErrorCode.CONCURRENT_TRANSACTIONS) continue
      succeeded(begun.errorCode, 'InitProducerId')
      return begun
    }
  }

  async work(connection: RawConnection): Promise<never> {
    const { producerId, producerEpoch } = await this.settle(connection)
    const transactionalId = this.#transactionalId
    for (let sequence = 0; ; sequence++) {
      const id = this.#next++
      const added = await connection.call(apis.AddPartitionsToTxn, 3, {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name: 'ledger', partitions: [0, 1] }],
      })
      for (const one of added.resultsByTopicV3AndBelow[0]!.resultsByPartition)
        succeeded(one.partitionErrorCode, 'AddPartitionsToTxn')
      const fields = { producerId, producerEpoch, baseSequence: sequence, transactional: true }
      const records = (): Buffer => batch([{ key: `${id}`, value: 'v', timestamp: Date.now() }], fields)
      const produced = await connection.call(apis.Produce, 9, {
        transactionalId,
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 'ledger', partitionData: [0, 1].map((index) => ({ index, records: records() })) }],
      })
      for (const one of produced.responses[0]!.partitionResponses) succeeded(one.errorCode, 'Produce in a transaction')
      const committed = this.#random.next() < 0.67
      const ended = await connection.call(apis.EndTxn, 3, { transactionalId, producerId, producerEpoch, committed })
      succeeded(ended.errorCode, 'EndTxn')
      ;(committed ? this.committed : this.aborted).push(id)
    }
  }
}

/** The value of each of a few keys, counting up, in a compacted topic, and the offset of a group with each. */
export class TableWorker implements Worker {
  readonly latest = new Map<string, number>()
  committedOffset = -1
  #next = 0

  async work(connection: RawConnection): Promise<never> {
    for (;;) {
      const value = this.#next++
      const key = `k${(value * 7) % 23}`
      const topicData = [
        {
          name: 'table',
          partitionData: [{ index: 0, records: batch([{ key, value: `${value}`, timestamp: Date.now() }]) }],
        },
      ]
      const { responses } = await connection.call(apis.Produce, 9, { acks: -1, timeoutMs: 1000, topicData })
      succeeded(responses[0]!.partitionResponses[0]!.errorCode, 'Produce to table')
      this.latest.set(key, value)
      const topics = [{ name: 'table', partitions: [{ partitionIndex: 0, committedOffset: value }] }]
      const answer = await connection.call(apis.OffsetCommit, 8, {
        groupId: 'g',
        generationIdOrMemberEpoch: -1,
        topics,
      })
      succeeded(answer.topics[0]!.partitions[0]!.errorCode, 'OffsetCommit')
      this.committedOffset = value
    }
  }
}

/** Creates topics, writes to them and deletes them again. */
export class TopicWorker implements Worker {
  readonly existing = new Set<string>()
  readonly deleted = new Set<string>()
  #next = 0

  async work(connection: RawConnection): Promise<never> {
    for (;;) {
      const name = `topic-${this.#next++}`
      const created = await connection.call(apis.CreateTopics, 5, {
        topics: [{ name, numPartitions: 2, replicationFactor: 1 }],
      })
      succeeded(created.topics[0]!.errorCode, 'CreateTopics')
      this.existing.add(name)
      const topicData = [
        { name, partitionData: [{ index: 1, records: batch([{ value: name, timestamp: Date.now() }]) }] },
      ]
      const { responses } = await connection.call(apis.Produce, 9, { acks: -1, timeoutMs: 1000, topicData })
      succeeded(responses[0]!.partitionResponses[0]!.errorCode, 'Produce to a new topic')
      if (this.existing.size < 5) continue
      const [oldest] = this.existing
      // From here on it may be there or not, until the answer says that it is not.
      this.existing.delete(oldest!)
      const answer = await connection.call(apis.DeleteTopics, 5, { topicNames: [oldest!], timeoutMs: 1000 })
      succeeded(answer.responses[0]!.errorCode, 'DeleteTopics')
      this.deleted.add(oldest!)
    }
  }
}
