// Records fail in a handler, in streams, in a source and in a sink; one desk lists them by cause, and after each cause is mended
// they go back and take effect once.
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Broker, startBroker } from '@millrace/broker'
import { postgresOutbox, postgresSink, runSink, runSource } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { consume } from '@millrace/handlers'
import { type KafkaClient, kafkaClient, scanTopic } from '@millrace/kafka'
import { inboxMigration, outbox, outboxMigration } from '@millrace/outbox'
import { failureHandlers, startStreams, topology } from '@millrace/streams'
import pg from 'pg'
import { startPostgres } from '../support/postgres.ts'

const cli = join(import.meta.dirname, '../../packages/millrace/bin/millrace.js')
const order = topic('order', { key: serdes.string, value: serdes.json<{ amount: number }>() })
const payment = topic('payment', { key: serdes.string, value: serdes.json<{ amount: number }>() })
const effect = topic('effect', { key: serdes.string, value: serdes.json<{ n: number }>() })
const total = topic('total', { key: serdes.string, value: serdes.json<{ total: number }>() })
const stray = topic('stray', { key: serdes.string, value: serdes.json<{ n: number }>() })

const tables = `
create table bills (consumer text not null, amount integer not null, arrival bigserial);
create table effects (key text not null, n integer not null, arrival bigserial);
create table totals (key text primary key, total integer not null, constraint small check (total < 100));`

/** `MILLRACE_LETTERS=10000` for the long form. */
const manyLetters = Number(process.env.MILLRACE_LETTERS ?? 1_500)

