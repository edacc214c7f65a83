import assert from 'node:assert/strict'
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startBroker } from '@millrace/broker'
import { decodedRecords, type KafkaClient, kafkaClient } from '@millrace/kafka'
import {
  apis,
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  ErrorCode,
} from '@millrace/protocol'
import { apacheKafkaClassPath, apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'
import { waitFor } from '../support/wait-for.ts'

const run = promisify(execFile)
const skip = apacheKafkaUnavailable() ?? false

/** Times short enough for a test; the same for both brokers. */
const settings = {
  'group.min.session.timeout.ms': '1000',
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.min.session.timeout.ms': '1000',
  'group.consumer.session.timeout.ms': '6000',
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.heartbeat.interval.ms': '300',
  'group.consumer.assignment.interval.ms': '0',
}
const classicSettings = ['session.timeout.ms=6000', 'heartbeat.interval.ms=300']

const notReady: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
])

/** The type of a group's settings (KIP-848). */
const groupResource = 32

interface BrokerUnderTest {
  readonly brokers: string
  close(): Promise<void>
}

const brokersUnderTest: Readonly<Record<string, () => Promise<BrokerUnderTest>>> = {
  'this broker': () => startBroker({ memory: true, config: settings }),
  'Apache Kafka': () => startApacheKafka({ config: settings }),
}

let classes: string
let classPath: string

before(() => {
  if (skip) return
  classPath = apacheKafkaClassPath()
  classes = mkdtempSync(join(tmpdir(), 'millrace-group-member-'))
  const sources = ['GroupMember.java', 'GroupRecordsFormatter.java'].map((file) => join(import.meta.dirname, file))
  execFileSync('javac', ['-cp', classPath, '-d', classes, ...sources])
})

after(() => {
  if (classes) rmSync(classes, { recursive: true, force: true })
})

/** A Java consumer in a process of its own. */
class Member implements AsyncDisposable {
  readonly owned = new Set<string>()
  readonly read: string[] = []
  failed: string | undefined
  /** How often something was taken from it. */
  revocations = 0
  readonly #process: ChildProcess

  constructor(brokers: string, group: string, protocol: 'classic' | 'consumer', topics: string, more: string[] = []) {
    const java = [
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Xmx96m',
      '-cp',
      `${classes}:${classPath}`,
      'GroupMember',
    ]
    const own = protocol === 'classic' ? [...classicSettings, ...more] : more
    this.#process = spawn('java', [...java, brokers, group, protocol, topics, ...own], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    createInterface(this.#process.stdout!).on('line', (line) => this.#take(line))
  }

  #take(line: string): void {
    const [event, text = ''] = line.split(' ') as [string, string?]
    if (event === 'record') this.read.push(text)
    else if (event === 'failed') this.failed = text
    else {
      const partitions = text === '' ? [] : text.split(',')
      if (event !== 'assigned' && partitions.length > 0) this.revocations++
      for (const one of partitions) {
        if (event === 'assigned') this.owned.add(one)
        else this.owned.delete(one)
      }
    }
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill(signal)
    await exited
    this.owned.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill('SIGKILL')
  }
}

