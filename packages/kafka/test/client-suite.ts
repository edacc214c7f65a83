import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Consumer,
  type ConsumerOptions,
  cooperativeStickyAssignor,
  decodedRecords,
  type GroupAssignor,
  type KafkaClient,
  rangeAssignor,
  roundRobinAssignor,
} from '@millrace/kafka'
import { partitionForKey, RecordBatchBuilder } from '@millrace/protocol'
import { type Get, type NewTopic, registerAdminTests, until } from './admin-suite.ts'

/** A broker to run the suite against, with its address or transport inside `client`. */
export interface ClientTestSubject {
  client(): KafkaClient
  close(): Promise<void>
}

const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
let names = 0

/** What the client promises, run against any Kafka broker. */
export function registerClientTests(
  name: string,
  options: { readonly start: () => Promise<ClientTestSubject>; readonly skip?: string | undefined },
): void {
  // A suite has one time limit for all its tests; on a busy machine Apache Kafka needs more than the usual one.
  describe(name, { timeout: 300_000, ...(options.skip !== undefined && { skip: options.skip }) }, () => {
    let subject: ClientTestSubject
    let client: KafkaClient
    before(async () => {
      subject = await options.start()
      client = subject.client()
    })
    after(async () => {
      await client?.close()
      await subject?.close()
    })
    const newTopic = async (partitions = 1, config: Record<string, string> = {}): Promise<string> => {
      const topic = `topic-${++names}`
      await client.admin.createTopics([{ name: topic, partitions, config }])
      return topic
    }
    registerAdminTests(() => client, newTopic)
    registerProducerTests(() => client, newTopic)
    registerConsumerTests(() => client, newTopic)
    registerTransactionTests(() => client, newTopic)
    registerConsumerProtocolTests(() => client, newTopic)
    registerGroupTests(() => client, newTopic)
  })
}

