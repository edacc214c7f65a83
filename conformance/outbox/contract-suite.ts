import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import type { Inbox, InboxStore, Outbox } from '@millrace/outbox'

const order = topic('order', { key: serdes.string, value: serdes.json<{ amount: number; note: string }>() })
const bytes = topic('bytes', { key: serdes.string, value: serdes.bytes })

/** One database client on one database, whose tables `outbox`, `inbox` and `effect (name)` exist and are empty. */
export interface Client<Tx> {
  /** Commits what `work` did, or rolls it back when it throws. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  outbox(tx: Tx): Outbox
  inbox(tx: Tx): Inbox
  /** Undefined for `pg`, whose pool `consume` takes as it is. */
  store?(): InboxStore<Tx>
  /** Writes a row of the service's own. */
  effect(tx: Tx, name: string): Promise<unknown>
  /** A statement that fails. */
  broken(tx: Tx): Promise<unknown>
  close(): Promise<void>
  /** The handle without a transaction. */
  readonly outside: Tx
  /** Rows of a query, on a connection of its own. */
  query(sql: string): Promise<Record<string, unknown>[]>
}

const utf8 = (value: unknown): string => Buffer.from(value as Uint8Array).toString()
const json = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : value)
const millis = (value: unknown): number => (value instanceof Date ? value.getTime() : Number(value))

const names = async <Tx>(client: Client<Tx>): Promise<unknown[]> =>
  (await client.query('select name from effect')).map((row) => row.name).sort()

interface Settings {
  readonly skip?: string | false | undefined
  /** Whether clients have a `store`. */
  readonly hasStore?: boolean
}

/** What every adapter promises, run against a real database. */
export function registerOutboxTests<Tx>(
  name: string,
  open: () => Promise<Client<Tx>>,
  { skip = false, hasStore = true }: Settings = {},
): void {
  const check = (title: string, body: (client: Client<Tx>) => Promise<void>): void => {
    test(`${name}: ${title}`, { skip }, async () => {
      const client = await open()
      await body(client).finally(() => client.close())
    })
  }
  check('a message and the row of the service are committed together', async (client) => {
    const value = { amount: 1.5, note: 'Zoë “quoted” 🚲 \\ \' " ? $1 :a' }
    const headers = { tenant: 'é?', empty: '' }
    const { id } = await client.transaction(async (tx) => {
      await client.effect(tx, 'first')
      return client.outbox(tx).append(order, 'o?1 🚲', value, { headers, timestamp: 1_700_000_000_123, type: 'Placed' })
    })
    const [row, ...others] = await client.query('select * from outbox')
    assert.deepEqual(others, [])
    assert.equal(row!.id, id)
    assert.equal(row!.aggregatetype, 'order')
    assert.equal(row!.aggregateid, 'o?1 🚲')
    assert.equal(row!.type, 'Placed')
    assert.equal(utf8(row!.payload), JSON.stringify(value))
    assert.deepEqual(json(row!.headers), headers)
    assert.equal(millis(row!.timestamp), 1_700_000_000_123)
    assert.deepEqual(await names(client), ['first'])
  })

  check('a transaction that is rolled back leaves neither', async (client) => {
    const work = client.transaction(async (tx) => {
      await client.effect(tx, 'gone')
      await client.outbox(tx).append(order, 'o1', { amount: 1, note: '' })
      throw new Error('changed my mind')
    })
    await assert.rejects(work, /changed my mind/)
    assert.deepEqual(await client.query('select id from outbox'), [])
    assert.deepEqual(await names(client), [])
  })

  check('binary values keep their bytes, tombstones have none, and the time is the database’s', async (client) => {
    const value = Uint8Array.from({ length: 256 }, (_, i) => i)
    const before = Date.now()
    await client.transaction(async (tx) => {
      await client.outbox(tx).append(bytes, 'b', value)
      await client.outbox(tx).append(bytes, 'b', null)
    })
    const rows = await client.query('select payload, timestamp, headers from outbox order by position')
    assert.deepEqual(Buffer.from(rows[0]!.payload as Uint8Array), Buffer.from(value))
    assert.equal(rows[1]!.payload, null)
    assert.equal(rows[1]!.headers, null)
    for (const row of rows) assert.ok(Math.abs(millis(row.timestamp) - before) < 10_000, String(row.timestamp))
  })

  check('a handle without a transaction is refused, and nothing stays', async (client) => {
    const late = client.outbox(client.outside).append(order, 'o1', { amount: 1, note: '' })
    await assert.rejects(late, { code: 'OUTBOX_NOT_A_TRANSACTION' })
    await assert.rejects(client.inbox(client.outside).claim('a', 'e1'), { code: 'OUTBOX_NOT_A_TRANSACTION' })
    assert.deepEqual(await client.query('select id from outbox'), [])
    assert.deepEqual(await client.query('select event_id from inbox'), [])
  })

  check('a missing table says which migration is due', async (client) => {
    await client.query('drop table outbox')
    await client.query('drop table inbox')
    const append = client.transaction((tx) => client.outbox(tx).append(order, 'o1', { amount: 1, note: '' }))
    await assert.rejects(append, { code: 'OUTBOX_TABLE_MISSING', remedy: /outboxMigration/ })
    const claim = client.transaction((tx) => client.inbox(tx).claim('a', 'e1'))
    await assert.rejects(claim, { code: 'OUTBOX_TABLE_MISSING' })
  })

  if (hasStore) registerStoreTests(name, open, skip)
}

