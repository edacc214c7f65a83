import { type Random, randomInt } from '@millrace/base'
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription, encodeVersionedMessage } from '@millrace/protocol'

/** Topics that a run has from its beginning; the frames may delete them, and make others. */
export const fuzzTopics = ['order', 'compacted', 'stamped'] as const

const topics = [...fuzzTopics, 'made', 'made-2', '__consumer_offsets', '__transaction_state', 'missing']
const hostileText = [
  '',
  ' ',
  '.',
  '..',
  '/etc/passwd',
  '../order',
  'a\u0000b',
  'ünïcödé',
  '💥',
  '%s%n',
  '-1',
  'null',
  '\uffff',
]
const longText = ['x'.repeat(249), 'x'.repeat(250), 'x'.repeat(5_000), 'y'.repeat(32_767)]
const groups = ['readers', 'writers', 'static']
const assignors = ['range', 'roundrobin', 'cooperative-sticky', 'uniform', 'sticky']
const configNames = [
  'cleanup.policy',
  'retention.ms',
  'retention.bytes',
  'segment.bytes',
  'max.message.bytes',
  'message.timestamp.type',
  'min.insync.replicas',
  'compression.type',
  'min.cleanable.dirty.ratio',
  'delete.retention.ms',
  'no.such.setting',
  'log.retention.ms',
  'num.partitions',
  'group.max.size',
  'consumer.session.timeout.ms',
]
const configValues = [
  'delete',
  'compact',
  'compact,delete',
  '-1',
  '0',
  '1',
  '1000',
  '1048576',
  'true',
  'LogAppendTime',
  'zstd',
  '1e3',
  '0x10',
]

const texts: Readonly<Record<string, readonly string[]>> = {
  topic: topics,
  topicName: topics,
  groupId: groups,
  transactionalId: ['one', 'two', 'three'],
  v3AndBelowTransactionalId: ['one', 'two', 'three'],
  memberId: ['', '', '', 'ghost'],
  groupInstanceId: ['instance-1', 'instance-2'],
  protocolType: ['consumer', 'consumer', 'consumer', 'connect'],
  'protocols.name': assignors,
  'topics.name': topics,
  'topicData.name': topics,
  'configs.name': configNames,
  'assignments.memberId': ['ghost'],
  'resources.resourceName': [...topics, '1', ''],
  protocolName: assignors,
  serverAssignor: ['range', 'uniform'],
  subscribedTopicNames: topics,
  subscribedTopicRegex: ['ord.*', '.*', '(a+)+$', '[', '(?<x>a)', 'o{1000000}', '\\'],
  configName: configNames,
  configNames,
  configKeys: configNames,
  value: configValues,
  configValue: configValues,
  statesFilter: ['Stable', 'Empty', 'Dead', 'PreparingRebalance', 'consumer'],
  typesFilter: ['classic', 'consumer', 'share'],
  stateFilters: ['Ongoing', 'Empty', 'CompleteCommit', 'Nonsense'],
  mechanism: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER', 'GSSAPI'],
  principal: ['User:alice', 'User:*', 'User:ANONYMOUS', 'alice', ':', 'Group:x'],
  host: ['*', '127.0.0.1', '::1', '10.0.0.0/8'],
  principalFilter: ['User:alice', 'User:*'],
  hostFilter: ['*', '127.0.0.1'],
  resourceName: [...topics, ...groups, '*', 'kafka-cluster', '1', '0'],
  resourceNameFilter: [...topics, '*'],
  names: topics,
  topicNames: topics,
  groupsNames: groups,
  groups,
  groupIds: groups,
  transactionalIds: ['one', 'two', 'three'],
  clientSoftwareName: ['millrace', 'apache-kafka-java', 'bad name!'],
  clientSoftwareVersion: ['1.0.0', '4.3.0'],
  feature: ['metadata.version', 'group.version', 'transaction.version'],
  transactionalIdPattern: ['o.*', '(a+)+$', '[', ''],
}
/** `name` is whatever the message is about. */
const anyName = [...topics, ...topics, ...assignors, ...configNames, 'alice', 'SCRAM-SHA-256']

/** Names of fields whose values an answer teaches: later requests use them. */
const learned: ReadonlySet<string> = new Set([
  'memberId',
  'memberEpoch',
  'generationId',
  'producerId',
  'producerEpoch',
  'topicId',
  'sessionId',
  'baseOffset',
  'subscriptionId',
  'clientInstanceId',
])
const aliases: Readonly<Record<string, string>> = {
  v3AndBelowProducerId: 'producerId',
  v3AndBelowProducerEpoch: 'producerEpoch',
  generationIdOrMemberEpoch: 'generationId',
  leader: 'memberId',
  fetchOffset: 'baseOffset',
  committedOffset: 'baseOffset',
  offset: 'baseOffset',
  topicIds: 'topicId',
}
const learnedMax = 12

/** Values for fields: plausible ones by the field's name, what answers said before, and hostile ones. */
export class Dictionary {
  readonly #random: Random
  readonly #learned = new Map<string, (string | number)[]>()
  /** What no frame may name. */
  readonly #secrets = new Set<unknown>()