function registerProducerTests(client: Get, newTopic: NewTopic): void {
  test('records get consecutive offsets, and keys the partition that Java gives them', async () => {
    const topic = await newTopic(5)
    await using producer = client().producer()
    const keys = Array.from({ length: 50 }, (_, index) => Buffer.from(`key-${index}`))
    const positions = await Promise.all(keys.map((key) => producer.send({ topic, key, value: Buffer.from('v') })))
    const next = [0, 0, 0, 0, 0]
    for (const [index, { partition, offset }] of positions.entries()) {
      assert.equal(partition, partitionForKey(keys[index] as Buffer, 5))
      assert.equal(offset, next[partition])
      next[partition] = offset + 1
    }
  })

  test('a key or a value that untyped JavaScript leaves out is null', async () => {
    const topic = await newTopic(2)
    await using producer = client().producer()
    await producer.send({ topic, partition: 0, key: Buffer.from('k') } as never)
    await producer.send({ topic, value: Buffer.from('v') } as never)
    const read = await readAll(client(), topic, 2)
    assert.deepEqual(read.map(({ key, value }) => [key, value]).sort(), [
      [null, Buffer.from('v')],
      [Buffer.from('k'), null],
    ])
  })

  for (const compression of compressions) {
    test(`records survive ${compression} compression with key, headers and timestamp`, async () => {
      const topic = await newTopic(1, { 'retention.ms': '-1' })
      await using producer = client().producer({ compression })
      const headers = [
        { key: 'h', value: Buffer.from('1') },
        { key: 'empty', value: null },
      ]
      const value = Buffer.from('value '.repeat(200))
      await producer.send({ topic, key: Buffer.from('k'), value, headers, timestamp: 1_700_000_000_000 })
      await producer.send({ topic, key: null, value: null, timestamp: 1_700_000_000_001 })
      const [first, second] = await readAll(client(), topic, 1)
      assert.deepEqual(first, {
        topic,
        partition: 0,
        offset: 0,
        timestamp: 1_700_000_000_000,
        key: Buffer.from('k'),
        value,
        headers,
      })
      assert.deepEqual([second?.key, second?.value, second?.timestamp], [null, null, 1_700_000_000_001])
    })
  }

  test('a batch that the caller built keeps its place among single records', async () => {
    const topic = await newTopic()
    await using producer = client().producer({ lingerMs: 20 })
    const before = producer.send({ topic, partition: 0, key: null, value: Buffer.from('before') })
    const batch = new RecordBatchBuilder()
    for (const text of ['one', 'two']) batch.append(Date.now(), null, Buffer.from(text))
    const built = producer.sendBatch({ topic, partition: 0, batch })
    const later = producer.send({ topic, partition: 0, key: null, value: Buffer.from('later') })
    assert.deepEqual([(await before).offset, (await built).baseOffset, (await later).offset], [0, 1, 3])
    const values = (await readAll(client(), topic, 1)).map(({ value }) => String(value))
    assert.deepEqual(values, ['before', 'one', 'two', 'later'])
  })

  test('a batch that the topic refuses fails, and the producer goes on', async () => {
    const topic = await newTopic(1, { 'max.message.bytes': '1000' })
    await using producer = client().producer()
    const large = producer.send({ topic, key: null, value: Buffer.alloc(5_000) })
    await assert.rejects(large, { code: 'KAFKA_MESSAGE_TOO_LARGE' })
    assert.equal((await producer.send({ topic, key: null, value: Buffer.from('small') })).offset, 0)
  })

  test('a record beyond maxBatchBytes is refused before it is sent', async () => {
    await using producer = client().producer({ maxBatchBytes: 1_000 })
    const sent = producer.send({ topic: 'any', key: null, value: Buffer.alloc(2_000) })
    await assert.rejects(sent, { code: 'KAFKA_RECORD_TOO_LARGE' })
  })

  test('a topic that does not exist is waited for no longer than maxBlockMs', async () => {
    await using producer = client().producer({ maxBlockMs: 300 })
    const sent = producer.send({ topic: 'no-such-topic', key: null, value: null })
    await assert.rejects(sent, (error: Error & { code: string }) => {
      assert.equal(error.code, 'KAFKA_TIMEOUT')
      assert.equal((error.cause as { code: string }).code, 'KAFKA_UNKNOWN_TOPIC_OR_PARTITION')
      return true
    })
  })

  test('a small buffer slows senders down and loses nothing', async () => {
    const topic = await newTopic(2)
    await using producer = client().producer({ bufferBytes: 4_000, maxBatchBytes: 1_000 })
    const value = Buffer.alloc(300)
    const sent = await Promise.all(Array.from({ length: 100 }, () => producer.send({ topic, key: null, value })))
    assert.equal(new Set(sent.map(({ partition, offset }) => `${partition}-${offset}`)).size, 100)
    assert.equal(producer.bufferedBytes, 0)
  })
}

