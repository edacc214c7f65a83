import assert from 'node:assert/strict'
import type { Codec, RecordIn } from '../programs/operations.ts'
import { type Case, createTopic, defineCase, keptForever, numbered, untimed, valuesOf } from './case.ts'

export const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const someTimeMs = 1_700_000_000_000

/** What every client writes with every codec, for itself and for the others to read. */
export const codecRecords: readonly RecordIn[] = Array.from({ length: 60 }, (_, index) => ({
  key: index % 7 === 0 ? null : `key-${index}`,
  value: `value ${index} `.repeat(1 + (index % 8)),
  partition: 0,
}))

const asRead = (records: readonly RecordIn[], firstOffset = 0) =>
  records.map(({ key = null, value, headers = [] }, index) => ({ offset: firstOffset + index, key, value, headers }))

export const recordCases: readonly Case[] = [
  ...codecs.map((codec) =>
    defineCase({
      name: `records compressed with ${codec}`,
      subject: 'records',
      needs: ['produce', 'read', `codec ${codec}`],
      quiet: true,
      async run(run) {
        const { program, prefix: topic } = run
        await createTopic(run, topic)
        await program.run('produce', { topic, records: codecRecords, codec })
        const { records } = await program.run('read', { topic, count: codecRecords.length })
        return records.map(untimed)
      },
      check: (seen) => assert.deepEqual(seen, asRead(codecRecords)),
    }),
  ),
  ...([-1, 1, 0] as const).map((acks) =>
    defineCase({
      name: `records written with acks ${acks === -1 ? 'all' : acks}`,
      subject: 'records',
      needs: ['produce', 'read', ...(acks === 0 ? (['acks 0'] as const) : [])],
      async run(run) {
        const { program, prefix: topic } = run
        await createTopic(run, topic)
        const { first } = await program.run('produce', { topic, records: numbered(20), acks })
        const { records } = await program.run('read', { topic, count: 20 })
        return { first, records: records.map(untimed) }
      },
      check: ({ records }) => assert.deepEqual(records, asRead(numbered(20))),
    }),
  ),
  defineCase({
    name: 'keys, tombstones, headers and times come back as they went in',
    subject: 'records',
    needs: ['produce', 'read', 'timestamps'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, 1, keptForever)
      const records: RecordIn[] = [
        {
          key: 'k',
          value: 'v',
          headers: [
            ['trace', 'one'],
            ['other', ''],
          ],
          timestamp: someTimeMs,
          partition: 0,
        },
        { key: null, value: 'no key', timestamp: someTimeMs + 1, partition: 0 },
        { key: 'k', value: null, timestamp: someTimeMs + 2, partition: 0 },
        { key: '', value: '', timestamp: someTimeMs + 3, partition: 0 },
        { key: 'schlüssel', value: '値 🎈', headers: [['käse', 'ß']], timestamp: someTimeMs + 4, partition: 0 },
      ]
      await program.run('produce', { topic, records })
      return (await program.run('read', { topic, count: records.length })).records
    },
    check(records) {
      assert.deepEqual(valuesOf(records), ['v', 'no key', null, '', '値 🎈'])
      assert.deepEqual(
        records.map(({ key }) => key),
        ['k', null, 'k', '', 'schlüssel'],
      )
      assert.deepEqual(records[0]?.headers, [
        ['trace', 'one'],
        ['other', ''],
      ])
      assert.deepEqual(
        records.map(({ timestamp }) => timestamp - someTimeMs),
        [0, 1, 2, 3, 4],
      )
    },
  }),
  defineCase({
    name: 'headers without a value and headers of one name',
    subject: 'records',
    needs: ['produce', 'read', 'null headers'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      const headers = [
        ['a', null],
        ['b', '1'],
        ['b', '2'],
      ] as const
      await program.run('produce', { topic, records: [{ value: 'v', headers, partition: 0 }] })
      return (await program.run('read', { topic, count: 1 })).records.map(untimed)
    },
    check: ([record]) =>
      assert.deepEqual(record?.headers, [
        ['a', null],
        ['b', '1'],
        ['b', '2'],
      ]),
  }),
  defineCase({
    name: 'the time of the append where the topic says so',
    subject: 'records',
    needs: ['produce', 'read', 'timestamps'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, 1, { 'message.timestamp.type': 'LogAppendTime' })
      const before = Date.now()
      await program.run('produce', { topic, records: [{ value: 'v', timestamp: someTimeMs, partition: 0 }] })
      const { records } = await program.run('read', { topic, count: 1 })
      return {
        isAppendTime: records.every(({ timestamp }) => timestamp >= before && timestamp <= Date.now()),
        count: records.length,
      }
    },
    check: (outcome) => assert.deepEqual(outcome, { isAppendTime: true, count: 1 }),
  }),
  ...(['none', 'gzip'] as const).map((codec) =>
    defineCase({
      name: `a topic that recompresses what comes with ${codec}`,
      subject: 'records',
      needs: ['produce', 'read', `codec ${codec}`],
      async run(run) {
        const { program, prefix: topic } = run
        await createTopic(run, topic, 1, { 'compression.type': codec === 'none' ? 'gzip' : 'uncompressed' })
        await program.run('produce', { topic, records: codecRecords, codec })
        return (await program.run('read', { topic, count: codecRecords.length })).records.map(untimed)
      },
      check: (seen) => assert.deepEqual(seen, asRead(codecRecords)),
    }),
  ),
  defineCase({
    name: 'records go to the partition that was named',
    subject: 'records',
    needs: ['produce', 'read'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, 3)
      const records = [0, 1, 2, 0, 1, 0].map((partition, index) => ({ key: 'k', value: `v${index}`, partition }))
      await program.run('produce', { topic, records })
      const read = async (partition: number, count: number) =>
        valuesOf((await program.run('read', { topic, partition, count })).records)
      return [await read(0, 3), await read(1, 2), await read(2, 1)]
    },
    check: (seen) => assert.deepEqual(seen, [['v0', 'v3', 'v5'], ['v1', 'v4'], ['v2']]),
  }),
  defineCase({
    name: 'a key goes to the partition that its hash says',
    subject: 'records',
    needs: ['produce', 'read'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, 2)
      const records = Array.from({ length: 20 }, (_, index) => ({ key: `key-${index}`, value: `v${index}` }))
      await program.run('produce', { topic, records })
      await program.run('produce', {
        topic,
        records: [0, 1].map((partition) => ({ key: 'end', value: 'end', partition })),
      })
      const read = async (partition: number) =>
        valuesOf((await program.run('read', { topic, partition, until: 'end' })).records)
      return [(await read(0)).sort(), (await read(1)).sort()]
    },
    check: (seen) => assert.equal(seen.flat().length, 22),
  }),
  defineCase({
    name: 'a message of a megabyte less its frame, and one that is too large',
    subject: 'errors',
    needs: ['produce', 'read', 'request size'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      const send = (bytes: number) =>
        program.errorOf('produce', {
          topic,
          records: [{ key: 'k', value: 'x'.repeat(bytes), partition: 0 }],
          maxRequestBytes: 8_000_000,
        })
      const fits = await send(1_000_000)
      const tooLarge = await send(1_100_000)
      await program.errorOf('produce', { topic, records: [{ value: 'end', partition: 0 }] })
      const { records } = await program.run('read', { topic, until: 'end' })
      return { fits, tooLarge, lengths: records.map(({ value }) => value?.length) }
    },
    check({ fits, tooLarge, lengths }) {
      assert.equal(fits, 'NONE')
      assert.notEqual(tooLarge, 'NONE')
      assert.deepEqual(lengths, [1_000_000, 3])
    },
  }),
  defineCase({
    name: 'a topic that allows larger messages takes them at once',
    subject: 'configs',
    needs: ['produce', 'read', 'request size', 'alterConfigs'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, 1, { 'max.message.bytes': '1000' })
      const send = (bytes: number) =>
        program.errorOf('produce', {
          topic,
          records: [{ value: 'x'.repeat(bytes), partition: 0 }],
          maxRequestBytes: 8_000_000,
        })
      const refused = await send(2_000)
      await program.run('alterConfigs', { type: 'topic', name: topic, set: { 'max.message.bytes': '5000000' } })
      const taken = await send(3_000_000)
      const { records } = await program.run('read', { topic, count: 1 })
      return { refused, taken, lengths: records.map(({ value }) => value?.length) }
    },
    check({ refused, taken, lengths }) {
      assert.notEqual(refused, 'NONE')
      assert.deepEqual([taken, lengths], ['NONE', [3_000_000]])
    },
  }),
  defineCase({
    name: 'a record whose time is out of bounds is refused',
    subject: 'errors',
    needs: ['produce', 'read', 'timestamps'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, 1, { 'message.timestamp.before.max.ms': '3600000' })
      const old = await program.errorOf('produce', {
        topic,
        records: [{ value: 'old', timestamp: someTimeMs, partition: 0 }],
      })
      await program.run('produce', { topic, records: [{ value: 'new', partition: 0 }] })
      return { old, values: valuesOf((await program.run('read', { topic, count: 1 })).records) }
    },
    check({ old, values }) {
      assert.notEqual(old, 'NONE')
      assert.deepEqual(values, ['new'])
    },
  }),
  defineCase({
    name: 'a compacted topic refuses a record without a key',
    subject: 'errors',
    needs: ['produce', 'read'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, 1, { 'cleanup.policy': 'compact' })
      const refused = await program.errorOf('produce', { topic, records: [{ value: 'no key', partition: 0 }] })
      await program.run('produce', { topic, records: [{ key: 'k', value: 'v', partition: 0 }] })
      return { refused, values: valuesOf((await program.run('read', { topic, count: 1 })).records) }
    },
    check({ refused, values }) {
      assert.notEqual(refused, 'NONE')
      assert.deepEqual(values, ['v'])
    },
  }),
  defineCase({
    name: 'an idempotent producer that gets no answer delivers once',
    subject: 'records',
    needs: ['produce', 'read', 'idempotent producer'],
    async run(run) {
      const { program, prefix: topic, millrace } = run
      await createTopic(run, topic)
      // Apache Kafka loses no answer here: what is compared is that a lost one makes no difference.
      let left = 2
      const isOurs = (clientId: string | null): boolean => clientId?.startsWith(program.clientId) === true
      const restore = millrace?.intercept(0, ({ clientId }) =>
        isOurs(clientId) && left-- > 0 ? { kind: 'loseReply' } : undefined,
      )
      try {
        await program.run('produce', { topic, records: numbered(30), idempotent: true })
      } finally {
        restore?.()
      }
      await program.run('produce', { topic, records: [{ value: 'end', partition: 0 }] })
      return (await program.run('read', { topic, until: 'end' })).records.map(untimed)
    },
    check: (seen) => assert.deepEqual(seen, asRead([...numbered(30), { value: 'end' }])),
  }),
]