for (const [name, start] of Object.entries(brokersUnderTest)) {
  describe(`consumer groups of Java on ${name}`, { skip, timeout: 600_000 }, () => {
    let broker: BrokerUnderTest
    let client: KafkaClient

    before(async () => {
      broker = await start()
      client = kafkaClient({ brokers: broker.brokers })
    })

    after(async () => {
      await client?.close()
      await broker?.close()
    })

    const tool = async (tool: string, ...args: string[]): Promise<string> => {
      const java = ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', classPath, `org.apache.kafka.tools.${tool}`]
      const { stdout } = await run('java', [...java, '--bootstrap-server', broker.brokers, ...args], {
        timeout: 120_000,
      })
      return stdout
    }

    const topic = (topicName: string, partitions: number): Promise<unknown> =>
      client.admin.createTopics([{ name: topicName, partitions }])

    const all = (topicName: string, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `${topicName}-${index}`)

    const owns = (members: readonly Member[], partitions: readonly string[]): boolean => {
      const owned = members.flatMap((member) => [...member.owned]).sort()
      return owned.join() === [...partitions].sort().join()
    }

    const heartbeat = async (body: ConsumerGroupHeartbeatRequest): Promise<ConsumerGroupHeartbeatResponse> => {
      const to = { coordinator: { type: 'group', key: body.groupId } } as const
      for (;;) {
        const answer = await client.request({ api: apis.ConsumerGroupHeartbeat, body, to })
        // Apache Kafka's coordinator takes a moment to come up.
        if (!notReady.has(answer.errorCode)) return answer
        await delay(100)
      }
    }

    /**
     * Waits until a member that joins owns the topic's partition, and lets it leave: Apache Kafka's coordinator hears of a new topic
     * after the answer to its creation, and members that came before get one epoch more.
     */
    const untilKnown = async (topicName: string, joining: Partial<ConsumerGroupHeartbeatRequest>): Promise<void> => {
      const body = joining as ConsumerGroupHeartbeatRequest
      const deadline = Date.now() + 60_000
      while (((await heartbeat(body)).assignment?.topicPartitions.length ?? 0) === 0) {
        assert.ok(Date.now() < deadline, `the coordinator did not hear of ${topicName}`)
        await delay(100)
      }
      await heartbeat({ ...body, memberEpoch: -1 })
    }

    /** Long enough for a Java process to come back, or to be kept waiting, on a busy machine. */
    const setSessionTimeout = async (group: string): Promise<void> => {
      const configs = [{ name: 'consumer.session.timeout.ms', configOperation: 0, value: '45000' }]
      const resources = [{ resourceType: groupResource, resourceName: group, configs }]
      await client.request({ api: apis.IncrementalAlterConfigs, body: { resources }, to: 'any' })
    }

    test('members share, and when one is killed the others have its partitions within the session timeout', async () => {
      await topic('shared', 4)
      await using stays = new Member(broker.brokers, 'sharing', 'consumer', 'shared')
      await waitFor('the first to own all', () => owns([stays], all('shared', 4)), 60_000)
      await using dies = new Member(broker.brokers, 'sharing', 'consumer', 'shared')
      await waitFor('both to own two', () => stays.owned.size === 2 && dies.owned.size === 2, 60_000)
      assert.ok(owns([stays, dies], all('shared', 4)))

      const state = await tool('consumer.group.ConsumerGroupCommand', '--describe', '--group', 'sharing', '--state')
      assert.match(state, /^sharing\s+\S+:\d+\s+\(1\)\s+uniform\s+Stable\s+2\s*$/m)
      const members = await tool(
        'consumer.group.ConsumerGroupCommand',
        ...['--describe', '--group', 'sharing', '--members', '--verbose'],
      )
      assert.equal(members.match(/^sharing\s.*shared:\d,\d/gm)?.length, 2, members)
      const list = await tool('consumer.group.ConsumerGroupCommand', '--list', '--type', 'consumer', '--state')
      assert.match(list, /^sharing\s+Consumer\s+Stable/m)

      await dies.kill('SIGKILL')
      await waitFor('the survivor to own all', () => owns([stays], all('shared', 4)), 60_000)
    })

    test('an expression finds its topics, also those that come later', async () => {
      await topic('event-one', 2)
      await topic('other', 1)
      await using member = new Member(broker.brokers, 'expressions', 'consumer', '/event-.*/')
      await waitFor('what is there', () => owns([member], all('event-one', 2)), 60_000)
      await topic('event-two', 1)
      const both = [...all('event-one', 2), ...all('event-two', 1)]
      // Apache Kafka looks for new topics every ten seconds at most.
      await waitFor('what comes', () => owns([member], both), 60_000)
      await using wrong = new Member(broker.brokers, 'expressions-wrong', 'consumer', '/event-[/')
      await waitFor('a refusal', () => wrong.failed !== undefined, 60_000)
      assert.equal(wrong.failed, 'InvalidRegularExpression')
    })

    test('a static member that restarts keeps its partitions, and a second of its name is refused', async () => {
      await topic('static', 4)
      const one = ['group.instance.id=one']
      await setSessionTimeout('statics')
      await using first = new Member(broker.brokers, 'statics', 'consumer', 'static', one)
      await waitFor('the first to own all', () => first.owned.size === 4, 60_000)
      await using second = new Member(broker.brokers, 'statics', 'consumer', 'static', ['group.instance.id=two'])
      await waitFor('both to own two', () => first.owned.size === 2 && second.owned.size === 2, 60_000)
      const before = [...first.owned].sort()
      await using twin = new Member(broker.brokers, 'statics', 'consumer', 'static', one)
      await waitFor('the twin to be refused', () => twin.failed !== undefined, 60_000)
      assert.equal(twin.failed, 'UnreleasedInstanceIdException')
      const { revocations } = second
      await first.kill('SIGTERM')
      await using again = new Member(broker.brokers, 'statics', 'consumer', 'static', one)
      await waitFor('its partitions', () => again.owned.size === 2, 60_000)
      assert.deepEqual([...again.owned].sort(), before)
      assert.equal(second.revocations, revocations, 'the other member lost something')
    })

    test('range gives both topics alike, and an assignor that is not there is refused', async () => {
      await topic('left', 3)
      await topic('right', 3)
      const range = ['group.remote.assignor=range']
      await using one = new Member(broker.brokers, 'ranges', 'consumer', 'left,right', range)
      await using two = new Member(broker.brokers, 'ranges', 'consumer', 'left,right', range)
      await waitFor(
        'both to own some',
        () => owns([one, two], [...all('left', 3), ...all('right', 3)]) && one.owned.size > 0 && two.owned.size > 0,
        60_000,
      )
      for (const { owned } of [one, two]) {
        const numbers = (of: string): string[] =>
          [...owned]
            .filter((each) => each.startsWith(of))
            .map((each) => each.slice(-1))
            .sort()
        assert.deepEqual(numbers('left'), numbers('right'))
      }
      await using wrong = new Member(broker.brokers, 'ranges', 'consumer', 'left', ['group.remote.assignor=none'])
      await waitFor('a refusal', () => wrong.failed !== undefined, 60_000)
      assert.equal(wrong.failed, 'UnsupportedAssignorException')
    })

    test('a group rolls from classic to consumer and back under load: nothing is lost, nothing comes twice', async () => {
      await topic('rolling', 4)
      const group = 'roller'
      let sent = 0
      let stopped = false
      await using producer = client.producer({ lingerMs: 0 })
      const producing = (async () => {
        while (!stopped) {
          await producer.send({ topic: 'rolling', partition: sent % 4, key: null, value: Buffer.from(String(sent)) })
          sent++
          await delay(5)
        }
      })()
      const started: Member[] = []
      await setSessionTimeout(group)
      const start = (protocol: 'classic' | 'consumer'): Member => {
        const more = protocol === 'classic' ? ['session.timeout.ms=45000'] : []
        const member = new Member(broker.brokers, group, protocol, 'rolling', more)
        started.push(member)
        return member
      }
      const types: string[] = []
      const type = async (): Promise<string> => {
        const body = { statesFilter: [], typesFilter: [] }
        const { groups } = await client.request({ api: apis.ListGroups, body, to: 'any' })
        return groups.find(({ groupId }) => groupId === group)?.groupType ?? ''
      }
      try {
        let members = [start('classic'), start('classic')]
        await waitFor('both classic ones', () => members.every(({ owned }) => owned.size === 2), 60_000)
        types.push(await type())
        for (const protocol of ['consumer', 'classic'] as const) {
          for (const [index, old] of members.entries()) {
            await old.kill('SIGTERM')
            members = members.with(index, start(protocol))
            await waitFor(`${protocol} member ${index}`, () => members.every(({ owned }) => owned.size === 2), 60_000)
          }
          types.push(await type())
        }
        stopped = true
        await producing
        const read = (): string[] => started.flatMap((member) => member.read)
        await waitFor('everything to be read', () => new Set(read()).size === sent, 60_000)
        assert.equal(read().length, sent, `${read().length - sent} of ${sent} records came twice`)
        assert.deepEqual(types, ['classic', 'consumer', 'classic'])
      } finally {
        stopped = true
        await producing
        for (const member of started) await member.kill('SIGKILL')
      }
    })

    test('heartbeats, commits and fetches out of turn are answered with the same codes', async () => {
      await topic('turns', 1)
      const groupId = 'turns'
      const joining = { memberEpoch: 0, rebalanceTimeoutMs: 5000, subscribedTopicNames: ['turns'], topicPartitions: [] }
      await untilKnown('turns', { ...joining, groupId: 'turns-known', memberId: 'a' })
      /** The epoch of the first answer; all others are told as distances from it. */
      let joined = 0
      const beat = async (body: Partial<ConsumerGroupHeartbeatRequest>): Promise<string> => {
        const whole = { groupId, memberId: 'a', ...body } as ConsumerGroupHeartbeatRequest
        const { errorCode, memberEpoch } = await heartbeat(whole)
        if (joined === 0) joined = memberEpoch
        return memberEpoch > 0 ? `${errorCode} first + ${memberEpoch - joined}` : `${errorCode} ${memberEpoch}`
      }
      const to = { coordinator: { type: 'group', key: groupId } } as const
      const commit = async (memberId: string, generationIdOrMemberEpoch: number): Promise<number | undefined> => {
        const topics = [
          { name: 'turns', partitions: [{ partitionIndex: 0, committedOffset: 0, committedMetadata: '' }] },
        ]
        const body = { groupId, memberId, generationIdOrMemberEpoch, topics }
        const answer = await client.request({ api: apis.OffsetCommit, body, to, maxVersion: 9 })
        return answer.topics[0]?.partitions[0]?.errorCode
      }
      const fetch = async (memberId: string | null, memberEpoch: number): Promise<number | undefined> => {
        const body = { groups: [{ groupId, memberId, memberEpoch, topics: null }], requireStable: true }
        return (await client.request({ api: apis.OffsetFetch, body, to, maxVersion: 9 })).groups[0]?.errorCode
      }
      const answers = {
        first: await beat(joining),
        again: await beat(joining),
        greater: await beat({ memberEpoch: joined + 1 }),
        stranger: await beat({ memberId: 'x', memberEpoch: 1 }),
        nothing: await beat({ memberId: 'y', memberEpoch: 0, rebalanceTimeoutMs: 5000, topicPartitions: [] }),
        below: await beat({ memberEpoch: -3 }),
        static: await beat({ memberEpoch: -2 }),
        noId: await beat({ ...joining, memberId: '' }),
        assignor: await beat({ ...joining, memberId: 'y', serverAssignor: 'sticky' }),
        expression: await beat({ ...joining, memberId: 'y', subscribedTopicRegex: 'a[' }),
        lookAhead: await beat({ ...joining, memberId: 'y', subscribedTopicRegex: '(?=a)' }),
        one: await beat({ ...joining, memberId: 's1', instanceId: 'one' }),
        twin: await beat({ ...joining, memberId: 's2', instanceId: 'one' }),
        impostor: await beat({ memberId: 's2', memberEpoch: joined + 1, instanceId: 'one' }),
        rests: await beat({ memberId: 's1', memberEpoch: -2, instanceId: 'one' }),
        back: await beat({ ...joining, memberId: 's2', instanceId: 'one' }),
        smaller: await beat({ memberId: 's2', memberEpoch: joined, instanceId: 'one' }),
        commits: [await commit('a', joined), await commit('a', joined + 7), await commit('x', 1), await commit('', -1)],
        fetches: [await fetch('a', joined), await fetch(null, -1), await fetch('a', joined + 7), await fetch('x', 1)],
        leaves: await beat({ memberEpoch: -1 }),
        leftAlready: await beat({ memberEpoch: -1 }),
      }
      assert.deepEqual(answers, {
        first: '0 first + 0',
        again: '0 first + 0',
        greater: '110 0',
        stranger: '25 0',
        nothing: '42 0',
        below: '42 0',
        static: '42 0',
        noId: '42 0',
        assignor: '112 0',
        expression: '128 0',
        lookAhead: '128 0',
        one: '0 first + 1',
        twin: '111 0',
        impostor: '82 0',
        rests: '0 -2',
        back: '0 first + 1',
        smaller: '110 0',
        commits: [0, 113, 25, 25],
        fetches: [0, 0, 113, 25],
        leaves: '0 -1',
        leftAlready: '25 0',
      })
    })

    /** How many records are in partition 0 of a topic now: fewer than offsets where it was compacted. */
    const recordsIn = async (topicName: string): Promise<number> => {
      await using consumer = client.consumer({ isolation: 'read_uncommitted', autoOffsetReset: 'earliest' })
      const where = { topic: topicName, partition: 0 }
      consumer.assign([where])
      const [end] = await consumer.endOffsets([where])
      let count = 0
      for (let next = 0; next < end!.offset; ) {
        for (const fetched of await consumer.poll({ timeoutMs: 1_000 })) {
          count += [...decodedRecords(fetched)].length
          next = fetched.nextOffset
        }
      }
      return count
    }

    test("Kafka's coordinator reads the records of the groups", async () => {
      const tools = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
      const count = await recordsIn('__consumer_offsets')
      const { stdout } = await run(
        'java',
        [
          ...['-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', `${classes}:${classPath}`, tools],
          ...['--bootstrap-server', broker.brokers, '--topic', '__consumer_offsets', '--from-beginning'],
          ...['--formatter', 'GroupRecordsFormatter', '--max-messages', String(count), '--timeout-ms', '60000'],
        ],
        { timeout: 180_000, maxBuffer: 1 << 26 },
      )
      const lines = stdout.split('\n').filter((line) => /^\d+ /.test(line))
      const kinds = new Set(lines.map((line) => line.split(' ', 2).join(' ')))
      // Classic group; consumer group, member, target epoch, target, present assignment, regular expression.
      for (const kind of ['2 3', '3 0', '5 0', '6 0', '7 0', '8 0', '16 0']) {
        assert.ok(kinds.has(kind), `no record of type and version ${kind}: ${[...kinds].join(', ')}`)
      }
      const has = (pattern: RegExp): void =>
        assert.ok(
          lines.some((line) => pattern.test(line)),
          String(pattern),
        )
      has(/^5 0 .*subscribedTopicNames=\[shared\].*rebalanceTimeoutMs=300000.*classicMemberMetadata=null/)
      has(/^5 0 .*groupId='roller'.*classicMemberMetadata=ClassicMemberMetadata\(sessionTimeoutMs=45000/)
      has(/^8 0 .*memberEpoch=\d+, previousMemberEpoch=\d+, state=0.*assignmentEpochs=\[/)
      has(/^16 0 .*regularExpression='event-\.\*'.*topics=\[.*event-two/)
      for (const tombstone of [3, 5, 6, 7, 8]) has(new RegExp(`^${tombstone} - `))
    })
  })
}