function registerConsumerTests(client: Get, newTopic: NewTopic): void {
  const filled = async (count: number, partitions = 1): Promise<string> => {
    const topic = await newTopic(partitions)
    await using producer = client().producer({ maxBatchBytes: 500 })
    const sends = Array.from({ length: count }, (_, index) =>
      producer.send({ topic, partition: index % partitions, key: null, value: Buffer.from(String(index)) }),
    )
    await Promise.all(sends)
    return topic
  }

  test('a seek into the middle of a batch begins at that offset', async () => {
    const topic = await filled(100)
    await using consumer = client().consumer()
    consumer.assign([{ topic, partition: 0 }])
    consumer.seek({ topic, partition: 0, offset: 37 })
    const values = await take(consumer, 63)
    assert.equal(values[0], '37')
    assert.equal(values.at(-1), '99')
    assert.equal(consumer.position({ topic, partition: 0 }), 100)
    assert.equal(consumer.lag({ topic, partition: 0 }), 0)
  })

  test('a seek while records are fetched ahead drops them', async () => {
    const topic = await filled(50)
    await using consumer = client().consumer()
    consumer.assign([{ topic, partition: 0 }])
    await take(consumer, 50)
    consumer.seek({ topic, partition: 0, offset: 10 })
    consumer.seek({ topic, partition: 0, offset: 45 })
    assert.deepEqual(await take(consumer, 5), ['45', '46', '47', '48', '49'])
  })

  test('a paused partition is not returned until it is resumed', async () => {
    const topic = await filled(20, 2)
    await using consumer = client().consumer()
    consumer.assign([0, 1].map((partition) => ({ topic, partition })))
    consumer.pause([{ topic, partition: 1 }])
    const even = await take(consumer, 10)
    assert.ok(even.every((value) => Number(value) % 2 === 0))
    assert.deepEqual(await consumer.poll({ timeoutMs: 100 }), [])
    consumer.resume([{ topic, partition: 1 }])
    assert.ok((await take(consumer, 10)).every((value) => Number(value) % 2 === 1))
  })

  test('the reset policy decides where a consumer without offsets begins', async () => {
    const topic = await filled(10)
    await using latest = client().consumer({ autoOffsetReset: 'latest' })
    latest.assign([{ topic, partition: 0 }])
    assert.deepEqual(await latest.poll({ timeoutMs: 200 }), [])
    assert.equal(latest.position({ topic, partition: 0 }), 10)
    await using failing = client().consumer({ autoOffsetReset: 'fail' })
    failing.assign([{ topic, partition: 0 }])
    await assert.rejects(failing.poll({ timeoutMs: 5_000 }), { code: 'KAFKA_NO_OFFSET' })
  })

  test('an offset that does not exist is reset, or is an error with the policy fail', async () => {
    const topic = await filled(10)
    await using resetting = client().consumer()
    resetting.assign([{ topic, partition: 0 }])
    resetting.seek({ topic, partition: 0, offset: 500 })
    assert.equal((await take(resetting, 10))[0], '0')
    await using failing = client().consumer({ autoOffsetReset: 'fail' })
    failing.assign([{ topic, partition: 0 }])
    failing.seek({ topic, partition: 0, offset: 500 })
    await assert.rejects(failing.poll({ timeoutMs: 5_000 }), { code: 'KAFKA_NO_OFFSET' })
  })

  test('beginning, end and times are told per partition', async () => {
    const topic = await filled(10)
    await using consumer = client().consumer()
    const partitions = [{ topic, partition: 0 }]
    assert.equal((await consumer.beginningOffsets(partitions))[0]?.offset, 0)
    assert.equal((await consumer.endOffsets(partitions))[0]?.offset, 10)
    const times = await consumer.offsetsForTimes([{ topic, partition: 0, timestamp: Date.now() + 3_600_000 }])
    assert.deepEqual(times, [])
  })

  test('records are iterated one by one until the signal', async () => {
    const topic = await filled(10)
    await using consumer = client().consumer()
    consumer.assign([{ topic, partition: 0 }])
    const abort = new AbortController()
    const values: string[] = []
    for await (const { value } of consumer.records({ signal: abort.signal })) {
      values.push(String(value))
      if (values.length === 10) abort.abort()
    }
    assert.equal(values.length, 10)
  })

  test('a second poll while one runs is a mistake', async () => {
    const topic = await filled(1)
    await using consumer = client().consumer({ autoOffsetReset: 'latest' })
    consumer.assign([{ topic, partition: 0 }])
    const polling = consumer.poll({ timeoutMs: 100 })
    await assert.rejects(consumer.poll(), TypeError)
    await polling
  })
}

