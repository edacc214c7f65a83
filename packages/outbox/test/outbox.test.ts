import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Serde, serdes, topic } from '@millrace/contracts'
import { notReady } from '@millrace/contracts/internal'
import { outbox, outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import { z } from 'zod'
import { inTransaction, startDatabases } from './database.ts'

const order = topic('order', { key: z.string(), value: z.object({ customerId: z.string(), amount: z.number() }) })
const kept = outboxMigration({ keepRows: true })

let databases: Awaited<ReturnType<typeof startDatabases>>
before(async () => {
  databases = await startDatabases()
})
after(() => databases.server.close())

test('a message is a row with the bytes of the contract', async () => {
  await using client = await databases.client()
  await client.query(kept)
  const value = { customerId: 'Zoë', amount: 1.5 }
  const { id } = await inTransaction(client, () =>
    outbox(client).append(order, 'o1', value, {
      headers: { tenant: 'é' },
      timestamp: 1_700_000_000_123,
      type: 'OrderPlaced',
    }),
  )
  const { rows } = await client.query(
    `select id, aggregatetype, aggregateid, type, payload, headers, "timestamp" as at, position, txid is not null as has_txid from outbox`,
  )
  assert.deepEqual(rows, [
    {
      id,
      aggregatetype: 'order',
      aggregateid: 'o1',
      type: 'OrderPlaced',
      payload: Buffer.from(JSON.stringify(value)),
      headers: { tenant: 'é' },
      at: new Date(1_700_000_000_123),
      position: '1',
      has_txid: true,
    },
  ])
})

/** Lacks its schema when it is first asked. */
function lackingAtFirst<T>(serde: Serde<T>): Serde<T> {
  let isHere = false
  const ask = (): void => {
    if (isHere) return
    isHere = true
    throw notReady('the schema is on its way', Promise.resolve())
  }
  return {
    name: serde.name,
    serialize(value) {
      ask()
      return serde.serialize(value)
    },
    deserialize(bytes) {
      ask()
      return serde.deserialize(bytes)
    },
  }
}

test('a schema that is on its way is waited for', async () => {
  await using client = await databases.client()
  await client.query(kept)
  const contract = topic('order', { key: lackingAtFirst(serdes.string), value: lackingAtFirst(serdes.json<number>()) })
  await inTransaction(client, () => outbox(client).append(contract, 'o1', 5))
  const { rows } = await client.query('select aggregateid, payload from outbox')
  assert.deepEqual(rows, [{ aggregateid: 'o1', payload: Buffer.from('5') }])
})

test('a tombstone is a row without payload', async () => {
  await using client = await databases.client()
  await client.query(kept)
  await inTransaction(client, () => outbox(client).append(order, 'o1', null))
  const { rows } = await client.query('select payload, headers, type from outbox')
  assert.deepEqual(rows, [{ payload: null, headers: null, type: 'order' }])
})

test('a transaction that is rolled back leaves no message', async () => {
  await using client = await databases.client()
  await client.query(kept)
  const work = inTransaction(client, async () => {
    await outbox(client).append(order, 'o1', { customerId: 'a', amount: 1 })
    throw new Error('changed my mind')
  })
  await assert.rejects(work, /changed my mind/)
  assert.equal((await client.query('select from outbox')).rowCount, 0)
})

test('a value that does not fit its contract is refused before anything is written, and the transaction goes on', async () => {
  await using client = await databases.client()
  await client.query(kept)
  await inTransaction(client, async () => {
    const append = (value: unknown, options = {}): Promise<unknown> =>
      outbox(client).append(order, 'o1', value as { customerId: string; amount: number }, options)
    await assert.rejects(append({ customerId: 'a' }), { code: 'CONTRACT_MISMATCH' })
    const fine = { customerId: 'a', amount: 1 }
    await assert.rejects(append(fine, { headers: { id: 'mine' } }), { code: 'OUTBOX_INVALID_HEADER' })
    await assert.rejects(append(fine, { headers: { n: 5 } }), { code: 'OUTBOX_INVALID_HEADER' })
    await assert.rejects(append(fine, { headers: { n: 'a\0b' } }), { code: 'OUTBOX_INVALID_HEADER' })
    await assert.rejects(append(fine, { id: 'seven' }), { code: 'CONFIG_INVALID_OPTION' })
    await assert.rejects(append(fine, { timestamp: Number.NaN }), { code: 'CONFIG_INVALID_OPTION' })
    await assert.rejects(append(fine, { header: {} }), {
      code: 'CONFIG_UNKNOWN_OPTION',
      message: /did you mean `headers`/,
    })
    await assert.rejects(outbox(client).append(order, 'a\0b', fine), { code: 'OUTBOX_KEY_NOT_TEXT' })
    await outbox(client).append(order, 'o1', fine)
  })
  assert.equal((await client.query('select from outbox')).rowCount, 1)
})

test('keys without a textual form are refused', async () => {
  await using client = await databases.client()
  await client.query(kept)
  const numbered = topic('numbered', { key: serdes.float64, value: serdes.string })
  await inTransaction(client, () =>
    assert.rejects(outbox(client).append(numbered, -1.5, 'x'), {
      code: 'OUTBOX_KEY_NOT_TEXT',
      fields: { topic: 'numbered' },
    }),
  )
})

test('a pool and a client without a transaction are refused, and nothing is written', async () => {
  await using client = await databases.client()
  await client.query(kept)
  const pool = new pg.Pool({ connectionString: client.url })
  const value = { customerId: 'a', amount: 1 }
  await assert.rejects(outbox(pool).append(order, 'o1', value), { code: 'OUTBOX_NOT_A_TRANSACTION' })
  await assert.rejects(outbox(client).append(order, 'o1', value), { code: 'OUTBOX_NOT_A_TRANSACTION' })
  const leased = await pool.connect()
  await inTransaction(leased, () => outbox(leased).append(order, 'o1', value))
  leased.release()
  await pool.end()
  assert.equal((await client.query('select from outbox')).rowCount, 1)
})

test('a missing table says which migration is due', async () => {
  await using client = await databases.client()
  const work = inTransaction(client, () => outbox(client).append(order, 'o1', { customerId: 'a', amount: 1 }))
  await assert.rejects(work, { code: 'OUTBOX_TABLE_MISSING', remedy: /outboxMigration/ })
})

for (const payload of ['bytea', 'jsonb', 'json', 'text'] as const) {
  test(`a payload column of type ${payload} holds the value`, async () => {
    await using client = await databases.client()
    await client.query(outboxMigration({ payload, keepRows: true }))
    const value = { customerId: 'Zoë "quoted" \u0007', amount: 1 }
    await inTransaction(client, () => outbox(client, { payload }).append(order, 'o1', value))
    const text = payload === 'bytea' ? `convert_from(payload, 'UTF8')` : 'payload::text'
    const { rows } = await client.query<{ payload: string }>(`select ${text} as payload from outbox`)
    assert.deepEqual(JSON.parse(rows[0]!.payload), value)
  })
}

test('binary values keep their bytes', async () => {
  await using client = await databases.client()
  await client.query(kept)
  const counted = topic('counted', { key: serdes.string, value: serdes.int64 })
  await inTransaction(client, () => outbox(client).append(counted, 'a', -1n))
  const { rows } = await client.query('select payload from outbox')
  assert.deepEqual(rows, [{ payload: Buffer.from('ffffffffffffffff', 'hex') }])
})

test('the table may have another name, in a schema of its own, with characters that need quotes', async () => {
  await using client = await databases.client()
  const table = 'my app.Out"box'
  await client.query(`create schema "my app"; ${outboxMigration({ table, keepRows: true })}`)
  await inTransaction(client, () => outbox(client, { table }).append(order, 'o1', { customerId: 'a', amount: 1 }))
  assert.equal((await client.query('select from "my app"."Out""box"')).rowCount, 1)
})

test('event ids are UUIDs of version 7 and grow with time', async () => {
  await using client = await databases.client()
  await client.query(kept)
  const ids: string[] = []
  for (let i = 0; i < 3; i++) {
    const { id } = await inTransaction(client, () => outbox(client).append(order, 'o1', null))
    ids.push(id)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.deepEqual(ids, [...ids].sort())
  assert.ok(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)))
  assert.ok(Math.abs(Number.parseInt(ids[0]!.replace('-', '').slice(0, 12), 16) - Date.now()) < 60_000)
})
