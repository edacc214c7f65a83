import { type Consumer, errorCodeOf, type TopicPartition } from '@millrace/kafka'
import { apis, ErrorCode } from '@millrace/protocol'
import type { CommittedOffset } from '../history.ts'
import { type ClientProcess, logTopic, resultOf } from './world.ts'

const heartbeatMs = 150
const isolation = 'read_committed'

/** Runs a member of a consumer group of KIP-848, until the run or the process ends. */
export async function runConsumerGroupMember(process: ClientProcess, group: string): Promise<void> {
  const consumer = process.client.consumer({ isolation, autoOffsetReset: 'earliest', maxWaitMs: 400 })
  const member = new Member(process, group, consumer)
  try {
    while (process.world.running && !process.isDead) await member.turn()
    await member.leave()
  } finally {
    await consumer.close().catch(() => undefined)
  }
}

/** The protocol is in the coordinator: a member says what it has and is told what it should have. */
class Member {
  readonly #process: ClientProcess
  readonly #group: string
  readonly #consumer: Consumer
  readonly #memberId: string
  #epoch = 0
  #topicId = ''
  #owned: readonly number[] = []
  #target: readonly number[] | undefined
  /** Behind what was polled and not committed yet. */
  readonly #polled = new Map<number, number>()
  #dueMs = 0

  constructor(process: ClientProcess, group: string, consumer: Consumer) {
    this.#process = process
    this.#group = group
    this.#consumer = consumer
    this.#memberId = Buffer.from(Array.from({ length: 16 }, () => process.below(256))).toString('base64url')
  }

  async turn(): Promise<void> {
    if (this.#process.clock.now() >= this.#dueMs) {
      await this.#heartbeat()
      await this.#reconcile()
    }
    if (this.#owned.length === 0) {
      await this.#process.pause(50)
      return
    }
    const { records = [] } =
      (await this.#process.call({ kind: 'poll', isolation, group: this.#group }, async () =>
        resultOf(await this.#consumer.poll({ timeoutMs: 60 })),
      )) ?? {}
    for (const { partition, offset } of records) this.#polled.set(Number(partition.split('/')[1]), offset + 1)
    if (this.#process.chance(0.6)) await this.#commit()
  }

  async leave(): Promise<void> {
    if (this.#epoch > 0) await this.#request(-1, null).catch(() => undefined)
  }

  async #heartbeat(): Promise<void> {
    this.#dueMs = this.#process.clock.now() + heartbeatMs
    const answer = await this.#request(this.#epoch, this.#owned)
    switch (answer.errorCode) {
      case ErrorCode.NONE:
        this.#epoch = answer.memberEpoch
        if (answer.assignment) this.#told(answer.assignment.topicPartitions)
        return
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.FENCED_MEMBER_EPOCH:
      // It was the last that spoke this protocol, and the group went back to the classic one without it.
      case ErrorCode.GROUP_ID_NOT_FOUND:
        // Whoever has the partitions now, it is not this member.
        this.#epoch = 0
        this.#target = undefined
        this.#polled.clear()
        this.#own([])
        this.#dueMs = 0
        return
      default:
        if (!retriable.has(answer.errorCode)) throw new Error(`a heartbeat was answered ${answer.errorCode}`)
    }
  }

  #request(memberEpoch: number, owned: readonly number[] | null) {
    const topicPartitions =
      owned === null ? null : owned.length === 0 ? [] : [{ topicId: this.#topicId, partitions: [...owned] }]
    return this.#process.client.request({
      api: apis.ConsumerGroupHeartbeat,
      body: {
        groupId: this.#group,
        memberId: this.#memberId,
        memberEpoch,
        rebalanceTimeoutMs: 2_000,
        subscribedTopicNames: [logTopic],
        topicPartitions,
      },
      to: { coordinator: { type: 'group', key: this.#group } },
    })
  }

  #told(topics: readonly { readonly topicId: string; readonly partitions: readonly number[] }[]): void {
    this.#topicId = topics[0]?.topicId ?? this.#topicId
    this.#target = topics.flatMap(({ partitions }) => partitions)
  }

  /** Gives back what is to go, with its offsets, and only then takes what is new. */
  async #reconcile(): Promise<void> {
    const target = this.#target
    if (!target || same(target, this.#owned)) return
    const kept = this.#owned.filter((partition) => target.includes(partition))
    if (kept.length < this.#owned.length) {
      await this.#commit()
      this.#own(kept)
      this.#dueMs = 0
      return
    }
    const added = target.filter((partition) => !kept.includes(partition))
    const committed = await this.#process.client.admin.committedOffsets(this.#group)
    this.#own(target)
    for (const partition of added) {
      const offset = committed.find((one) => one.topic === logTopic && one.partition === partition)?.offset ?? 0
      this.#consumer.seek({ topic: logTopic, partition, offset })
    }
    this.#dueMs = 0
  }

  #own(partitions: readonly number[]): void {
    this.#owned = partitions
    for (const partition of [...this.#polled.keys()])
      if (!partitions.includes(partition)) this.#polled.delete(partition)
    this.#consumer.assign(partitions.map((partition): TopicPartition => ({ topic: logTopic, partition })))
    const names = partitions.map((partition) => `${logTopic}/${partition}`)
    this.#process.world.recorder.note(this.#process.name, { kind: 'assign', partitions: names })
  }

  async #commit(): Promise<void> {
    if (this.#polled.size === 0 || this.#epoch <= 0) return
    const ends = [...this.#polled]
    const offsets: CommittedOffset[] = ends.map(([partition, offset]) => ({
      partition: `${logTopic}/${partition}`,
      offset,
    }))
    const pending = this.#process.world.recorder.invoke(this.#process.name, {
      kind: 'commitOffsets',
      group: this.#group,
      offsets,
    })
    try {
      const { topics } = await this.#process.client.request({
        api: apis.OffsetCommit,
        body: {
          groupId: this.#group,
          generationIdOrMemberEpoch: this.#epoch,
          memberId: this.#memberId,
          topics: [
            {
              name: logTopic,
              partitions: ends.map(([partitionIndex, committedOffset]) => ({ partitionIndex, committedOffset })),
            },
          ],
        },
        to: { coordinator: { type: 'group', key: this.#group } },
        maxVersion: 9,
      })
      if (this.#process.isDead) return
      const refused = topics[0]?.partitions.find(({ errorCode }) => errorCode !== 0)?.errorCode ?? 0
      if (refused === 0) {
        this.#polled.clear()
        pending.ok()
      }
      // Its epoch is not the group's any more, the next heartbeat tells more; or it was, when the client first asked and got no answer.
      else pending.unknown(`error ${refused}`)
    } catch (error) {
      if (!this.#process.isDead) pending.unknown(String(errorCodeOf(error) ?? error))
    }
  }
}

const retriable: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.KAFKA_STORAGE_ERROR,
])

function same(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value) => other.includes(value))
}
