import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { apis, ErrorCode, type ProduceResponse } from '@millrace/protocol'
import { batch } from '../../packages/broker/test/support/records.ts'
import { type Right, type Row, rightsTable, type Subject } from '../../packages/broker/test/support/rights-table.ts'
import { apacheKafkaUnavailable } from '../kafka/apache-kafka.ts'
import { rightsDifferences } from './authorization-differences.ts'
import { type BrokersWithAcls, password, startBrokersWithAcls } from './brokers-with-acls.ts'
import { RawClient } from './raw-client.ts'

const cluster = 4

/** A request with some of the rights that it needs, made by a user of its own about things of its own. */
interface Question {
  readonly title: string
  readonly row: Row
  readonly version: number
  readonly rights: readonly Right[]
  /** Whether all rights are there: then only errors about rights are compared, else the answer as a whole. */
  readonly isAllowed: boolean
  readonly user: string
}

function questionsOf(row: Row): Omit<Question, 'user'>[] {
  const name = [row.api.name, row.what].filter((part) => part !== '').join(' ')
  const all = row.needs.map(({ anyOf }) => anyOf)
  return row.versions.flatMap((version) => {
    const title = `${name}, version ${version}`
    const without = row.needs.map((need, at) => ({
      title: `${title}, without ${need.anyOf.map((right) => right.join('/')).join(' or ')}`,
      rights: all.flatMap((anyOf, other) => (other === at ? [] : [anyOf[0]!])),
      isAllowed: false,
    }))
    const alternatives = all.reduce<Right[][]>(
      (sets, anyOf) => sets.flatMap((rights) => anyOf.map((right) => [...rights, right])),
      [[]],
    )
    const allowed = alternatives.map((rights) => ({
      title: `${title}, with ${rights.map((right) => right.join('/')).join(', ') || 'no right'}`,
      rights,
      isAllowed: true,
    }))
    return [...without, ...allowed].map((rest) => ({ row, version, ...rest }))
  })
}

const questions: Question[] = rightsTable.flatMap(questionsOf).map((one, at) => ({ ...one, user: `u${at}` }))
const users = ['admin', ...questions.map(({ user }) => user)]

/** A broker with ACLs, and what every question is about. */
class Side {
  readonly brokers: string
  readonly #subjects = new Map<string, Subject>()

  constructor(brokers: string) {
    this.brokers = brokers
  }

  async login(user: string): Promise<RawClient> {
    const client = await RawClient.open(this.brokers)
    await client.ask(apis.SaslHandshake, 1, { mechanism: 'PLAIN' })
    const authBytes = Buffer.from(`\0${user}\0${password}`)
    const { errorCode } = await client.ask(apis.SaslAuthenticate, 2, { authBytes })
    assert.equal(errorCode, ErrorCode.NONE)
    return client
  }

  async prepare(): Promise<void> {
    const admin = await this.login('admin')
    const names = questions.map(({ user }) => user)
    const { topics } = await admin.ask(apis.CreateTopics, 7, {
      topics: names.map((user) => ({ name: `topic-${user}`, numPartitions: 2, replicationFactor: 1 })),
      timeoutMs: 30_000,
    })
    const creations = questions.flatMap(({ user, rights }) =>
      rights.map(([operation, resourceType]) => ({
        resourceType,
        resourceName: resourceType === cluster ? 'kafka-cluster' : '*',
        resourcePatternType: 3,
        principal: `User:${user}`,
        host: '*',
        operation,
        permissionType: 3,
      })),
    )
    const { results } = await admin.ask(apis.CreateAcls, 3, { creations })
    assert.deepEqual(new Set(results.map(({ errorCode }) => errorCode)), new Set([ErrorCode.NONE]))
    await ready(admin, names, creations.length)
    // Apache Kafka makes its own topics when somebody looks for a coordinator.
    for (const keyType of [0, 1]) {
      await admin.askUntil(
        ({ coordinators: [found] }) => found!.errorCode === ErrorCode.NONE,
        apis.FindCoordinator,
        4,
        { keyType, coordinatorKeys: ['first'] },
      )
    }
    for (const [at, user] of names.entries()) {
      const producerId = await this.#transaction(admin, user)
      const subject = { topic: `topic-${user}`, group: `group-${user}`, transactionalId: `tx-${user}` }
      this.#subjects.set(user, { ...subject, topicId: topics[at]!.topicId, producerId })
    }
    admin.close()
  }

