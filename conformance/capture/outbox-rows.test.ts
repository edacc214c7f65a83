// Which rows of an outbox delete themselves, and what becomes of the others: only what a slot captures may go.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pollingOutbox, postgresOutbox, postgresTables, type SourceConnector } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { outbox, outboxMigration } from '@millrace/outbox'
import { type CapturedDatabase, CaptureFixture, fast } from '../../packages/connect/test/support/capture-fixture.ts'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'

const limits = { ...fast, budgetCheckIntervalMs: 100 }
const other = 'create table other (id int primary key)'

describe('rows of an outbox', () => {
  const capture = new CaptureFixture()
  const { database, run } = capture

  const order = (s: CapturedDatabase) => topic(`${s.name}.order`, { key: serdes.string, value: serdes.json<number>() })

  const append = async (s: CapturedDatabase, value: number, via: 'table' | 'log' = 'table'): Promise<void> => {
    await s.db.query('begin')
    try {
      await outbox(s.db, { via }).append(order(s), 'k', value)
      await s.db.query('commit')
    } catch (error) {
      await s.db.query('rollback')
      throw error
    }
  }

  const rowCount = async (s: CapturedDatabase): Promise<number> =>
    (await s.db.query<{ count: number }>('select count(*)::int as count from outbox')).rows[0]!.count

  const publishes = (s: CapturedDatabase, values: readonly number[]): Promise<true> =>
    eventually(`events ${values}`, async () => {
      const records = await readTopic(capture.client, order(s).name)
      return records.map(({ value }) => value).join() === values.join() ? true : undefined
    })

  const source = (s: CapturedDatabase): SourceConnector => postgresOutbox({ url: s.url, topics: [order(s)], limits })

  const tablesSource = (s: CapturedDatabase): SourceConnector =>
    postgresTables({ url: s.url, tables: [{ table: 'other', topic: `${s.name}.other` }], limits })

  test('those from before there was a slot are published, and then go', async () => {
    await using s = await database(outboxMigration())
    await append(s, 1)
    await append(s, 2)
    assert.equal(await rowCount(s), 2)
    await using running = run(source(s))
    await running.ready
    await append(s, 3)
    await publishes(s, [1, 2, 3])
    await eventually('an empty outbox', async () => ((await rowCount(s)) === 0 ? true : undefined))
  })

  test('those that are to be kept stay', async () => {
    await using s = await database(outboxMigration({ keepRows: true }))
    await append(s, 1)
    await using running = run(source(s))
    await running.ready
    await append(s, 2)
    await publishes(s, [1, 2])
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.equal(await rowCount(s), 2)
  })

  test('the slot of captured tables captures no outbox: rows stay, and messages in the log are refused', async () => {
    await using s = await database(`${outboxMigration()}; ${other}`)
    await using beside = run(tablesSource(s))
    await beside.ready
    await append(s, 1)
    assert.equal(await rowCount(s), 1)
    await assert.rejects(append(s, 2, 'log'), { code: 'OUTBOX_NOT_CAPTURED' })
    await using running = run(source(s))
    await running.ready
    await append(s, 2, 'log')
    await publishes(s, [1, 2])
  })

  test('those of a table that took the place of the captured one stay until it is captured', async () => {
    await using s = await database(outboxMigration())
    const running = run(source(s))
    running.finished.catch(() => {})
    await running.ready
    await append(s, 1)
    await publishes(s, [1])
    await s.db.query(`drop table outbox; ${outboxMigration()}`)
    await append(s, 2)
    assert.equal(await rowCount(s), 1)
    await assert.rejects(running.finished, { code: 'POSTGRES_PUBLICATION_INCOMPLETE' })
    await s.db.query(`alter publication millrace_${s.name}_outbox add table outbox`)
    await append(s, 3)
    await using again = run(source(s))
    await again.ready
    await append(s, 4)
    await publishes(s, [1, 2, 3, 4])
    await eventually('an empty outbox', async () => ((await rowCount(s)) === 0 ? true : undefined))
  })

  const polling = (s: CapturedDatabase): SourceConnector =>
    pollingOutbox({ name: `${s.name}-poll`, url: s.url, topics: [order(s)], limits: { pollIntervalMs: 20 } })

  test('a poller sees every row though a slot for other tables comes, and stops when one comes to capture the outbox', async () => {
    await using s = await database(`${outboxMigration()}; ${other}`)
    await using polled = run(polling(s))
    polled.finished.catch(() => {})
    await polled.ready
    await append(s, 1)
    await publishes(s, [1])
    await using beside = run(tablesSource(s))
    await beside.ready
    await append(s, 2)
    await append(s, 3)
    await publishes(s, [1, 2, 3])
    await using running = run(source(s))
    await running.ready
    await assert.rejects(polled.finished, { code: 'CONNECT_OUTBOX_NOT_KEPT' })
  })

  test('rows that a delete leaves where they are end polling, at its next start too, and are not published again', async () => {
    await using s = await database(`${outboxMigration({ keepRows: true })};
      create rule keep as on delete to outbox where old.aggregateid <> 'gone' do instead nothing`)
    await append(s, 1)
    await append(s, 2)
    for (const start of ['first', 'next']) {
      await using polled = run(polling(s))
      await assert.rejects(polled.finished, { code: 'CONNECT_OUTBOX_NOT_REMOVED', message: /2 of 2/ }, start)
      await publishes(s, [1, 2])
    }
    await s.db.query('drop rule keep on outbox')
    await using polled = run(polling(s))
    await polled.ready
    await append(s, 3)
    await publishes(s, [1, 2, 3])
  })

  test('a slot that is ahead, or gone: the remedy says what is lost and what to run, for this very source', async () => {
    await using s = await database(outboxMigration())
    {
      await using running = run(source(s))
      await running.ready
      await append(s, 1)
      await publishes(s, [1])
    }
    const slot = `millrace_${s.name}_outbox`
    await append(s, 2)
    await eventually('the slot moved on', async () => {
      const text = 'select pg_replication_slot_advance($1, pg_current_wal_lsn())'
      return s.db.query(text, [slot]).catch(() => undefined)
    })
    const refused = async (code: string): Promise<string> => {
      await using running = run(source(s))
      await assert.rejects(running.finished, { code })
      return running.status().error?.remedy ?? ''
    }
    const ahead = await refused('POSTGRES_SLOT_AHEAD')
    assert.match(ahead, /Events that only the log held are lost/)
    assert.ok(ahead.includes(`pg_drop_replication_slot('${slot}'); then "millrace connect forget ${s.name}-outbox"`))
    await s.db.query('select pg_drop_replication_slot($1)', [slot])
    const gone = await refused('POSTGRES_SLOT_MISSING')
    assert.ok(gone.startsWith(`To begin anew: "millrace connect forget ${s.name}-outbox"`))
  })
})
