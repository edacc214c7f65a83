import assert from 'node:assert/strict'
import { type Case, createTopic, defineCase, keptForever, numbered, type Run, until, valuesOf } from './case.ts'

const someTimeMs = 1_700_000_000_000

async function tenRecords(run: Run): Promise<string> {
  const topic = await createTopic(run, run.prefix, 1, keptForever)
  const records = numbered(10).map((record, index) => ({ ...record, timestamp: someTimeMs + index * 1_000 }))
  await run.program.run('produce', { topic, records })
  return topic
}

export const offsetCases: readonly Case[] = [
  defineCase({
    name: 'reading from the beginning and from an offset',
    subject: 'offsets',
    needs: ['produce', 'read'],
    async run(run) {
      const { program } = run
      const topic = await createTopic(run, run.prefix)
      await program.run('produce', { topic, records: numbered(10) })
      const all = valuesOf((await program.run('read', { topic, from: 'beginning', count: 10 })).records)
      const late = valuesOf((await program.run('read', { topic, from: 7, count: 3 })).records)
      return { all, late }
    },
    check({ all, late }) {
      assert.deepEqual(
        all,
        numbered(10).map(({ value }) => value),
      )
      assert.deepEqual(late, ['value-7', 'value-8', 'value-9'])
    },
  }),
  defineCase({
    name: 'reading from the end sees only what comes after',
    subject: 'offsets',
    needs: ['produce', 'read'],
    async run(run) {
      const { program } = run
      const topic = await createTopic(run, run.prefix)
      await program.run('produce', { topic, records: numbered(5) })
      await using other = run.another()
      const reading = program.run('read', { topic, from: 'end', until: 'end', timeoutMs: 45_000 })
      let done = false
      const sending = (async () => {
        while (!done) await other.run('produce', { topic, records: [{ value: 'end', partition: 0 }] })
      })()
      const { records } = await reading.finally(() => {
        done = true
      })
      await sending
      return { values: valuesOf(records), isBehind: records.every(({ offset }) => offset >= 5) }
    },
    check: (outcome) => assert.deepEqual(outcome, { values: ['end'], isBehind: true }),
  }),
  defineCase({
    name: 'offsets of the beginning, of the end and of times',
    subject: 'offsets',
    needs: ['produce', 'listOffset', 'timestamps'],
    async run(run) {
      const topic = await tenRecords(run)
      const at = async (when: 'earliest' | 'latest' | number) =>
        (await run.program.run('listOffset', { topic, partition: 0, at: when })).offset
      return {
        earliest: await at('earliest'),
        latest: await at('latest'),
        before: await at(someTimeMs - 1),
        exact: await at(someTimeMs + 4_000),
        between: await at(someTimeMs + 4_001),
        after: await at(someTimeMs + 100_000),
      }
    },
    check({ earliest, latest, before, exact, between }) {
      assert.deepEqual([earliest, latest, before, exact, between], [0, 10, 0, 4, 5])
    },
  }),
  defineCase({
    name: 'the record with the largest time',
    subject: 'offsets',
    needs: ['produce', 'listOffset', 'timestamps', 'max timestamp'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, 1, keptForever)
      const times = [3_000, 9_000, 1_000]
      const records = times.map((time, index) => ({ value: `v${index}`, timestamp: someTimeMs + time, partition: 0 }))
      await program.run('produce', { topic, records })
      return (await program.run('listOffset', { topic, partition: 0, at: 'max-timestamp' })).offset
    },
    check: (offset) => assert.equal(offset, 1),
  }),
  defineCase({
    name: 'deleted records are gone and the rest stays',
    subject: 'offsets',
    needs: ['produce', 'read', 'deleteRecords', 'timestamps'],
    async run(run) {
      const { program } = run
      const topic = await tenRecords(run)
      const { low } = await program.run('deleteRecords', { topic, partition: 0, offset: 6 })
      const { records } = await program.run('read', { topic, from: 'beginning', count: 4 })
      const beyond = await program.errorOf('deleteRecords', { topic, partition: 0, offset: 11 })
      const unknown = await program.errorOf('deleteRecords', { topic: `${topic}-unknown`, partition: 0, offset: 1 })
      return { low, offsets: records.map(({ offset }) => offset), beyond, unknown }
    },
    check({ low, offsets, beyond, unknown }) {
      assert.deepEqual([low, offsets], [6, [6, 7, 8, 9]])
      assert.notEqual(beyond, 'NONE')
      assert.notEqual(unknown, 'NONE')
    },
  }),
  defineCase({
    name: 'an offset out of range resets as the client was told',
    subject: 'offsets',
    needs: ['produce', 'read', 'deleteRecords', 'offset reset'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      await program.run('produce', { topic, records: numbered(10) })
      await program.run('deleteRecords', { topic, partition: 0, offset: 4 })
      const { records } = await program.run('read', { topic, from: 1, reset: 'earliest', count: 6 })
      const none = await program.errorOf('read', { topic, from: 1, reset: 'none', count: 1, timeoutMs: 30_000 })
      return { offsets: records.map(({ offset }) => offset), none }
    },
    check({ offsets, none }) {
      assert.deepEqual(offsets, [4, 5, 6, 7, 8, 9])
      assert.notEqual(none, 'NONE')
    },
  }),
  defineCase({
    name: 'offsets of a group are set, told, deleted, and the group with them',
    subject: 'offsets',
    needs: ['commitOffsets', 'committed', 'describeGroup', 'listGroups', 'deleteGroup'],
    async run(run) {
      const { program, prefix } = run
      const topic = await createTopic(run, prefix, 2)
      const group = `${prefix}-group`
      await program.run('produce', { topic, records: numbered(10) })
      const set = await program.errorOf('commitOffsets', { group, offsets: [{ topic, partition: 0, offset: 7 }] })
      const { offsets } = await program.run('committed', { group, topic, partitions: [0, 1] })
      const described = await program.run('describeGroup', { group })
      const isListed = (await program.run('listGroups', {})).includes(group)
      const deleted = await program.errorOf('deleteGroup', { group })
      const isGone = await until(
        async () => !(await program.run('listGroups', {})).includes(group),
        (gone) => gone,
      )
      const again = await program.errorOf('deleteGroup', { group })
      return {
        set,
        offsets,
        state: described.state.toLowerCase(),
        members: described.members,
        isListed,
        deleted,
        isGone,
        again,
      }
    },
    check({ again, ...rest }) {
      assert.notEqual(again, 'NONE')
      assert.deepEqual(rest, {
        ...{ set: 'NONE', offsets: [7, null], state: 'empty', members: 0 },
        ...{ isListed: true, deleted: 'NONE', isGone: true },
      })
    },
  }),
  defineCase({
    name: 'one offset of a group is deleted',
    subject: 'offsets',
    needs: ['commitOffsets', 'committed', 'deleteOffsets'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, 2)
      const group = `${topic}-group`
      const offsets = [0, 1].map((partition) => ({ topic, partition, offset: 0 }))
      await program.run('commitOffsets', { group, offsets })
      const deleted = await program.errorOf('deleteOffsets', { group, topic, partition: 0 })
      const left = await program.run('committed', { group, topic, partitions: [0, 1] })
      const unknown = await program.errorOf('deleteOffsets', { group: `${group}-unknown`, topic, partition: 0 })
      return { deleted, left: left.offsets, unknown }
    },
    check({ deleted, left, unknown }) {
      assert.deepEqual([deleted, left], ['NONE', [null, 0]])
      assert.notEqual(unknown, 'NONE')
    },
  }),
  defineCase({
    name: 'a topic that is not there',
    subject: 'errors',
    needs: ['describeTopic', 'listOffset'],
    async run({ program, prefix: name }) {
      return {
        described: await program.errorOf('describeTopic', { name }),
        offset: await program.errorOf('listOffset', { topic: name, partition: 0, at: 'latest' }),
      }
    },
    check(outcome) {
      for (const [step, error] of Object.entries(outcome)) assert.notEqual(error, 'NONE', step)
    },
  }),
]
