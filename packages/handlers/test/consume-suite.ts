import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readDeadLetter } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { consume } from '@millrace/handlers'
import type pg from 'pg'
import { z } from 'zod'
import { eventually, type RunningBroker, readAll, startWorld, type World } from './support.ts'

interface SuiteOptions {
  /** Why the suite cannot run here. */
  readonly skip?: string | undefined
  readonly start: () => Promise<RunningBroker>
}

const quick = { commitIntervalMs: 50, retryDelayMsMin: 5, retryDelayMsMax: 20 }
const orderIn = (name: string) => topic(name, { key: z.string(), value: z.object({ amount: z.number() }) })

/** What `consume` promises, against any broker. */
export function registerConsumeTests(name: string, { skip, start }: SuiteOptions): void {
  describe(name, { skip }, () => {
    let world: World
    before(async () => {
      world = await startWorld(start)
    })
    after(() => world[Symbol.asyncDispose]())

    test('every message delivered three times takes effect once', async () => {
      const order = orderIn('three-times')
      const write = await world.topic(order, 3)
      const pool = await world.database()
      const ids = Array.from({ length: 50 }, (_, i) => `e${i}`)
      for (let delivery = 0; delivery < 3; delivery++) {
        await Promise.all(ids.map((id, i) => write(`k${i}`, JSON.stringify({ amount: i }), { id })))
      }
      await using running = await consume(
        order,
        async ({ eventId, value }, { tx }) => {
          await tx.query('insert into effect (event, value) values ($1, $2)', [eventId, value?.amount])
        },
        { client: world.kafka, groupId: 'three-times', inbox: pool, ...quick },
      )
      await eventually('150 messages finished', () => sum(outcomes(running)) === 150)
      assert.deepEqual((await effects(pool)).sort(), [...ids].sort())
      assert.deepEqual(outcomes(running), { handled: 50, duplicate: 100, dead_letter: 0, skipped: 0 })
    })

    test('messages of one partition are handled in order, one at a time, those of others beside them', async () => {
      const order = orderIn('in-order')
      const write = await world.topic(order, 3)
      for (let i = 0; i < 60; i++) await write('k', JSON.stringify({ amount: i }), { partition: i % 3 })
      const seen: number[][] = [[], [], []]
      let inFlight = 0
      let most = 0
      await using _ = await consume(
        order,
        async ({ partition, value }) => {
          most = Math.max(most, ++inFlight)
          await new Promise((resolve) => setTimeout(resolve, 2))
          seen[partition]?.push(value?.amount ?? -1)
          inFlight -= 1
        },
        { client: world.kafka, groupId: 'in-order', concurrency: 2, ...quick },
      )
      await eventually('all handled', () => seen.flat().length === 60)
      for (const [partition, amounts] of seen.entries()) {
        assert.deepEqual(
          amounts,
          Array.from({ length: 20 }, (_, i) => i * 3 + partition),
        )
      }
      assert.equal(most, 2)
    })

    test('poison as large as its topic takes is set aside whole', async () => {
      const order = orderIn('large-poison')
      const write = await world.topic(order)
      const pool = await world.database()
      const poison = Buffer.alloc(1_048_588 - 150, 'x')
      await using large = world.kafka.producer({ maxBatchBytes: 1_048_588 })
      await large.send({ topic: order.name, key: Buffer.from('bad'), value: poison })
      await write('a', '{"amount":1}', { id: 'e1' })
      const options = { client: world.kafka, groupId: 'large-poison', inbox: pool, onFailure: 'dead-letter' } as const
      await using running = await consume(order, async () => {}, { ...options, ...quick })
      await eventually('the good one is handled', () => outcomes(running).handled === 1)
      const [letter] = await readAll(world.kafka, 'large-poison.dlq', 1)
      assert.deepEqual(letter?.value, poison)
    })

    test('poison goes to the dead-letter topic with its bytes and its place, and everything else flows on', async () => {
      const order = orderIn('poisoned')
      const write = await world.topic(order)
      const pool = await world.database()
      await write('a', '{"amount":1}', { id: 'e1' })
      const poison = await write('b', Buffer.from([0xff, 0x00]), { id: 'e2' })
      await write('c', '{"amount":"lots"}', { id: 'e3' })
      await write('d', '{"amount":4}', { id: 'e4' })
      await using running = await consume(
        order,
        async ({ key }, { tx }) => {
          if (key === 'd') throw new RangeError('too much')
          await tx.query('insert into effect (event) values ($1)', [key])
        },
        { client: world.kafka, groupId: 'poisoned', inbox: pool, onFailure: 'dead-letter', maxAttempts: 3, ...quick },
      )
      await write('e', '{"amount":5}', { id: 'e5' })
      await eventually('the last is handled', () => outcomes(running).handled === 2)
      const letters = await readAll(world.kafka, 'poisoned.dlq', 3)
      const told = letters.map(({ headers }) => readDeadLetter(headers))
      assert.deepEqual(
        told.map((letter) => [letter?.stage, letter?.exception, letter?.attempt]),
        [
          ['deserialize', 'CONTRACT_MISMATCH', 1],
          ['deserialize', 'CONTRACT_MISMATCH', 1],
          ['process', 'RangeError', 3],
        ],
      )
      const [first] = letters
      assert.deepEqual([first?.key?.toString(), first?.value], ['b', Buffer.from([0xff, 0x00])])
      assert.equal(first?.headers.find(({ key }) => key === 'id')?.value?.toString(), 'e2')
      assert.deepEqual(
        [told[0]?.topic, told[0]?.partition, told[0]?.offset, told[0]?.application],
        ['poisoned', 0, poison.offset, 'poisoned'],
      )
      const { rows } = await pool.query<{ event: string }>('select event from effect order by position')
      assert.deepEqual(
        rows.map(({ event }) => event),
        ['a', 'e'],
      )
    })

    test('by default a message that cannot be handled stops the handler, and the next start begins with it', async () => {
      const order = orderIn('fails')
      const write = await world.topic(order)
      await write('a', '{"amount":1}')
      await write('b', 'poison')
      const seen: unknown[] = []
      const options = { client: world.kafka, groupId: 'fails', ...quick }
      const first = await consume(order, ({ key }) => void seen.push(key), options)
      await assert.rejects(first.stopped, {
        code: 'HANDLER_FAILED',
        message: /fails-0 at offset 1/,
        fields: { topic: 'fails', partition: 0, offset: 1 },
      })
      assert.equal(first.state, 'failed')
      await first.close()
      await using second = await consume(order, ({ key }) => void seen.push(key), { ...options, onFailure: 'skip' })
      await eventually('the poison is skipped', () => outcomes(second).skipped === 1)
      assert.deepEqual(seen, ['a'])
    })

    test('a tombstone is a message whose value is null', async () => {
      const order = orderIn('tombstones')
      const write = await world.topic(order)
      await write('a', null)
      const seen: unknown[] = []
      await using _ = await consume(order, ({ key, value }) => void seen.push([key, value]), {
        client: world.kafka,
        groupId: 'tombstones',
        ...quick,
      })
      await eventually('it is handled', () => seen.length === 1)
      assert.deepEqual(seen, [['a', null]])
    })

    test('while the database is away nothing is lost and nothing set aside, and work goes on when it is back', async () => {
      const order = orderIn('outage')
      const write = await world.topic(order, 2)
      const pool = await world.database()
      await using running = await consume(
        order,
        async ({ eventId }, { tx }) => {
          await tx.query('insert into effect (event) values ($1)', [eventId])
        },
        { client: world.kafka, groupId: 'outage', inbox: pool, onFailure: 'dead-letter', maxAttempts: 1, ...quick },
      )
      const writeTo = async (from: number, to: number): Promise<void> => {
        for (let i = from; i < to; i++) await write(`k${i}`, '{"amount":1}', { id: `e${i}` })
      }
      await writeTo(0, 20)
      await eventually('the first are handled', () => outcomes(running).handled === 20)
      await world.postgres.kill()
      await writeTo(20, 40)
      await eventually('the partitions wait', () => metric(running, 'millrace_handler_partitions_in_outage') === 2)
      await world.postgres.restart()
      await eventually('the rest is handled', () => outcomes(running).handled === 40)
      assert.deepEqual(outcomes(running), { handled: 40, duplicate: 0, dead_letter: 0, skipped: 0 })
      const { rows } = await pool.query<{ n: string }>('select count(distinct event) as n from effect')
      assert.equal(rows[0]?.n, '40')
      assert.equal(metric(running, 'millrace_handler_partitions_in_outage'), 0)
    })

    test('closing finishes the message in flight and commits it', async () => {
      const order = orderIn('closing')
      const write = await world.topic(order)
      const [first, second] = [await write('a', '{"amount":1}'), await write('b', '{"amount":2}')]
      const begun = Promise.withResolvers<void>()
      const seen: unknown[] = []
      const handler = async ({ key }: { key: string | null }): Promise<void> => {
        begun.resolve()
        await new Promise((resolve) => setTimeout(resolve, 50))
        seen.push(key)
      }
      // Offsets are committed on closing only, so that it is the closing that is seen.
      const options = { client: world.kafka, groupId: 'closing', commitIntervalMs: 600_000 }
      const running = await consume(order, handler, options)
      await begun.promise
      await running.close()
      await running.stopped
      assert.deepEqual([running.state, seen], ['stopped', ['a']])
      const [committed] = await world.kafka.admin.committedOffsets('closing')
      assert.deepEqual([first.offset, committed?.offset], [0, 1])
      await using _ = await consume(order, handler, options)
      await eventually('the second is handled', () => seen.length === 2)
      assert.deepEqual([seen, second.offset], [['a', 'b'], 1])
    })

    test('a second instance takes over partitions, and every event still takes effect once', async () => {
      const order = orderIn('scaled')
      const write = await world.topic(order, 4)
      const pool = await world.database()
      const options = { brokers: world.brokers, groupId: 'scaled', inbox: pool, ...quick }
      const start = () =>
        consume(
          order,
          async ({ eventId }, { tx }) => {
            await new Promise((resolve) => setTimeout(resolve, 1))
            await tx.query('insert into effect (event) values ($1)', [eventId])
          },
          options,
        )
      const ids: string[] = []
      const writeMore = async (): Promise<void> => {
        const id = `e${ids.length}`
        ids.push(id)
        await write(`k${id}`, '{"amount":1}', { id })
      }
      await using first = await start()
      await eventually('the first works', async () => {
        await writeMore()
        return handled(first) > 10
      })
      await using second = await start()
      await eventually('the second works', async () => {
        await writeMore()
        return handled(second) > 10
      })
      await first.close()
      for (let i = 0; i < 20; i++) await writeMore()
      await eventually('the second works alone', async () => (await effects(pool)).length >= ids.length)
      assert.deepEqual((await effects(pool)).sort(), [...ids].sort())
    })

    test('a handler that takes too long is cut off, and what it did is rolled back', async () => {
      const order = orderIn('slow')
      const write = await world.topic(order)
      const pool = await world.database()
      await write('a', '{"amount":1}', { id: 'e1' })
      const aborted: boolean[] = []
      await using running = await consume(
        order,
        async ({ eventId }, { tx, attempt, signal }) => {
          await tx.query('insert into effect (event) values ($1)', [`${eventId} attempt ${attempt}`])
          if (attempt === 1) await tx.query('select pg_sleep(5)').finally(() => aborted.push(signal.aborted))
        },
        { client: world.kafka, groupId: 'slow', inbox: pool, handlerTimeoutMs: 100, ...quick },
      )
      const startMs = performance.now()
      await eventually('the second attempt succeeds', () => outcomes(running).handled === 1)
      assert.ok(performance.now() - startMs < 3_000)
      const { rows } = await pool.query('select event from effect')
      assert.deepEqual(rows, [{ event: 'e1 attempt 2' }])
      assert.deepEqual(aborted, [true])
    })

    test('events that were handled long ago are forgotten beside the work', async () => {
      const order = orderIn('forgetful')
      await world.topic(order)
      const pool = await world.database()
      await pool.query(`insert into inbox values ('g/t', 'old', now() - interval '8 days'), ('g/t', 'young', now())`)
      await using _ = await consume(order, () => {}, {
        client: world.kafka,
        groupId: 'forgetful',
        inbox: pool,
        ...quick,
      })
      await eventually('the old one is gone', async () => (await pool.query('select from inbox')).rowCount === 1)
      const { rows } = await pool.query('select event_id from inbox')
      assert.deepEqual(rows, [{ event_id: 'young' }])
    })

    test('a handler waits for its topic', async () => {
      const late = topic('late', { key: serdes.string, value: serdes.string })
      const seen: unknown[] = []
      await using _ = await consume(late, ({ value }) => void seen.push(value), {
        client: world.kafka,
        groupId: 'late',
        ...quick,
      })
      await new Promise((resolve) => setTimeout(resolve, 300))
      const write = await world.topic(late)
      await write('k', 'v')
      await eventually('it is handled', () => seen.length === 1)
    })

    for (const [what, options, code] of [
      ['no group', { brokers: 'x:1' }, 'CONFIG_MISSING_OPTION'],
      ['neither brokers nor a client', { groupId: 'g' }, 'CONFIG_MISSING_OPTION'],
      ['a misspelt option', { brokers: 'x:1', groupId: 'g', inboxs: 1 }, 'CONFIG_UNKNOWN_OPTION'],
      ['an unknown policy', { brokers: 'x:1', groupId: 'g', onFailure: 'ignore' }, 'CONFIG_INVALID_OPTION'],
      ['no attempts', { brokers: 'x:1', groupId: 'g', maxAttempts: 0 }, 'CONFIG_INVALID_OPTION'],
    ] as const) {
      test(`consume with ${what} is refused`, () =>
        assert.rejects(
          consume(orderIn('x'), () => {}, options as never),
          { code },
        ))
    }
  })
}

const handled = (running: Running): number => outcomes(running).handled ?? 0
const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((total, count) => total + count, 0)

async function effects(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ event: string }>('select event from effect order by position')
  return rows.map(({ event }) => event)
}

type Running = Awaited<ReturnType<typeof consume>>

function outcomes(running: Running): Record<string, number> {
  const samples = [...running.metrics()].filter(({ name }) => name === 'millrace_handler_messages_total')
  return Object.fromEntries(samples.map(({ labels, value }) => [labels.outcome, value]))
}

function metric(running: Running, name: string): number | undefined {
  return [...running.metrics()].find((sample) => sample.name === name)?.value
}