function registerTransactionTests(client: Get, newTopic: NewTopic): void {
  const id = (): string => `transactional-${++names}`
  const send = (producer: ReturnType<KafkaClient['producer']>, topic: string, text: string): Promise<unknown> =>
    producer.send({ topic, partition: 0, key: null, value: Buffer.from(text) })

  test('committed records are read, aborted ones only by read_uncommitted', async () => {
    const topic = await newTopic()
    await using producer = client().producer({ transactionalId: id() })
    await producer.init()
    for (const [text, commit] of [
      ['a', true],
      ['b', false],
      ['c', true],
    ] as const) {
      producer.begin()
      await send(producer, topic, text)
      await (commit ? producer.commit() : producer.abort())
    }
    const values = (isolation: NonNullable<ConsumerOptions['isolation']>): Promise<string[]> =>
      readAll(client(), topic, 1, isolation).then((records) => records.map(({ value }) => String(value)))
    await readSettled(client(), topic, 1)
    assert.deepEqual(await values('read_committed'), ['a', 'c'])
    assert.deepEqual(await values('read_uncommitted'), ['a', 'b', 'c'])
  })

  test('an open transaction holds read_committed back at the last stable offset', async () => {
    const topic = await newTopic()
    await using producer = client().producer({ transactionalId: id() })
    await producer.init()
    producer.begin()
    await send(producer, topic, 'open')
    await using consumer = client().consumer()
    assert.equal((await consumer.endOffsets([{ topic, partition: 0 }]))[0]?.offset, 0)
    consumer.assign([{ topic, partition: 0 }])
    assert.deepEqual(await consumer.poll({ timeoutMs: 300 }), [])
    await producer.commit()
    assert.deepEqual(await take(consumer, 1), ['open'])
  })

  test('sends that nobody awaited are part of the commit', async () => {
    const topic = await newTopic(1)
    await using producer = client().producer({ transactionalId: id() })
    await producer.init()
    producer.begin()
    for (let index = 0; index < 20; index++) send(producer, topic, String(index)).catch(() => {})
    await producer.commit()
    assert.equal((await readSettled(client(), topic, 1)).length, 20)
  })

  test('offsets are committed with the transaction and not without it', async () => {
    const topic = await newTopic()
    const groupId = `group-${++names}`
    const group = { groupId, generationId: -1, memberId: '', groupInstanceId: null }
    await using producer = client().producer({ transactionalId: id() })
    await producer.init()
    producer.begin()
    await producer.sendOffsets({ group, offsets: [{ topic, partition: 0, offset: 7, metadata: 'note' }] })
    await producer.commit()
    producer.begin()
    await producer.sendOffsets({ group, offsets: [{ topic, partition: 0, offset: 9 }] })
    await producer.abort()
    const [committed] = await client().admin.committedOffsets(groupId)
    assert.deepEqual([committed?.offset, committed?.metadata], [7, 'note'])
  })

  test('a committed offset is waited for while a transaction may change it', async () => {
    const topic = await newTopic()
    const groupId = `group-${++names}`
    const group = { groupId, generationId: -1, memberId: '', groupInstanceId: null }
    await using producer = client().producer({ transactionalId: id() })
    await producer.init()
    producer.begin()
    await producer.sendOffsets({ group, offsets: [{ topic, partition: 0, offset: 3 }] })
    await using consumer = client().consumer({ groupId })
    let answered = false
    const asked = consumer.committed([{ topic, partition: 0 }]).then((offsets) => {
      answered = true
      return offsets
    })
    await delay(250)
    assert.equal(answered, false)
    await producer.commit()
    assert.equal((await asked)[0]?.offset, 3)
  })

  test('a second producer of the same id fences the first and aborts what it left open', async () => {
    const topic = await newTopic()
    const transactionalId = id()
    await using first = client().producer({ transactionalId })
    await first.init()
    first.begin()
    await send(first, topic, 'of the first')
    await using second = client().producer({ transactionalId })
    await second.init()
    await assert.rejects(first.commit(), { code: 'KAFKA_FENCED' })
    await assert.rejects(send(first, topic, 'too late'), { code: 'KAFKA_FENCED' })
    second.begin()
    await send(second, topic, 'of the second')
    await second.commit()
    assert.deepEqual(
      (await readSettled(client(), topic, 1)).map(({ value }) => String(value)),
      ['of the second'],
    )
  })

  test('a lost record makes the commit fail, and after an abort the producer goes on', async () => {
    const topic = await newTopic(1, { 'max.message.bytes': '1000' })
    await using producer = client().producer({ transactionalId: id() })
    await producer.init()
    producer.begin()
    producer.send({ topic, key: null, value: Buffer.alloc(5_000) }).catch(() => {})
    await assert.rejects(producer.commit(), { code: 'KAFKA_TRANSACTION_ABORTABLE' })
    await producer.abort()
    producer.begin()
    await send(producer, topic, 'good')
    await producer.commit()
    assert.deepEqual(
      (await readSettled(client(), topic, 1)).map(({ value }) => String(value)),
      ['good'],
    )
  })

  test('calls out of order are mistakes', async () => {
    await using producer = client().producer({ transactionalId: id() })
    assert.throws(() => producer.begin(), TypeError)
    await producer.init()
    await assert.rejects(producer.commit(), TypeError)
    await assert.rejects(producer.send({ topic: 'any', key: null, value: null }), TypeError)
    producer.begin()
    assert.throws(() => producer.begin(), TypeError)
    await producer.commit()
  })
}