class World implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack()
  broker!: Broker
  client!: KafkaClient
  db!: pg.Pool
  url!: string
  /** What is mended in the middle of the test. */
  isMended = false

  static async start(): Promise<World> {
    const world = new World()
    const postgres = world.#stack.use(await startPostgres())
    world.broker = world.#stack.use(await startBroker({ memory: true }))
    world.client = world.#stack.use(kafkaClient({ brokers: world.broker.brokers }))
    world.url = await postgres.createDatabase('shop')
    world.db = world.#stack.adopt(new pg.Pool({ connectionString: world.url, max: 8 }), (pool) => pool.end())
    // The server may end before the last connection has said goodbye.
    world.db.on('connect', (connection) => void connection.on('error', () => {}))
    world.db.on('error', () => {})
    await world.db.query(tables + outboxMigration() + inboxMigration())
    await world.client.admin.createTopics([order, payment, total].map(({ name }) => ({ name, partitions: 2 })))
    return world
  }

  /** Two handlers of one topic: `billing` cannot take negative amounts, `audit` takes everything that it can read. */
  async handlers(): Promise<void> {
    for (const [groupId, onFailure] of [
      ['billing', 'dead-letter'],
      ['audit', 'skip'],
    ] as const) {
      const running = await consume(
        order,
        async ({ value }, { tx }) => {
          const { amount } = value ?? { amount: 0 }
          if (groupId === 'billing' && amount < 0 && !this.isMended) throw new RangeError(`no bill over ${amount}`)
          await tx.query('insert into bills (consumer, amount) values ($1, $2)', [groupId, amount])
        },
        {
          client: this.client,
          groupId,
          inbox: this.db,
          onFailure,
          maxAttempts: 2,
          retryDelayMsMin: 1,
          commitIntervalMs: 50,
        },
      )
      this.#stack.use(running)
    }
  }

  /** Takes nothing until it is mended; writes down what takes effect, in its order. */
  async effects(): Promise<void> {
    const limits = { maxAttempts: 1, commitIntervalMs: 50 }
    const running = await consume(
      effect,
      async ({ key, value }, { tx }) => {
        if (!this.isMended) throw new RangeError(`not yet ${value?.n}`)
        await tx.query('insert into effects (key, n) values ($1, $2)', [key, value?.n])
      },
      { client: this.client, groupId: 'effects', inbox: this.db, onFailure: 'dead-letter', ...limits },
    )
    this.#stack.use(running)
  }

  async streams(): Promise<void> {
    const app = topology('totals')
    app
      .stream(payment)
      .mapValues(
        ({ amount }) => {
          if (amount === 13 && !this.isMended) throw new TypeError('thirteen is no amount')
          return amount
        },
        { name: 'checked' },
      )
      .groupByKey({ value: serdes.float64 })
      .reduce((sum, amount) => sum + amount, { initial: 0, store: 'sums', value: serdes.float64 })
      .mapValues((sum) => ({ total: sum }), { name: 'named' })
      .to(total)
    const { deadLetter, fail } = failureHandlers
    const running = await startStreams({
      topology: app,
      brokers: this.broker.brokers,
      stateDir: 'memory',
      handlers: { deserialize: deadLetter, process: deadLetter, produce: fail },
    })
    this.#stack.defer(() => running.close())
  }

  connectors(): void {
    const { client, url } = this
    const source = postgresOutbox({ name: 'shop', url, topics: [order], onUnknownTopic: 'dead-letter' })
    const sink = postgresSink(total, { name: 'totals-sink', url, table: 'totals', mode: 'upsert' })
    for (const running of [runSource(source, { client }), runSink(sink, { client })]) {
      this.#stack.defer(() => running.close())
    }
  }

  /** Keys of one length and hash, so that all records of a topic are in order. */
  async send(name: string, ...values: string[]): Promise<void> {
    await using producer = this.client.producer()
    for (const value of values) await producer.send({ topic: name, key: Buffer.from('k'), value: Buffer.from(value) })
  }

  desk(...args: string[]): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, ['--conditions=source', cli, 'dlq', ...args, '--json'], {
      env: { ...process.env, MILLRACE_BROKERS: this.broker.brokers },
    })
  }

  async dlq(...args: string[]): Promise<unknown> {
    const child = this.desk(...args)
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    await once(child, 'close')
    assert.equal(child.exitCode, 0, stderr)
    return JSON.parse(stdout)
  }

  async bills(): Promise<Record<string, number[]>> {
    const { rows } = await this.db.query<{ consumer: string; amount: number }>('select * from bills order by arrival')
    const of = (name: string): number[] => rows.filter(({ consumer }) => consumer === name).map(({ amount }) => amount)
    return { billing: of('billing'), audit: of('audit') }
  }

  async sunk(): Promise<number | undefined> {
    const { rows } = await this.db.query<{ total: number }>('select total from totals')
    return rows[0]?.total
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

async function eventually<T>(ask: () => Promise<T>, expected: T): Promise<void> {
  const deadlineMs = Date.now() + 20_000 + 10 * manyLetters
  for (;;) {
    const answer = await ask()
    try {
      assert.deepEqual(answer, expected)
      return
    } catch (error) {
      if (Date.now() > deadlineMs) throw error
      await delay(100)
    }
  }
}

async function values(client: KafkaClient, name: string): Promise<string[]> {
  const found: string[] = []
  for await (const { value } of scanTopic(client, { topic: name })) found.push(String(value))
  return found
}

test('what fails in handlers, streams, a source and a sink stands in one list, goes back and takes effect once', async () => {
  await using world = await World.start()
  world.connectors()
  await world.handlers()
  await world.streams()
  await world.send(order.name, '{"amount":1}', '{"amo', '{"amount":-2}', '{"amount":3}')
  await world.send(payment.name, '{"amount":10}', 'ten', '{"amount":13}', '{"amount":90}')
  const client = await world.db.connect()
  await client.query('begin')
  await outbox(client).append(stray, 'k', { n: 1 })
  await client.query('commit')
  client.release()

  interface Row {
    readonly application: string
    readonly stage: string
    readonly open: number
  }
  const causes = async (): Promise<string[]> =>
    ((await world.dlq('list')) as Row[]).map(({ application, stage, open }) => `${application} ${stage} ${open}`).sort()
  await eventually(causes, [
    'billing deserialize 1',
    'billing process 1',
    'shop produce 1',
    'totals deserialize 1',
    'totals process 1',
    'totals-sink process 1',
  ])
  await eventually(() => world.bills(), { billing: [1, 3], audit: [1, -2, 3] })

  world.isMended = true
  await world.db.query('alter table totals drop constraint small')
  await world.client.admin.createTopics([{ name: stray.name }])
  for (const [name, value] of [
    ['order', '{"amount":2}'],
    ['payment', '{"amount":7}'],
  ] as const) {
    const open = (await world.dlq('list', name)) as { position: string; stage: string }[]
    const { position } = open.find(({ stage }) => stage === 'deserialize')!
    await world.dlq('edit', name, position, '--value', value)
  }
  // The row that the sink could not write is older than the total that it wrote then: it stays.
  await world.dlq('discard', 'total', '--all', '--yes', '--reason', 'overtaken')
  for (const name of ['order', 'payment', 'shop.dlq']) await world.dlq('redrive', name, '--all', '--yes', '--by', 'ann')

  // In the order of their events. `audit` could not read the second record and skipped it; the others it has had.
  await eventually(() => world.bills(), { billing: [1, 3, 2, -2], audit: [1, -2, 3] })
  await eventually(() => world.sunk(), 120)
  assert.deepEqual(await values(world.client, stray.name), ['{"n":1}'])
  assert.deepEqual(await causes(), [])
  for (const name of ['order', 'payment', 'shop.dlq']) {
    assert.equal(((await world.dlq('redrive', name, '--all', '--yes')) as { redriven: number }).redriven, 0)
  }
  await delay(500)
  assert.deepEqual(await world.bills(), { billing: [1, 3, 2, -2], audit: [1, -2, 3] })
  assert.equal(await world.sunk(), 120)
  const trail = (await world.dlq('audit', 'order')) as { action: string; by: string }[]
  assert.deepEqual(
    trail.map(({ action }) => action),
    ['edit', 'redrive', 'redrive'],
  )
})

test(`${manyLetters} letters, sent by a desk that is killed on the way, take effect once each and in the order of each key`, async () => {
  const [count, keys] = [manyLetters, 50]
  await using world = await World.start()
  await world.client.admin.createTopics([{ name: effect.name, partitions: 4 }])
  await world.effects()
  {
    await using producer = world.client.producer()
    for (let n = 0; n < count; n++) {
      const record = { key: Buffer.from(`k${n % keys}`), value: Buffer.from(JSON.stringify({ n })) }
      void producer.send({ topic: effect.name, ...record })
    }
  }
  const [dlq, at] = [`${effect.name}.dlq`, 'latest' as const]
  const letters = async (): Promise<number> =>
    (await world.client.admin.listOffsets([{ topic: dlq, partition: 0, at }]).catch(() => []))[0]?.offset ?? 0
  await eventually(letters, count)
  world.isMended = true
  const dying = world.desk('redrive', 'effect', '--all', '--yes', '--by', 'ann', '--no-successors')
  const died = once(dying, 'exit')
  const effects = async (): Promise<number> =>
    Number((await world.db.query('select count(*) from effects')).rows[0]?.count)
  while ((await effects()) === 0) await delay(5)
  dying.kill('SIGKILL')
  await died
  const second = (await world.dlq('redrive', 'effect', '--all', '--yes', '--by', 'bob')) as { redriven: number }
  await eventually(effects, count)
  assert.ok(second.redriven > 0, 'the first desk was killed too late')
  const { rows } = await world.db.query<{ key: string; n: number }>('select key, n from effects order by arrival')
  for (const [key, own] of Map.groupBy(rows, (row) => row.key)) {
    const expected = Array.from({ length: count / keys }, (_, i) => i * keys + Number(key.slice(1)))
    assert.deepEqual(
      own.map(({ n }) => n),
      expected,
    )
  }
  const trail = (await world.dlq('audit', 'effect', '--max', `${2 * count}`)) as { action: string; by: string }[]
  const by = (name: string): number => trail.filter((line) => line.action === 'redrive' && line.by === name).length
  assert.deepEqual([by('ann') + by('bob'), by('bob')], [count, second.redriven])
})
