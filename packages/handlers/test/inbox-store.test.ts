import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { consume } from '@millrace/handlers'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type InboxStore, inboxMigration, outboxMigration } from '@millrace/outbox'
import { inboxStore, outbox } from '@millrace/outbox/sqlite'

const order = topic('order', { key: serdes.string, value: serdes.string })

let broker: Broker
let kafka: KafkaClient
before(async () => {
  broker = await startBroker({ memory: true })
  kafka = kafkaClient({ brokers: broker.brokers })
})
after(async () => {
  await kafka.close()
  await broker.close()
})

function database(): DatabaseSync {
  const db = new DatabaseSync(':memory:')
  db.exec(inboxMigration({ dialect: 'sqlite' }) + outboxMigration({ dialect: 'sqlite' }))
  db.exec('create table effect (event text)')
  return db
}

async function sent(contract: typeof order, ids: readonly string[]): Promise<void> {
  await kafka.admin.createTopics([{ name: contract.name, partitions: 1 }])
  const producer = kafka.producer()
  for (const id of ids) {
    const headers = [{ key: 'id', value: Buffer.from(id) }]
    await producer.send({ topic: contract.name, partition: 0, key: null, value: Buffer.from(id), headers })
  }
  await producer.close()
}

async function until(what: string, check: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 15_000; !check(); ) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const limits = { retryDelayMsMin: 1, retryDelayMsMax: 5, commitIntervalMs: 10 }

test('an event that is delivered three times takes effect once, and its outbox message with it', async () => {
  const contract = topic('thrice', { key: order.key, value: order.value })
  await sent(contract, ['e1', 'e1', 'e2', 'e1'])
  using db = database()
  const handled = consume(
    contract,
    async (message, { tx }) => {
      tx.prepare('insert into effect values (?)').run(message.eventId)
      outbox(tx).append(order, 'k', message.eventId)
    },
    { client: kafka, groupId: 'thrice', inbox: inboxStore(db), ...limits },
  )
  await using running = await handled
  const duplicates = () => [...running.metrics()].find(({ labels }) => labels?.outcome === 'duplicate')?.value
  await until('two duplicates', () => duplicates() === 2)
  await running.close()
  assert.deepEqual(
    db
      .prepare('select event from effect')
      .all()
      .map((row) => row.event),
    ['e1', 'e2'],
  )
  assert.equal(db.prepare('select * from outbox').all().length, 2)
})

test('a handler that fails is tried again, and a database that is away is waited for', async () => {
  const contract = topic('away', { key: order.key, value: order.value })
  await sent(contract, ['e1'])
  using db = database()
  const store = inboxStore(db)
  let attempts = 0
  let outages = 3
  const isAway = (): Error => Object.assign(new Error('wrapped by a tool'), { reason: 'the database is away' })
  // The database as it is, behind a connection that is down at first.
  const flaky: InboxStore<DatabaseSync> = {
    ...store,
    once: (consumer, id, effect) => (outages-- > 0 ? Promise.reject(isAway()) : store.once(consumer, id, effect)),
    ping: () => (outages >= 0 ? Promise.reject(isAway()) : store.ping()),
  }
  await using running = await consume(
    contract,
    async (message, { tx, attempt }) => {
      attempts = attempt
      tx.prepare('insert into effect values (?)').run(message.eventId)
      if (attempt < 3) throw new Error('not yet')
    },
    { client: kafka, groupId: 'away', inbox: flaky, maxAttempts: 3, ...limits },
  )
  await until('the effect', () => db.prepare('select * from effect').all().length === 1)
  await running.close()
  // While the database was away no attempt was counted.
  assert.equal(attempts, 3)
})

test('a store has its own table', async () => {
  using db = database()
  const options = { client: kafka, groupId: 'g', inbox: inboxStore(db), inboxTable: 'other' }
  await assert.rejects(
    consume(order, async () => {}, options),
    { code: 'CONFIG_INVALID_OPTION' },
  )
})