/** Times of the consumer protocol are the broker's; give it these. */
export const consumerProtocolTimes = {
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.heartbeat.interval.ms': '100',
  'group.consumer.min.session.timeout.ms': '1000',
  'group.consumer.session.timeout.ms': '10000',
  'group.consumer.assignment.interval.ms': '0',
}

function registerConsumerProtocolTests(client: Get, newTopic: NewTopic): void {
  test('two members of the consumer protocol share, and the one that stays takes over without a stop', async () => {
    const topic = await newTopic(4)
    const groupId = `group-${++names}`
    const first = member(client(), { groupId, groupProtocol: 'consumer' }, topic)
    await until(() => first.owned().length === 4, 'the first member owns everything')
    const second = member(client(), { groupId, groupProtocol: 'consumer' }, topic)
    await until(() => first.owned().length === 2 && second.owned().length === 2, 'they share')
    assert.deepEqual([...first.owned(), ...second.owned()].sort(), [0, 1, 2, 3])
    const [described] = await client().admin.describeGroups([groupId])
    assert.deepEqual([described?.state, described?.protocol, described?.members.length], ['Stable', 'uniform', 2])
    assert.equal(described?.members.flatMap(({ assignment }) => assignment).length, 4)
    await first.stop()
    await until(() => second.owned().length === 4, 'the second member owns everything')
    assert.ok(
      second.log.every((entry) => !entry.startsWith('revoked')),
      second.log.join(),
    )
    await second.stop()
  })

  test('a member of the consumer protocol begins where the group has committed, in its epoch', async () => {
    const topic = await newTopic()
    const groupId = `group-${++names}`
    await using producer = client().producer()
    for (let index = 0; index < 10; index++) {
      await producer.send({ topic, key: null, value: Buffer.from(String(index)) })
    }
    const options = { groupId, groupProtocol: 'consumer' } as const
    const first = client().consumer(options)
    first.subscribe({ topics: [topic] })
    await take(first, 10)
    assert.ok(first.groupMetadata().generationId > 0)
    await first.commit([{ topic, partition: 0, offset: 6 }])
    await first.close()
    await using second = client().consumer(options)
    second.subscribe({ topics: [topic] })
    assert.deepEqual(await take(second, 4), ['6', '7', '8', '9'])
  })

  test('a static member of the consumer protocol comes back to its partitions', async () => {
    const topic = await newTopic(2)
    const options = { groupId: `group-${++names}`, groupProtocol: 'consumer' } as const
    const staying = member(client(), { ...options, groupInstanceId: 'staying' }, topic)
    const leaving = member(client(), { ...options, groupInstanceId: 'leaving' }, topic)
    await until(() => staying.owned().length === 1 && leaving.owned().length === 1, 'they share')
    const before = { log: staying.log.length, owned: leaving.owned() }
    await using twin = client().consumer({ ...options, groupInstanceId: 'leaving' })
    twin.subscribe({ topics: [topic] })
    await assert.rejects(
      async () => {
        for (;;) await twin.poll({ timeoutMs: 50 })
      },
      { code: 'KAFKA_FENCED' },
    )
    await leaving.stop()
    const back = member(client(), { ...options, groupInstanceId: 'leaving' }, topic)
    await until(() => back.owned().length === 1, 'it is back')
    assert.deepEqual(back.owned(), before.owned)
    assert.equal(staying.log.length, before.log)
    await Promise.all([staying.stop(), back.stop()])
  })

  test('a group rolls from the classic to the consumer protocol and back while its members run', async () => {
    const topic = await newTopic(4)
    const groupId = `group-${++names}`
    const protocols = ['classic', 'classic', 'consumer', 'consumer', 'classic', 'classic'] as const
    const members: Member[] = []
    for (const groupProtocol of protocols) {
      if (members.length === 2) await members.shift()!.stop()
      members.push(member(client(), { groupId, groupProtocol }, topic))
      const all = (): number[] => members.flatMap((one) => one.owned())
      await until(() => all().length === 4 && new Set(all()).size === 4, `${groupProtocol} shares`)
    }
    for (const one of members) await one.stop()
  })
}