function registerStoreTests<Tx>(name: string, open: () => Promise<Client<Tx>>, skip: string | false | undefined): void {
  const check = (title: string, body: (client: Client<Tx>, store: InboxStore<Tx>) => Promise<void>): void => {
    test(`${name}: ${title}`, { skip }, async () => {
      const client = await open()
      await body(client, client.store!()).finally(() => client.close())
    })
  }

  check('an event that is delivered three times takes effect once, per consumer', async (client, store) => {
    const handle = (consumer: string, id: string, effect: string): Promise<boolean> =>
      store.once(consumer, id, async (tx) => {
        await client.effect(tx, effect)
      })
    assert.equal(await handle('a', 'e1', 'a-e1'), true)
    assert.deepEqual(await Promise.all([handle('a', 'e1', 'twice'), handle('a', 'e1', 'thrice')]), [false, false])
    assert.equal(await handle('b', 'e1', 'b-e1'), true)
    assert.equal(await handle('a', 'E1', 'a-E1'), true)
    assert.equal(await handle('a', 'e1 ', 'a-e1-space'), true)
    assert.deepEqual(await names(client), ['a-E1', 'a-e1', 'a-e1-space', 'b-e1'])
  })

  check('two handlers of one event at the same time take effect once', async (client, store) => {
    const results = await Promise.all(
      Array.from({ length: 4 }, (_, i) =>
        store.once('a', 'e1', async (tx) => {
          await client.effect(tx, `handler ${i}`)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }),
      ),
    )
    assert.deepEqual(results.filter(Boolean), [true])
    assert.equal((await names(client)).length, 1)
  })

  check('a handler that fails takes no effect, and the event comes again', async (client, store) => {
    const failing = store.once('a', 'e1', async (tx) => {
      await client.effect(tx, 'half')
      throw new TypeError('the handler failed')
    })
    await assert.rejects(failing, /the handler failed/)
    assert.deepEqual(await names(client), [])
    assert.equal(await store.once('a', 'e1', async (tx) => void (await client.effect(tx, 'whole'))), true)
    assert.deepEqual(await names(client), ['whole'])
  })

  check('a handler that swallows the error of a statement either takes effect or is told', async (client, store) => {
    const handled = await store
      .once('a', 'e1', async (tx) => {
        await client.effect(tx, 'kept')
        await client.broken(tx).catch(() => {})
      })
      .catch(() => false)
    assert.deepEqual(await names(client), handled ? ['kept'] : [])
    assert.equal((await client.query('select event_id from inbox')).length, handled ? 1 : 0)
  })

  check('old events are forgotten in bounded steps, young ones are kept', async (_client, store) => {
    for (const id of ['e1', 'e2', 'e3']) await store.once('a', id, async () => {})
    await new Promise((resolve) => setTimeout(resolve, 500))
    const youngMs = Date.now()
    await store.once('a', 'young', async () => {})
    // Beyond the age of the young one, whatever the machine's load.
    const retentionMs = (): number => Date.now() - youngMs + 250
    assert.equal(await store.expire({ retentionMs: 60_000 }), 0)
    assert.equal(await store.expire({ retentionMs: retentionMs(), maxRows: 2 }), 2)
    assert.equal(await store.expire({ retentionMs: retentionMs(), maxRows: 2 }), 1)
    assert.equal(await store.once('a', 'young', async () => {}), false)
    await store.ping()
  })
}
