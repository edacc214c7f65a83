import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { outbox, outboxMigration } from '@millrace/outbox'
import { inTransaction, startDatabases, type TestClient } from './database.ts'

// What logical decoding shows is what capture publishes, so these tests read the slot itself.
const note = topic('note', { key: serdes.string, value: serdes.string })

let databases: Awaited<ReturnType<typeof startDatabases>>
before(async () => {
  databases = await startDatabases()
})
after(() => databases.server.close())

async function createSlot(client: TestClient, name: string): Promise<void> {
  await client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [name])
}

/** The kinds of pgoutput's messages (I insert, D delete) and the whole text of the inserts. */
async function decode(client: TestClient, slot: string): Promise<{ kinds: string; inserted: string }> {
  const { rows } = await client.query<{ data: Buffer }>(
    `select data from pg_logical_slot_get_binary_changes($1, null, null, 'proto_version', '1', 'publication_names', $2)`,
    [slot, slot],
  )
  const messages = rows.map(({ data }) => data.toString('latin1'))
  const changes = messages.filter((message) => 'IUDT'.includes(message[0]!))
  return { kinds: changes.map((message) => message[0]).join(''), inserted: changes.join('\n') }
}

/** Millrace's own has the slot's name. */
const captureInserts = (name: string): string => `create publication ${name} for table outbox with (publish = 'insert')`
const write = (client: TestClient, key: string): Promise<unknown> =>
  inTransaction(client, () => outbox(client).append(note, key, `value of ${key}`))

test('a captured row is deleted in its own transaction, and decoding still shows its insert alone', async () => {
  await using client = await databases.client()
  await client.query(outboxMigration())
  await client.query(captureInserts('millrace_first'))
  await createSlot(client, 'millrace_first')
  await write(client, 'k1')
  await write(client, 'k2')
  assert.equal((await client.query('select from outbox')).rowCount, 0)
  const { kinds, inserted } = await decode(client, 'millrace_first')
  assert.equal(kinds, 'II')
  assert.match(inserted, /k1.*\\x76616c7565206f66206b31[\s\S]*k2/)
})

test('a row that is written before anything captures the database stays', async () => {
  await using client = await databases.client()
  await client.query(outboxMigration())
  await client.query(captureInserts('millrace_second'))
  await write(client, 'early')
  await createSlot(client, 'millrace_second')
  await write(client, 'late')
  const { rows } = await client.query('select aggregateid from outbox')
  assert.deepEqual(rows, [{ aggregateid: 'early' }])
  assert.match((await decode(client, 'millrace_second')).inserted, /late/)
})

test('with a named slot, the slot of somebody else does not delete rows', async () => {
  await using client = await databases.client()
  await client.query(outboxMigration({ slot: 'ours' }))
  await client.query(captureInserts('ours'))
  await createSlot(client, 'theirs')
  await write(client, 'k1')
  await createSlot(client, 'ours')
  await write(client, 'k2')
  const { rows } = await client.query('select aggregateid from outbox')
  assert.deepEqual(rows, [{ aggregateid: 'k1' }])
})

test('the slot of another tool does not delete rows that wait for ours', async () => {
  await using client = await databases.client()
  await client.query(outboxMigration())
  await client.query(captureInserts('debezium'))
  await createSlot(client, 'debezium')
  await write(client, 'k1')
  const { rows } = await client.query('select aggregateid from outbox')
  assert.deepEqual(rows, [{ aggregateid: 'k1' }])
})

test('a slot that captures other tables, or did before the table was replaced, does not delete rows', async () => {
  await using client = await databases.client()
  await client.query(outboxMigration())
  await client.query('create table other (id int primary key); create publication millrace_tables for table other')
  await createSlot(client, 'millrace_tables')
  await write(client, 'k1')
  await client.query('alter publication millrace_tables add table outbox')
  await write(client, 'k2')
  await client.query(captureInserts('millrace_outbox'))
  await createSlot(client, 'millrace_outbox')
  await write(client, 'k3')
  await client.query('alter publication millrace_outbox drop table outbox')
  await write(client, 'k4')
  const { rows } = await client.query<{ aggregateid: string }>('select aggregateid from outbox order by position')
  assert.deepEqual(
    rows.map(({ aggregateid }) => aggregateid),
    ['k1', 'k2', 'k4'],
  )
  // A server has ten.
  await client.query(
    'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database()',
  )
})

test('rows are never lost between a slot that is being created and transactions that run meanwhile', async () => {
  await using client = await databases.client()
  await client.query(outboxMigration())
  await client.query(captureInserts('millrace_slow'))
  await using blocker = await databases.connect(client.url)
  await using slotMaker = await databases.connect(client.url)
  await using writer = await databases.connect(client.url)
  // An open transaction with an id keeps the slot from becoming consistent, while the slot is visible already.
  await blocker.query('begin; select pg_current_xact_id()')
  const created = createSlot(slotMaker, 'millrace_slow')
  for (;;) {
    const { rowCount } = await client.query(`select from pg_replication_slots where slot_name = 'millrace_slow'`)
    if (rowCount === 1) break
  }
  await write(writer, 'meanwhile')
  await blocker.query('commit')
  await created
  const { rows } = await client.query<{ aggregateid: string }>('select aggregateid from outbox')
  const { inserted } = await decode(client, 'millrace_slow')
  const isKept = rows.some(({ aggregateid }) => aggregateid === 'meanwhile')
  assert.ok(isKept || inserted.includes('meanwhile'), 'the row is neither in the table nor in the log')
})

test('the migration can be run again, and switches between keeping rows and deleting them', async () => {
  await using client = await databases.client()
  await client.query(outboxMigration())
  await client.query(captureInserts('millrace_again'))
  await createSlot(client, 'millrace_again')
  for (const [keepRows, expected] of [
    [false, 0],
    [false, 0],
    [true, 1],
    [false, 1],
  ] as const) {
    await client.query(outboxMigration({ keepRows }))
    await write(client, 'k')
    assert.equal((await client.query('select from outbox')).rowCount, expected)
  }
})

test('messages of one key are decoded in the order in which their transactions took the lock of the aggregate', async () => {
  await using first = await databases.client()
  await first.query(outboxMigration())
  await first.query(captureInserts('ordered'))
  await createSlot(first, 'ordered')
  await first.query('create table account (id text primary key, n int); insert into account values ($$a$$, 0)')
  await using second = await databases.connect(first.url)
  const bump = (client: TestClient): Promise<unknown> =>
    inTransaction(client, async () => {
      const { rows } = await client.query<{ n: number }>('update account set n = n + 1 returning n')
      await outbox(client).append(note, 'a', `n=${rows[0]!.n}`)
    })
  for (let i = 0; i < 20; i++) await Promise.all([bump(first), bump(second)])
  const { inserted } = await decode(first, 'ordered')
  const values = inserted.match(/\\x[0-9a-f]+/g)!.map((hex) => Buffer.from(hex.slice(2), 'hex').toString())
  assert.deepEqual(
    values,
    Array.from({ length: 40 }, (_, i) => `n=${i + 1}`),
  )
})