  /** Leaves a transaction open, and an offset committed. */
  async #transaction(admin: RawClient, user: string): Promise<number> {
    const [transactionalId, name] = [`tx-${user}`, `topic-${user}`]
    const { producerId } = await admin.askUntil(
      ({ errorCode }) => errorCode === ErrorCode.NONE,
      apis.InitProducerId,
      4,
      { transactionalId, transactionTimeoutMs: 600_000 },
    )
    await admin.askUntil(
      ({ resultsByTopicV3AndBelow: [topic] }) => topic!.resultsByPartition[0]!.partitionErrorCode === ErrorCode.NONE,
      apis.AddPartitionsToTxn,
      3,
      {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: 0,
        v3AndBelowTopics: [{ name, partitions: [0] }],
      },
    )
    const records = batch([{ value: 'a' }], { producerId, producerEpoch: 0, baseSequence: 0, transactional: true })
    const body = {
      transactionalId,
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name, partitionData: [{ index: 0, records }] }],
    }
    const isWritten = ({ responses }: ProduceResponse): boolean => responses[0]!.partitionResponses[0]!.errorCode === 0
    await admin.askUntil(isWritten, apis.Produce, 11, body)
    await admin.askUntil(
      ({ topics: [topic] }) => topic!.partitions[0]!.errorCode === ErrorCode.NONE,
      apis.OffsetCommit,
      9,
      {
        groupId: `group-${user}`,
        generationIdOrMemberEpoch: -1,
        topics: [{ name, partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
      },
    )
    return producerId
  }

  async answer({ row, version, user, isAllowed }: Question): Promise<unknown> {
    const client = await this.login(user)
    const subject = this.#subjects.get(user)!
    try {
      const answer = await client.ask(row.api, version, row.body(subject))
      return isAllowed ? refusalsIn(answer) : comparable(answer, subject)
    } catch (error) {
      return (error as Error).message
    } finally {
      client.close()
    }
  }
}

/** What was written is not in force everywhere at once. */
async function ready(admin: RawClient, names: readonly string[], acls: number): Promise<void> {
  const any = { resourceTypeFilter: 1, patternTypeFilter: 1, operation: 1, permissionType: 1 }
  const filter = { ...any, resourceNameFilter: null, principalFilter: null, hostFilter: null }
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(50)) {
    const { resources } = await admin.ask(apis.DescribeAcls, 3, filter)
    const { topics } = await admin.ask(apis.Metadata, 12, {
      topics: names.map((user) => ({ name: `topic-${user}` })),
      allowAutoTopicCreation: false,
    })
    const found = resources.flatMap((resource) => resource.acls).length
    if (found === acls && topics.every(({ errorCode, partitions }) => errorCode === 0 && partitions.length === 2))
      return
  }
  throw new Error('topics and ACLs did not come into force')
}

const refusals: readonly number[] = [
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
]

/** The errors about rights anywhere in an answer. */
function refusalsIn(value: unknown): number[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap(refusalsIn))].sort()
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return []
  const found = Object.entries(value).flatMap(([name, inner]) =>
    /errorcode$/i.test(name) && typeof inner === 'number' && refusals.includes(inner) ? [inner] : refusalsIn(inner),
  )
  return [...new Set(found)].sort()
}

/** An answer without words, addresses and ids, which are each broker's own. */
function comparable(answer: unknown, { topicId }: Subject): unknown {
  const own = new Set([
    'errorMessage',
    'throttleTimeMs',
    'brokers',
    'clusterId',
    'controllerId',
    'transactionStartTimeMs',
  ])
  const text = JSON.stringify(answer, (name, value: unknown) => (own.has(name) ? undefined : value))
  return JSON.parse(text.replaceAll(topicId, '<topic id>'))
}

describe('rights on Apache Kafka and on Millrace', { skip: apacheKafkaUnavailable() ?? false, concurrency: 4 }, () => {
  let brokers: BrokersWithAcls
  let theirs: Side
  let ours: Side

  before(async () => {
    brokers = await startBrokersWithAcls(users, { 'transaction.partition.verification.enable': 'true' })
    theirs = new Side(brokers.kafka.brokers)
    ours = new Side(brokers.millrace.brokers)
    await Promise.all([theirs.prepare(), ours.prepare()])
  })
  after(() => brokers?.close())

  for (const question of questions) {
    test(question.title, async () => {
      const [their, our] = await Promise.all([theirs.answer(question), ours.answer(question)])
      const difference = rightsDifferences.find(({ titles }) => titles.test(question.title))
      if (difference) assert.notDeepEqual(our, their, `no difference any more: ${difference.why}`)
      else assert.deepEqual(our, their, 'Millrace is not as Apache Kafka')
    })
  }
})
