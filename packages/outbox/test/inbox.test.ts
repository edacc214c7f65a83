import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { expireInbox, inbox, inboxMigration } from '@millrace/outbox'
import { inTransaction, startDatabases } from './database.ts'

let databases: Awaited<ReturnType<typeof startDatabases>>
before(async () => {
  databases = await startDatabases()
})
after(() => databases.server.close())

test('an event is claimed once per consumer', async () => {
  await using client = await databases.client()
  await client.query(inboxMigration())
  await client.query(inboxMigration())
  const claim = (consumer: string, id: string): Promise<boolean> =>
    inTransaction(client, () => inbox(client).claim(consumer, id))
  assert.deepEqual(
    [await claim('a', 'e1'), await claim('a', 'e1'), await claim('b', 'e1'), await claim('a', 'e2')],
    [true, false, true, true],
  )
})

test('a claim that is rolled back was none', async () => {
  await using client = await databases.client()
  await client.query(inboxMigration())
  const failing = inTransaction(client, async () => {
    assert.equal(await inbox(client).claim('a', 'e1'), true)
    throw new Error('the effect failed')
  })
  await assert.rejects(failing, /effect failed/)
  assert.equal(await inTransaction(client, () => inbox(client).claim('a', 'e1')), true)
})

test('two transactions that handle one event at the same time take effect once', async () => {
  await using first = await databases.client()
  await first.query(inboxMigration())
  await using second = await databases.connect(first.url)
  await first.query('begin')
  assert.equal(await inbox(first).claim('a', 'e1'), true)
  await second.query('begin')
  const waiting = inbox(second).claim('a', 'e1')
  await first.query('commit')
  assert.equal(await waiting, false)
  await second.query('commit')
})

test('a claim outside of a transaction is refused', async () => {
  await using client = await databases.client()
  await client.query(inboxMigration())
  await assert.rejects(inbox(client).claim('a', 'e1'), { code: 'OUTBOX_NOT_A_TRANSACTION' })
})

test('old events are forgotten in bounded steps, young ones are kept', async () => {
  await using client = await databases.client()
  await client.query(inboxMigration())
  await client.query(
    `insert into inbox select 'a', 'old-' || n, now() - interval '8 days' from generate_series(1, 25) as n;
     insert into inbox values ('a', 'young', now() - interval '6 days')`,
  )
  const steps = [
    await expireInbox(client, { maxRows: 10 }),
    await expireInbox(client, { maxRows: 10 }),
    await expireInbox(client),
  ]
  assert.deepEqual(steps, [10, 10, 5])
  const { rows } = await client.query('select event_id from inbox')
  assert.deepEqual(rows, [{ event_id: 'young' }])
})