function registerGroupTests(client: Get, newTopic: NewTopic): void {
  for (const assignor of [rangeAssignor, roundRobinAssignor, cooperativeStickyAssignor]) {
    test(`two members share the partitions with ${assignor.name}, and the one that stays takes over`, async () => {
      const topic = await newTopic(4)
      const groupId = `group-${++names}`
      const first = member(client(), { groupId, assignors: [assignor] }, topic)
      await until(() => first.owned().length === 4, 'the first member owns everything')
      const second = member(client(), { groupId, assignors: [assignor] }, topic)
      await until(() => first.owned().length === 2 && second.owned().length === 2, 'they share')
      const [described] = await client().admin.describeGroups([groupId])
      assert.deepEqual([described?.state, described?.protocol, described?.members.length], ['Stable', assignor.name, 2])
      await first.stop()
      await until(() => second.owned().length === 4, 'the second member owns everything')
      assert.deepEqual(first.owned(), [])
      const kept = second.log.filter((entry) => entry.startsWith('revoked')).length
      if (assignor === cooperativeStickyAssignor)
        assert.equal(kept, 0, 'a sticky member that only gains gives nothing up')
      await second.stop()
      await client().admin.deleteGroups([groupId])
      assert.ok((await client().admin.listGroups()).every((group) => group.groupId !== groupId))
    })
  }

  test('a member begins where the group has committed', async () => {
    const topic = await newTopic()
    const groupId = `group-${++names}`
    await using producer = client().producer()
    for (let index = 0; index < 10; index++) {
      await producer.send({ topic, key: null, value: Buffer.from(String(index)) })
    }
    const first = client().consumer({ groupId })
    first.subscribe({ topics: [topic] })
    await take(first, 10)
    await first.commit([{ topic, partition: 0, offset: 6 }])
    await first.close()
    await using second = client().consumer({ groupId })
    second.subscribe({ topics: [topic] })
    assert.deepEqual(await take(second, 4), ['6', '7', '8', '9'])
  })

  test('what was read is committed while the member gives its partitions up, also when it closes', async () => {
    const topic = await newTopic()
    const groupId = `group-${++names}`
    await using producer = client().producer()
    for (let index = 0; index < 5; index++) await producer.send({ topic, key: null, value: Buffer.from(String(index)) })
    const consumer = client().consumer({ groupId })
    consumer.subscribe({ topics: [topic], onRevoked: () => consumer.commit() })
    await take(consumer, 5)
    await consumer.close()
    await assert.rejects(consumer.commit(), { code: 'KAFKA_CLOSED' })
    assert.equal((await client().admin.committedOffsets(groupId))[0]?.offset, 5)
  })

  test('a callback that throws fails one poll, and the assignment stands', async () => {
    const topic = await newTopic(2)
    await using consumer = client().consumer({ groupId: `group-${++names}` })
    consumer.subscribe({
      topics: [topic],
      onAssigned: () => {
        throw new Error('of the application')
      },
    })
    await assert.rejects(async () => {
      for (;;) await consumer.poll({ timeoutMs: 100 })
    }, /of the application/)
    assert.equal(consumer.assignment().length, 2)
    await consumer.poll()
  })

  test('an assignor tells members and leader what it likes', async () => {
    const topic = await newTopic(2)
    const groupId = `group-${++names}`
    const heard: string[] = []
    const assignor = (who: string): GroupAssignor => ({
      name: 'talking',
      supportedProtocols: ['eager'],
      userData: () => Buffer.from(`from ${who}`),
      assign({ members, partitionsPerTopic }) {
        const told = members
          .map(({ userData }) => String(userData))
          .sort()
          .join(', ')
        return new Map(
          members.map(({ memberId }, index) => {
            const all = Array.from({ length: partitionsPerTopic.get(topic) ?? 0 }, (_, partition) => partition)
            const partitions = [{ topic, partitions: all.filter((partition) => partition % members.length === index) }]
            return [memberId, { partitions, userData: Buffer.from(`heard ${told}`) }]
          }),
        )
      },
      onAssignment: (partitions, userData) => void heard.push(`${who}: ${partitions.length}, ${userData}`),
    })
    const first = member(client(), { groupId, assignors: [assignor('a')] }, topic)
    await until(() => heard.includes('a: 2, heard from a'), 'the first hears from itself')
    const second = member(client(), { groupId, assignors: [assignor('b')] }, topic)
    await until(() => heard.includes('b: 1, heard from a, from b'), 'the second hears from both')
    await Promise.all([first.stop(), second.stop()])
  })

  test('a static member comes back to its partitions without a rebalance', async () => {
    const topic = await newTopic(2)
    const groupId = `group-${++names}`
    const options = { groupId, sessionTimeoutMs: 30_000 }
    const staying = member(client(), { ...options, groupInstanceId: 'staying' }, topic)
    const leaving = member(client(), { ...options, groupInstanceId: 'leaving' }, topic)
    await until(() => staying.owned().length === 1 && leaving.owned().length === 1, 'they share')
    const before = { log: staying.log.length, owned: leaving.owned() }
    await leaving.stop()
    const back = member(client(), { ...options, groupInstanceId: 'leaving' }, topic)
    await until(() => back.owned().length === 1, 'it is back')
    assert.deepEqual(back.owned(), before.owned)
    assert.equal(staying.log.length, before.log)
    await Promise.all([staying.stop(), back.stop()])
  })

  test('a static member that says that it leaves hands over at once', async () => {
    const topic = await newTopic(2)
    const groupId = `group-${++names}`
    const options = { groupId, sessionTimeoutMs: 60_000 }
    const staying = member(client(), { ...options, groupInstanceId: 'staying' }, topic)
    const leaving = client().consumer({ ...options, groupInstanceId: 'leaving' })
    leaving.subscribe({ topics: [topic] })
    while (leaving.assignment().length === 0) await leaving.poll({ timeoutMs: 100 })
    await until(() => staying.owned().length === 1, 'they share')
    await leaving.close({ group: 'leave' })
    await until(() => staying.owned().length === 2, 'the other has both')
    await staying.stop()
  })

  test('a commit of a generation that has passed is refused, and the member learns that it lost its partitions', async () => {
    const topic = await newTopic(1)
    const groupId = `group-${++names}`
    await using consumer = client().consumer({ groupId, heartbeatIntervalMs: 60_000, sessionTimeoutMs: 60_000 })
    const lost: number[] = []
    consumer.subscribe({ topics: [topic], onLost: (partitions) => void lost.push(partitions.length) })
    while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 100 })
    const { memberId } = consumer.groupMetadata()
    const { apis } = await import('@millrace/protocol')
    await client().request({
      api: apis.LeaveGroup,
      body: { groupId, members: [{ memberId }] },
      to: { coordinator: { type: 'group', key: groupId } },
    })
    const refused = consumer.commit([{ topic, partition: 0, offset: 1 }])
    await assert.rejects(refused, { code: 'KAFKA_UNKNOWN_MEMBER_ID' })
    await consumer.poll()
    assert.deepEqual(lost, [1])
  })

  test('a transaction of a member that the group has expelled cannot commit its offsets', async () => {
    const topic = await newTopic(1)
    const groupId = `group-${++names}`
    await using consumer = client().consumer({ groupId })
    consumer.subscribe({ topics: [topic] })
    while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 100 })
    const group = consumer.groupMetadata()
    await consumer.close()
    await using producer = client().producer({ transactionalId: `transactional-${++names}` })
    await producer.init()
    producer.begin()
    const offsets = [{ topic, partition: 0, offset: 1 }]
    await assert.rejects(producer.sendOffsets({ group, offsets }), { code: 'KAFKA_TRANSACTION_ABORTABLE' })
    await producer.abort()
  })
}

