import { startPostgres, type TestPostgres } from '@millrace/conformance/postgres'
import type { AnyTopicContract } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { inboxMigration } from '@millrace/outbox'
import pg from 'pg'

/** A broker, a database server and a client. */
export interface World extends AsyncDisposable {
  readonly brokers: string
  readonly postgres: TestPostgres
  readonly kafka: KafkaClient
  /** A pool on a fresh database with an inbox and a table `effect (event, value)` without a key, so that it shows every duplicate. */
  database(): Promise<pg.Pool>
  /** Creates a topic and returns a function that writes to it. */
  topic(contract: AnyTopicContract, partitions?: number): Promise<Write>
}

export type Write = (
  key: string | null,
  value: string | Buffer | null,
  options?: { readonly id?: string; readonly partition?: number },
) => Promise<{ readonly partition: number; readonly offset: number }>

/** A broker of whatever make, running. */
export interface RunningBroker extends AsyncDisposable {
  readonly brokers: string
}

export async function startWorld(startBroker: () => Promise<RunningBroker>): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const { brokers } = stack.use(await startBroker())
  const postgres = stack.use(await startPostgres())
  const kafka = stack.use(kafkaClient({ brokers }))
  const producer = kafka.producer()
  let databases = 0
  const owned = stack.move()
  return {
    brokers,
    postgres,
    kafka,
    async database() {
      const connectionString = await postgres.createDatabase(`test_${databases++}`)
      const pool = new pg.Pool({ connectionString, max: 8, connectionTimeoutMillis: 10_000 })
      pool.on('error', () => {})
      owned.defer(() => pool.end())
      await pool.query(`${inboxMigration()}; create table effect (position serial, event text, value text)`)
      return pool
    },
    async topic(contract, partitions = 1) {
      await kafka.admin.createTopics([{ name: contract.name, partitions }])
      return (key, value, { id, partition } = {}) =>
        producer.send({
          topic: contract.name,
          ...(partition !== undefined && { partition }),
          key: key === null ? null : Buffer.from(key),
          value: typeof value === 'string' ? Buffer.from(value) : value,
          headers: id === undefined ? [] : [{ key: 'id', value: Buffer.from(id) }],
        })
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Waits until `condition` holds; fails with `what` after half a minute. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 30_000
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error(`it did not come to that: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** All records of a topic, until `count` have come. */
export async function readAll(kafka: KafkaClient, topic: string, count: number) {
  await using consumer = kafka.consumer({ autoOffsetReset: 'earliest' })
  const [description] = await kafka.admin.describeTopics([topic])
  consumer.assign((description?.partitions ?? []).map(({ partition }) => ({ topic, partition })))
  const records = []
  for await (const record of consumer.records({ signal: AbortSignal.timeout(30_000) })) {
    records.push(record)
    if (records.length >= count) break
  }
  return records
}
