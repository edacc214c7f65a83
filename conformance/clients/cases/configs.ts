import assert from 'node:assert/strict'
import { type Case, createTopic, defineCase, until } from './case.ts'

/** A legal value other than the default for every config of a topic. */
export const otherValues: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact,delete',
  'compression.gzip.level': '3',
  'compression.lz4.level': '5',
  'compression.type': 'gzip',
  'compression.zstd.level': '7',
  'delete.retention.ms': '12345',
  'file.delete.delay.ms': '1234',
  'flush.messages': '1000',
  'flush.ms': '1000',
  'index.interval.bytes': '2048',
  'max.compaction.lag.ms': '1000000',
  'max.message.bytes': '2000000',
  'message.timestamp.after.max.ms': '7200000',
  'message.timestamp.before.max.ms': '7200000',
  'message.timestamp.type': 'LogAppendTime',
  'min.cleanable.dirty.ratio': '0.25',
  'min.compaction.lag.ms': '1000',
  'min.insync.replicas': '2',
  preallocate: 'true',
  'retention.bytes': '1000000000',
  'retention.ms': '100000',
  'segment.bytes': '2097152',
  'segment.index.bytes': '1048576',
  'segment.jitter.ms': '100',
  'segment.ms': '100000',
  'unclean.leader.election.enable': 'true',
}

const illegalValues: Readonly<Record<string, string>> = {
  'cleanup.policy': 'forget',
  'compression.type': 'rar',
  'delete.retention.ms': '-1',
  'max.message.bytes': '-1',
  'message.timestamp.type': 'Whenever',
  'min.cleanable.dirty.ratio': '2',
  'min.insync.replicas': '0',
  preallocate: 'perhaps',
  'retention.ms': 'soon',
  'segment.bytes': '1',
}

export const configCases: readonly Case[] = [
  defineCase({
    name: 'every topic config has its default',
    subject: 'configs',
    needs: ['createTopics', 'describeConfigs'],
    async run(run) {
      await createTopic(run, run.prefix)
      return run.program.run('describeConfigs', { type: 'topic', name: run.prefix })
    },
    check(entries) {
      for (const name of Object.keys(otherValues)) assert.ok(entries[name], name)
      assert.equal(entries['max.message.bytes']?.value, '1048588')
    },
  }),
  defineCase({
    name: 'every topic config is taken at creation and told again',
    subject: 'configs',
    needs: ['createTopics', 'describeConfigs'],
    async run(run) {
      await createTopic(run, run.prefix, 1, otherValues)
      const entries = await run.program.run('describeConfigs', { type: 'topic', name: run.prefix })
      return Object.fromEntries(
        Object.entries(entries).map(([name, { value, isDefault }]) => [name, { value, isDefault }]),
      )
    },
    check(entries) {
      for (const [name, value] of Object.entries(otherValues)) {
        assert.equal(entries[name]?.value, value, name)
        assert.equal(entries[name]?.isDefault, false, name)
      }
    },
  }),
  defineCase({
    name: 'every topic config is altered alone and goes back to its default',
    subject: 'configs',
    needs: ['createTopics', 'describeConfigs', 'alterConfigs', 'remove configs'],
    async run(run) {
      const { program, prefix: name } = run
      await createTopic(run, name)
      const outcome: Record<string, unknown> = {}
      const seen = async (key: string) =>
        (await program.run('describeConfigs', { type: 'topic', name, keys: [key] }))[key]
      for (const [key, value] of Object.entries(otherValues)) {
        const set = await program.errorOf('alterConfigs', { type: 'topic', name, set: { [key]: value } })
        const changed = await until(
          () => seen(key),
          (entry) => entry?.value === value,
          3_000,
        )
        const removed = await program.errorOf('alterConfigs', { type: 'topic', name, remove: [key] })
        const back = await until(
          () => seen(key),
          (entry) => entry?.isDefault === true,
          3_000,
        )
        outcome[key] = [set, changed?.value, removed, back?.value]
      }
      return outcome
    },
    check(outcome) {
      for (const [key, value] of Object.entries(otherValues)) {
        const [set, changed, removed, back] = outcome[key] as string[]
        assert.deepEqual([set, changed, removed], ['NONE', value, 'NONE'], key)
        assert.notEqual(back, value, key)
      }
    },
  }),
  defineCase({
    name: 'several configs altered at once hold together',
    subject: 'configs',
    needs: ['createTopics', 'describeConfigs', 'alterConfigs'],
    async run(run) {
      const { program, prefix: name } = run
      await createTopic(run, name)
      const set = { 'retention.ms': '54321', 'cleanup.policy': 'compact' }
      const altered = await program.errorOf('alterConfigs', { type: 'topic', name, set })
      const keys = ['retention.ms', 'cleanup.policy', 'segment.ms']
      const entries = await until(
        () => program.run('describeConfigs', { type: 'topic', name, keys }),
        (seen) => seen['retention.ms']?.value === '54321',
      )
      return { altered, values: keys.map((key) => entries[key]?.value) }
    },
    check: (outcome) => assert.deepEqual(outcome, { altered: 'NONE', values: ['54321', 'compact', '604800000'] }),
  }),
  defineCase({
    name: 'illegal config values change nothing',
    subject: 'configs',
    needs: ['createTopics', 'describeConfigs', 'alterConfigs'],
    async run(run) {
      const { program, prefix: name } = run
      await createTopic(run, name)
      const errors: Record<string, string> = {}
      for (const [key, value] of Object.entries({ ...illegalValues, 'no.such.config': '1' })) {
        errors[key] = await program.errorOf('alterConfigs', { type: 'topic', name, set: { [key]: value } })
      }
      const entries = await program.run('describeConfigs', { type: 'topic', name })
      const unknown = await program.errorOf('alterConfigs', {
        type: 'topic',
        name: `${name}-unknown`,
        set: { 'retention.ms': '1' },
      })
      return { errors, changed: Object.keys(entries).filter((key) => !entries[key]!.isDefault), unknown }
    },
    check({ errors, changed, unknown }) {
      for (const [key, error] of Object.entries(errors)) assert.notEqual(error, 'NONE', key)
      assert.deepEqual(changed, [])
      assert.notEqual(unknown, 'NONE')
    },
  }),
  defineCase({
    name: 'validating an alteration changes nothing',
    subject: 'configs',
    needs: ['createTopics', 'describeConfigs', 'alterConfigs', 'validate only'],
    async run(run) {
      const { program, prefix: name } = run
      await createTopic(run, name)
      const alter = (value: string) =>
        program.errorOf('alterConfigs', { type: 'topic', name, set: { 'retention.ms': value }, validateOnly: true })
      const good = await alter('1234')
      const bad = await alter('soon')
      const keys = ['retention.ms']
      const entries = await program.run('describeConfigs', { type: 'topic', name, keys })
      return { good, bad, value: entries['retention.ms']?.value }
    },
    check({ good, bad, value }) {
      assert.deepEqual([good, value], ['NONE', '604800000'])
      assert.notEqual(bad, 'NONE')
    },
  }),
]