interface Member {
  owned(): number[]
  readonly log: string[]
  stop(): Promise<void>
}

/** A member that polls until it is stopped. */
function member(client: KafkaClient, options: ConsumerOptions, topic: string): Member {
  const times = options.groupProtocol === 'consumer' ? {} : { heartbeatIntervalMs: 100, sessionTimeoutMs: 10_000 }
  const consumer = client.consumer({ ...times, ...options })
  const log: string[] = []
  const entry =
    (what: string) =>
    (partitions: readonly unknown[]): void =>
      void log.push(`${what} ${partitions.length}`)
  consumer.subscribe({ topics: [topic], onAssigned: entry('assigned'), onRevoked: entry('revoked') })
  let stopped = false
  const polling = (async () => {
    while (!stopped) await consumer.poll({ timeoutMs: 50 })
  })()
  return {
    owned: () => consumer.assignment().map(({ partition }) => partition),
    log,
    async stop() {
      stopped = true
      await polling
      await consumer.close()
    },
  }
}

/** Polls until `count` values have come. */
async function take(consumer: Consumer, count: number): Promise<string[]> {
  const values: string[] = []
  const dueMs = Date.now() + 30_000
  while (values.length < count) {
    if (Date.now() > dueMs) throw new Error(`only ${values.length} of ${count} records came`)
    for (const fetched of await consumer.poll({ timeoutMs: 500 })) {
      for (const { value } of decodedRecords(fetched)) values.push(String(value))
    }
  }
  return values
}

/** Every record of a topic up to its end at this moment. */
/** What is committed, once every transaction has ended: Apache Kafka answers a commit before its markers are written. */
async function readSettled(client: KafkaClient, topic: string, count: number) {
  const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition, at: 'latest' as const }))
  const ends = async (isolation: 'read_committed' | 'read_uncommitted'): Promise<string> =>
    (await client.admin.listOffsets(partitions, { isolation })).map(({ offset }) => offset).join()
  while ((await ends('read_committed')) !== (await ends('read_uncommitted'))) await client.admin.describeCluster()
  return readAll(client, topic, count)
}

async function readAll(
  client: KafkaClient,
  topic: string,
  count: number,
  isolation: NonNullable<ConsumerOptions['isolation']> = 'read_committed',
) {
  await using consumer = client.consumer({ isolation })
  const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
  const ends = await consumer.endOffsets(partitions)
  consumer.assign(partitions)
  const records = []
  while (ends.some((end) => (consumer.position(end) ?? 0) < end.offset)) {
    for (const fetched of await consumer.poll({ timeoutMs: 500 })) records.push(...decodedRecords(fetched))
  }
  return records
}
