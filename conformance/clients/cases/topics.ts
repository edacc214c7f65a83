import assert from 'node:assert/strict'
import { type Case, createTopic, defineCase, until } from './case.ts'

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'

export const topicCases: readonly Case[] = [
  defineCase({
    name: 'create, list, describe and delete a topic',
    subject: 'topics',
    needs: ['createTopics', 'describeTopic', 'listTopics', 'deleteTopics'],
    quiet: true,
    async run({ program, prefix }) {
      const created = await program.run('createTopics', { topics: [{ name: prefix, partitions: 3 }] })
      const isThere = await until(
        async () => (await program.run('listTopics', {})).includes(prefix),
        (seen) => seen,
      )
      await until(
        () => program.errorOf('describeTopic', { name: prefix }),
        (error) => error === 'NONE',
      )
      const { partitions } = await program.run('describeTopic', { name: prefix })
      const deleted = await program.run('deleteTopics', { names: [prefix] })
      const isGone = await until(
        async () => !(await program.run('listTopics', {})).includes(prefix),
        (gone) => gone,
      )
      return { created: Object.values(created), isThere, partitions, deleted: Object.values(deleted), isGone }
    },
    check({ created, isThere, partitions, deleted, isGone }) {
      assert.deepEqual([created, isThere, deleted, isGone], [['NONE'], true, ['NONE'], true])
      assert.deepEqual(
        partitions,
        [0, 1, 2].map((partition) => ({ partition, leader: 1, replicas: [1] })),
      )
    },
  }),
  defineCase({
    name: 'a topic created again has another id',
    subject: 'topics',
    needs: ['createTopics', 'describeTopic', 'deleteTopics', 'topic ids'],
    async run(run) {
      const { program, prefix: name } = run
      await createTopic(run, name)
      const first = (await program.run('describeTopic', { name })).id
      const again = (await program.run('describeTopic', { name })).id
      await program.run('deleteTopics', { names: [name] })
      const idNow = async (): Promise<string | null> => {
        const answer = await program.attempt('describeTopic', { name })
        return 'result' in answer ? answer.result.id : null
      }
      await until(idNow, (id) => id === null)
      await createTopic(run, name)
      const second = await idNow()
      return {
        isId: first !== null && first !== zeroId,
        isStable: first === again,
        isAnother: first !== second && second !== null,
      }
    },
    check: (outcome) => assert.deepEqual(outcome, { isId: true, isStable: true, isAnother: true }),
  }),
  defineCase({
    name: 'partitions are added and never taken away',
    subject: 'topics',
    needs: ['createTopics', 'createPartitions', 'describeTopic'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic, 2)
      const grown = await program.errorOf('createPartitions', { topic, count: 4 })
      const count = await until(
        async () => (await program.run('describeTopic', { name: topic })).partitions.length,
        (seen) => seen === 4,
      )
      const same = await program.errorOf('createPartitions', { topic, count: 4 })
      const fewer = await program.errorOf('createPartitions', { topic, count: 1 })
      const unknown = await program.errorOf('createPartitions', { topic: `${topic}-unknown`, count: 3 })
      return { grown, count, same, fewer, unknown }
    },
    check({ grown, count, same, fewer, unknown }) {
      assert.deepEqual([grown, count], ['NONE', 4])
      for (const error of [same, fewer, unknown]) assert.notEqual(error, 'NONE')
    },
  }),
  defineCase({
    name: 'validating creates nothing',
    subject: 'topics',
    needs: ['createTopics', 'listTopics', 'validate only'],
    async run({ program, prefix }) {
      const create = (name: string, partitions: number) =>
        program.run('createTopics', { topics: [{ name, partitions }], validateOnly: true })
      const good = Object.values(await create(prefix, 1))
      const bad = Object.values(await create(`${prefix}-bad`, 0))
      const listed = (await program.run('listTopics', {})).filter((name) => name.startsWith(prefix))
      return { good, bad, listed }
    },
    check({ good, bad, listed }) {
      assert.deepEqual([good, listed], [['NONE'], []])
      assert.notDeepEqual(bad, ['NONE'])
    },
  }),
  defineCase({
    name: 'topics that cannot be created or deleted',
    subject: 'errors',
    needs: ['createTopics', 'deleteTopics'],
    async run(run) {
      const { program, prefix } = run
      await createTopic(run, prefix)
      const create = async (name: string, partitions = 1, configs: Record<string, string> = {}): Promise<string> => {
        const answer = await program.attempt('createTopics', { topics: [{ name, partitions, configs }] })
        return 'error' in answer ? answer.error : (answer.result[name] ?? 'no answer')
      }
      const remove = async (name: string): Promise<string> => {
        const answer = await program.attempt('deleteTopics', { names: [name] })
        return 'error' in answer ? answer.error : (answer.result[name] ?? 'no answer')
      }
      return {
        exists: await create(prefix),
        name: await create(`${prefix}/slash`),
        long: await create(`${prefix}${'x'.repeat(250)}`),
        config: await create(`${prefix}-config`, 1, { 'no.such.config': '1' }),
        value: await create(`${prefix}-value`, 1, { 'retention.ms': 'soon' }),
        unknown: await remove(`${prefix}-unknown`),
      }
    },
    check(outcome) {
      for (const [step, error] of Object.entries(outcome)) assert.notEqual(error, 'NONE', step)
    },
  }),
  defineCase({
    name: 'the cluster says who it is',
    subject: 'topics',
    needs: ['describeCluster'],
    async run({ program }) {
      const { brokers, controller, clusterId } = await program.run('describeCluster', {})
      return { brokers, controller, idLength: clusterId.length }
    },
    check: (outcome) => assert.deepEqual(outcome, { brokers: 1, controller: 1, idLength: 22 }),
  }),
]
