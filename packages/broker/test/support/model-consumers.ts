import { randomInt } from '@millrace/base'
import {
  apis,
  type ConsumerGroupHeartbeatResponse,
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  decodeMessage,
  ErrorCode,
  encodeMessage,
  type JoinGroupResponse,
  type SyncGroupResponse,
} from '@millrace/protocol'
import type { ConsumerGroupWorld } from '../consumer-groups.fuzz.test.ts'
import type { Pending } from './core-client.ts'

export const sessionTimeoutMs = 45_000
export const rebalanceTimeoutMs = 20_000

/** `topic:partition` for each partition that a member believes to own. */
export type Owned = Set<string>

export interface Subscription {
  readonly names: readonly string[]
  readonly regex: string | null
}

interface Model {
  readonly world: ConsumerGroupWorld
  readonly instanceId: string | null
  memberId: string
  epoch: number
  owned: Owned
  subscription: Subscription
  readonly isIn: boolean
  readonly usesClassic: boolean
  act(): void
  leave(): void
  /** The broker has restarted: requests under way got no answer. */
  cut(): void
}

export type { Model as ModelMember }

/** A member of the new protocol, as clients write it: it reports what it owns and revokes before it takes more. */
export class ModelConsumer implements Model {
  readonly usesClassic = false
  readonly world: ConsumerGroupWorld
  readonly instanceId: string | null
  memberId: string
  epoch = 0
  owned: Owned = new Set()
  subscription: Subscription
  /** What the broker has assigned, as far as it was taken over already. */
  #assigned: Owned | undefined
  #saysAll = true

  constructor(world: ConsumerGroupWorld, instanceId: string | null, subscription: Subscription) {
    this.world = world
    this.instanceId = instanceId
    this.subscription = subscription
    this.memberId = world.newId()
  }

  get isIn(): boolean {
    return this.epoch > 0
  }

  act(): void {
    const { random } = this.world
    // A client that is slow to revoke sends heartbeats meanwhile.
    if (this.#assigned && random.next() < 0.7) this.#takeOver()
    if (random.next() < 0.1) this.#saysAll = true
    // A client that had not taken over what it was given, and then missed that it is not its any more, would take it over
    // late: the protocol leaves that window to the client.
    this.heartbeat(this.#assigned === undefined && random.next() < 0.1)
  }

  #takeOver(): void {
    this.owned = new Set(this.#assigned)
    this.#assigned = undefined
  }

  heartbeat(isAnswerLost: boolean): void {
    const isJoin = this.epoch === 0
    if (isJoin) this.owned = new Set()
    const full = isJoin || this.#saysAll
    const answer = this.world.client.call(apis.ConsumerGroupHeartbeat, 1, {
      groupId: this.world.groupId,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      instanceId: this.instanceId,
      rebalanceTimeoutMs: full ? rebalanceTimeoutMs : -1,
      subscribedTopicNames: full ? [...this.subscription.names] : null,
      subscribedTopicRegex: full ? (this.subscription.regex ?? '') : null,
      topicPartitions: full || this.world.random.next() < 0.8 ? this.world.toList(this.owned) : null,
    })
    if (isAnswerLost) this.#saysAll = true
    else this.#take(answer)
  }

  #take(answer: ConsumerGroupHeartbeatResponse): void {
    this.world.seen(answer.errorCode)
    switch (answer.errorCode) {
      case ErrorCode.NONE:
        this.#saysAll = false
        this.epoch = answer.memberEpoch
        if (answer.assignment) this.#assigned = this.world.fromList(answer.assignment.topicPartitions)
        return
      case ErrorCode.FENCED_MEMBER_EPOCH:
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.GROUP_ID_NOT_FOUND:
        this.forget()
        return
      case ErrorCode.UNRELEASED_INSTANCE_ID:
      case ErrorCode.COORDINATOR_NOT_AVAILABLE:
        return
      case ErrorCode.FENCED_INSTANCE_ID:
        this.world.remove(this)
        return
      default:
        throw new Error(`a consumer was answered ${answer.errorCode} ${answer.errorMessage}`)
    }
  }

  forget(): void {
    this.epoch = 0
    this.owned = new Set()
    this.#assigned = undefined
    this.#saysAll = true
  }

  leave(): void {
    const memberEpoch = this.instanceId !== null && this.world.random.next() < 0.7 ? -2 : -1
    const { memberId, instanceId } = this
    if (this.epoch > 0) {
      this.world.client.call(apis.ConsumerGroupHeartbeat, 1, {
        groupId: this.world.groupId,
        memberId,
        memberEpoch,
        instanceId,
      })
    }
    this.forget()
    this.memberId = this.world.newId()
  }

  cut(): void {
    this.#saysAll = true
  }
}

/** A member of the classic protocol that gives up everything before it joins again. */
export class ModelClassic implements Model {
  readonly usesClassic = true
  readonly world: ConsumerGroupWorld
  readonly instanceId: string | null
  memberId = ''
  epoch = -1
  owned: Owned = new Set()
  subscription: Subscription
  #phase: 'out' | 'joining' | 'syncing' | 'in' = 'out'
  #join: Pending<JoinGroupResponse> | undefined
  #sync: Pending<SyncGroupResponse> | undefined

