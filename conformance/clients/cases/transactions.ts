import assert from 'node:assert/strict'
import type { Operations } from '../programs/operations.ts'
import type { Program } from '../programs/program.ts'
import { type Case, createTopic, defineCase, type Run, until, valuesOf } from './case.ts'

const records = (...values: string[]) => values.map((value) => ({ key: 'k', value, partition: 0 }))

async function openProducer({ program, prefix }: Run, handle: string, timeoutMs?: number): Promise<void> {
  await program.run('openProducer', { handle, transactionalId: `${prefix}-id`, ...(timeoutMs && { timeoutMs }) })
}

/** One transaction from its beginning to its end. */
async function transaction(
  { program }: Run,
  handle: string,
  topic: string,
  end: 'commit' | 'abort',
  ...values: string[]
) {
  await program.run('begin', { handle })
  await program.run('send', { handle, topic, records: records(...values) })
  await program.run(end, { handle })
}

/** What committed readers see until the record that a transaction of its own has put behind all others. */
async function committedUpToEnd(run: Run, handle: string, topic: string): Promise<(string | null)[]> {
  await transaction(run, handle, topic, 'commit', 'end')
  const read = await run.program.run('read', { topic, until: 'end', isolation: 'read_committed' })
  return valuesOf(read.records)
}

/** What committed readers see before an open transaction: they wait in vain for more, a slow one longer, so that it sees anything. */
async function heldBack(program: Program, topic: string): Promise<Operations['read'][1]> {
  const read = (timeoutMs: number) => program.run('read', { topic, count: 3, isolation: 'read_committed', timeoutMs })
  const soon = await read(2_000)
  return soon.records.length > 0 ? soon : read(20_000)
}

export const transactionCases: readonly Case[] = [
  defineCase({
    name: 'committed transactions are read whole and aborted ones not at all',
    subject: 'transactions',
    needs: ['openProducer', 'begin', 'send', 'commit', 'abort', 'read'],
    quiet: true,
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      await openProducer(run, 'p')
      await transaction(run, 'p', topic, 'commit', 'a1', 'a2')
      await transaction(run, 'p', topic, 'abort', 'b1', 'b2')
      await transaction(run, 'p', topic, 'commit', 'c1')
      await transaction(run, 'p', topic, 'abort', 'd1')
      const seen = await committedUpToEnd(run, 'p', topic)
      await program.run('closeProducer', { handle: 'p' })
      return seen
    },
    check: (seen) => assert.deepEqual(seen, ['a1', 'a2', 'c1', 'end']),
  }),
  defineCase({
    name: 'read_uncommitted sees aborted records, and markers take offsets',
    subject: 'transactions',
    needs: ['openProducer', 'begin', 'send', 'commit', 'abort', 'read', 'isolation level'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      await openProducer(run, 'p')
      await transaction(run, 'p', topic, 'commit', 'a')
      await transaction(run, 'p', topic, 'abort', 'b')
      await transaction(run, 'p', topic, 'commit', 'end')
      await program.run('closeProducer', { handle: 'p' })
      const read = await program.run('read', { topic, until: 'end', isolation: 'read_uncommitted' })
      return read.records.map(({ offset, value }) => [offset, value])
    },
    check: (seen) =>
      assert.deepEqual(seen, [
        [0, 'a'],
        [2, 'b'],
        [4, 'end'],
      ]),
  }),
  defineCase({
    name: 'an open transaction holds committed readers back',
    subject: 'transactions',
    needs: ['openProducer', 'begin', 'send', 'commit', 'read', 'isolation level'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      await openProducer(run, 'p')
      await program.run('produce', { topic, records: records('before') })
      await program.run('begin', { handle: 'p' })
      await program.run('send', { handle: 'p', topic, records: records('open') })
      await program.run('produce', { topic, records: records('behind') })
      const uncommitted = await program.run('read', { topic, count: 3, isolation: 'read_uncommitted' })
      const held = await heldBack(program, topic)
      await program.run('commit', { handle: 'p' })
      const released = await program.run('read', { topic, count: 3, isolation: 'read_committed' })
      await program.run('closeProducer', { handle: 'p' })
      return [uncommitted, held, released].map((read) => valuesOf(read.records))
    },
    check: (seen) => assert.deepEqual(seen, [['before', 'open', 'behind'], ['before'], ['before', 'open', 'behind']]),
  }),
  defineCase({
    name: 'offsets in a transaction hold with its commit only',
    subject: 'transactions',
    needs: ['openProducer', 'begin', 'send', 'sendOffsets', 'commit', 'abort', 'committed'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      await openProducer(run, 'p')
      const group = `${topic}-group`
      const seen: unknown[] = []
      for (const [offset, end] of [
        [5, 'commit'],
        [9, 'abort'],
        [12, 'commit'],
      ] as const) {
        await program.run('begin', { handle: 'p' })
        await program.run('send', { handle: 'p', topic, records: records(`${offset}`) })
        await program.run('sendOffsets', { handle: 'p', group, offsets: [{ topic, partition: 0, offset }] })
        await program.run(end, { handle: 'p' })
        const expected = end === 'commit' ? offset : 5
        const ask = async () => (await program.run('committed', { group, topic, partitions: [0] })).offsets[0]
        seen.push(await until(ask, (now) => now === expected))
      }
      await program.run('closeProducer', { handle: 'p' })
      return seen
    },
    check: (seen) => assert.deepEqual(seen, [5, 5, 12]),
  }),
  defineCase({
    name: 'a successor fences its predecessor and ends what it left open',
    subject: 'transactions',
    needs: ['openProducer', 'begin', 'send', 'commit', 'read'],
    async run(run) {
      const { program, prefix: topic } = run
      await createTopic(run, topic)
      await openProducer(run, 'old')
      await program.run('begin', { handle: 'old' })
      await program.run('send', { handle: 'old', topic, records: records('lost') })
      await using other = run.another()
      const successor: Run = { ...run, program: other }
      await openProducer(successor, 'new')
      await transaction(successor, 'new', topic, 'commit', 'kept')
      const zombie = [
        await program.errorOf('send', { handle: 'old', topic, records: records('zombie') }),
        await program.errorOf('commit', { handle: 'old' }),
      ]
      const values = await committedUpToEnd(successor, 'new', topic)
      return { isFenced: zombie.some((error) => error !== 'NONE'), zombie, values }
    },
    check({ isFenced, values }) {
      assert.deepEqual([isFenced, values], [true, ['kept', 'end']])
    },
  }),
  defineCase({
    name: 'a producer that was killed leaves nothing behind',
    subject: 'transactions',
    needs: ['openProducer', 'begin', 'send', 'commit', 'read'],
    async run(run) {
      const topic = await createTopic(run, run.prefix)
      const victim = run.another()
      await openProducer({ ...run, program: victim }, 'p')
      await victim.run('begin', { handle: 'p' })
      await victim.run('send', { handle: 'p', topic, records: records('lost') })
      await victim.kill()
      await openProducer(run, 'p')
      const values = await committedUpToEnd(run, 'p', topic)
      await run.program.run('closeProducer', { handle: 'p' })
      return values
    },
    check: (values) => assert.deepEqual(values, ['end']),
  }),
]