  constructor(random: Random) {
    this.#random = random
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  pick<T>(values: readonly T[]): T {
    return values[randomInt(this.#random, values.length)]!
  }

  below(limit: number): number {
    return randomInt(this.#random, limit)
  }

  keepSecret(value: string): void {
    this.#secrets.add(value)
  }

  /** Remembers what an answer says under the names above. */
  learn(body: unknown): void {
    if (Array.isArray(body)) {
      for (const one of body.slice(0, 5)) this.learn(one)
      return
    }
    if (typeof body !== 'object' || body === null || Buffer.isBuffer(body)) return
    for (const [name, value] of Object.entries(body)) {
      if (typeof value === 'object') this.learn(value)
      else if (learned.has(name) && value !== -1 && value !== '' && !this.#secrets.has(value))
        this.#remember(name, value as string | number)
    }
  }

  #remember(name: string, value: string | number): void {
    const values = this.#learned.get(name) ?? []
    if (values.includes(value)) return
    values.push(value)
    if (values.length > learnedMax) values.splice(randomInt(this.#random, learnedMax), 1)
    this.#learned.set(name, values)
  }

  known(name: string): string | number | undefined {
    const values = this.#learned.get(aliases[name] ?? name)
    return values && values.length > 0 ? this.pick(values) : undefined
  }

  /** `place` is the field's name, with that of the struct before it. */
  text(name: string, place = name): string {
    const dice = this.#random.next()
    if (dice < 0.03) return this.pick(hostileText)
    if (dice < 0.033) return this.pick(longText)
    if (dice < 0.8) {
      const known = this.known(name)
      if (typeof known === 'string') return known
    }
    return this.pick(texts[place] ?? texts[name] ?? anyName)
  }

  uuid(name: string): string {
    const known = this.known(name) ?? this.known('topicId')
    if (typeof known === 'string' && known.length === 22 && this.chance(0.9)) return known
    return Buffer.from(Array.from({ length: 16 }, () => this.pick([0, 1, 255, this.below(256)]))).toString('base64url')
  }

  /** What stands in fields of bytes: group metadata mostly. */
  bytes(): Buffer {
    const dice = this.below(6)
    if (dice < 3) {
      const ownedPartitions = this.chance(0.3) ? [{ topic: this.text('topic'), partitions: [0, this.below(4)] }] : []
      const subscription = { topics: [this.text('topic'), this.text('topic')], userData: null, ownedPartitions }
      return encodeVersionedMessage(ConsumerProtocolSubscription, 1 + this.below(3), subscription)
    }
    if (dice === 3) {
      const assignedPartitions = [{ topic: this.text('topic'), partitions: [0, 1] }]
      return encodeVersionedMessage(ConsumerProtocolAssignment, 1, { assignedPartitions, userData: null })
    }
    if (dice === 4) return Buffer.from(this.pick(saslTokens))
    return Buffer.from(Array.from({ length: this.below(40) }, () => this.below(256)))
  }

  integer(name: string, bits: 8 | 16 | 32 | 64): number {
    if (this.chance(0.06)) return this.pick(extremes[bits])
    const known = this.chance(0.8) ? this.known(name) : undefined
    if (typeof known === 'number') {
      const near = known + (this.chance(0.15) ? this.pick([-1, 1]) : 0)
      if (near >= -(2 ** (bits - 1)) && near < 2 ** (bits - 1)) return near
    }
    return this.#plausible(name, bits)
  }

  #plausible(name: string, bits: number): number {
    if (/^(sessionEpoch|lastFetchedEpoch)$/.test(name)) return this.pick([-1, -1, 0, 0, 1, 2])
    if (/^(sessionId|replicaId)$/.test(name)) return this.pick([0, 0, 0, -1])
    if (/currentLeaderEpoch|^leaderEpoch/.test(name)) return this.pick([-1, -1, -1, 0, 0, 1])
    if (/producerId/i.test(name)) return this.pick([-1, -1, 0, 1])
    if (/resourceType|configSource/.test(name)) return this.pick([2, 2, 2, 4, 4, 3, 32, 16, 8])
    if (/acks/i.test(name)) return this.pick([-1, -1, 0, 1])
    if (/timeoutMs$|TimeoutMs|sessionTimeout|rebalanceTimeout|waitMs/i.test(name) && bits >= 32)
      return this.pick([0, 1, 50, 6_000, 10_000, 30_000])
    if (/maxBytes/i.test(name) && bits >= 32) return this.pick([0, 1, 100, 100_000, 1_000_000])
    if (/partition|index/i.test(name)) return this.pick([0, 0, 0, 1, 1, 2, 3, -1])
    if (/epoch/i.test(name)) return this.pick([-1, 0, 0, 1, 2, -2])
    if (/replication/i.test(name)) return this.pick([1, 1, -1, 3])
    if (/timestamp/i.test(name) && bits === 64) return this.pick([-1, -2, -3, -4, -5, 0, 1_700_000_000_000])
    return this.pick([-1, 0, 0, 1, 1, 2, 3, 4, 5, 10, this.below(100)])
  }
}

const saslTokens = [
  '\u0000alice\u0000secret',
  '\u0000alice\u0000wrong',
  '\u0000\u0000',
  'bob\u0000alice\u0000secret',
  'n,,n=alice,r=abc',
  'n,a=bob,n=alice,r=abc,tokenauth=true',
  'p=tls-unique,,n=alice,r=abc',
  'c=biws,r=abc,p=AAAA',
  'n,,n=,r=',
]

const extremes = {
  8: [-128, 127, -1],
  16: [-32_768, 32_767, -2],
  32: [-(2 ** 31), 2 ** 31 - 1, 2 ** 31 - 2, -2, 65_536, 1_000_000],
  64: [-(2 ** 63), Number.MAX_SAFE_INTEGER, 2 ** 62, -2, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER - 1],
} as const