  constructor(world: ConsumerGroupWorld, instanceId: string | null, names: readonly string[]) {
    this.world = world
    this.instanceId = instanceId
    this.subscription = { names, regex: null }
  }

  get isIn(): boolean {
    return this.#phase === 'in'
  }

  act(): void {
    if (this.#phase === 'joining') this.#lookAtJoin()
    else if (this.#phase === 'syncing') this.#lookAtSync()
    else if (this.#phase === 'in') this.#beat()
    else this.#sendJoin()
  }

  #sendJoin(): void {
    this.owned = new Set()
    this.#phase = 'joining'
    this.#join = this.world.client.begin(apis.JoinGroup, 9, {
      groupId: this.world.groupId,
      memberId: this.memberId,
      groupInstanceId: this.instanceId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscriptionBytes(this.subscription.names) }],
    })
  }

  #lookAtJoin(): void {
    const answer = this.#join?.body
    if (!answer) return
    this.#join = undefined
    if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.memberId = answer.memberId
      this.#sendJoin()
      return
    }
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#handle(answer.errorCode)
      return
    }
    this.memberId = answer.memberId
    this.epoch = answer.generationId
    this.#phase = 'syncing'
    const leads = answer.leader === answer.memberId && !answer.skipAssignment
    this.#sync = this.world.client.begin(apis.SyncGroup, 5, {
      ...this.#identity,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: leads ? this.world.assignClassic(answer.members) : [],
    })
  }

  get #identity(): { groupId: string; memberId: string; groupInstanceId: string | null; generationId: number } {
    const { memberId, instanceId: groupInstanceId, epoch: generationId } = this
    return { groupId: this.world.groupId, memberId, groupInstanceId, generationId }
  }

  #lookAtSync(): void {
    const answer = this.#sync?.body
    if (!answer) return
    this.#sync = undefined
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#handle(answer.errorCode)
      return
    }
    this.#phase = 'in'
    this.owned = assignedIn(answer.assignment)
  }

  #beat(): void {
    const { errorCode } = this.world.client.call(apis.Heartbeat, 4, this.#identity)
    if (errorCode !== ErrorCode.NONE) this.#handle(errorCode)
    else if (this.world.random.next() < 0.03) this.#sendJoin()
  }

  #handle(errorCode: number): void {
    this.world.seen(errorCode)
    this.owned = new Set()
    this.#phase = 'out'
    if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.memberId = ''
    else if (errorCode === ErrorCode.FENCED_INSTANCE_ID) this.world.remove(this)
    else if (!retried.includes(errorCode)) {
      throw new Error(`a classic member was answered ${errorCode}`)
    }
  }

  leave(): void {
    const { memberId, instanceId: groupInstanceId } = this
    if (memberId !== '') {
      const members = [{ memberId, groupInstanceId }]
      this.world.client.call(apis.LeaveGroup, 5, { groupId: this.world.groupId, members })
    }
    this.cut()
    this.memberId = ''
    this.owned = new Set()
    this.#phase = 'out'
  }

  cut(): void {
    if (this.#phase === 'joining' || this.#phase === 'syncing') this.#phase = 'out'
    this.#join = undefined
    this.#sync = undefined
  }
}

const retried: readonly number[] = [
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.ILLEGAL_GENERATION,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
]

function withVersion(version: number, body: Buffer): Buffer {
  const prefix = Buffer.alloc(2)
  prefix.writeInt16BE(version)
  return Buffer.concat([prefix, body])
}

export function subscriptionBytes(topics: readonly string[]): Buffer {
  const body = encodeMessage(ConsumerProtocolSubscription, 1, {
    topics: [...topics],
    userData: null,
    ownedPartitions: [],
  })
  return withVersion(1, body)
}

export function topicsIn(subscription: Buffer): readonly string[] {
  return decodeMessage(ConsumerProtocolSubscription, 1, subscription, 2).topics
}

export function assignmentBytes(partitions: ReadonlyMap<string, number[]>): Buffer {
  const assignedPartitions = Array.from(partitions, ([topic, indexes]) => ({ topic, partitions: indexes }))
  return withVersion(1, encodeMessage(ConsumerProtocolAssignment, 1, { assignedPartitions, userData: null }))
}

function assignedIn(bytes: Buffer): Owned {
  if (bytes.length === 0) return new Set()
  const { assignedPartitions } = decodeMessage(ConsumerProtocolAssignment, 1, bytes, 2)
  return new Set(assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((one) => `${topic}:${one}`)))
}

export function pick<T>(world: ConsumerGroupWorld, list: readonly T[]): T {
  return list[randomInt(world.random, list.length)]!
}
