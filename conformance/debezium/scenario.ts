import { type Broker, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import { eventually, type ReadRecord, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import type { TestPostgres } from '../support/postgres.ts'
import type { Configuration } from './configurations.ts'
import { setup, steps } from './statements.ts'

/** Records of one connector by topic, in the order of their topics' names. */
export type Captured = ReadonlyMap<string, readonly ReadRecord[]>

/** Something that captures: a broker of its own, and one connector for each configuration on it. */
export interface Contestant {
  readonly name: string
  start(brokers: string, connectors: readonly Readonly<Record<string, string>>[]): Promise<RunningContestant>
  /** What it says when it has failed; empty while all is well. */
  problem?(): string
}

export interface RunningContestant extends AsyncDisposable {
  /** Ends the connectors as a deployment does, with what they have read written down. */
  stop(): Promise<void>
  /** Starts them again from there. */
  resume(): Promise<void>
}

/** Of the server: a slot and some connections for each connector. Debezium prints ranges of times in the zone of the server. */
export const serverSettings = { max_replication_slots: 30, max_wal_senders: 30, max_connections: 150, timezone: 'UTC' }

const patienceMs = 180_000

/**
 * Runs the statements once while all contestants capture them, so that they see the same transactions, positions and times.
 */
export async function capture(
  postgres: TestPostgres,
  contestants: readonly Contestant[],
  configurations: readonly Configuration[],
): Promise<Map<string, Map<string, Captured>>> {
  const url = await postgres.createDatabase('shop')
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  const running: RunningContestant[] = []
  const brokers: { name: string; broker: Broker; client: KafkaClient }[] = []
  try {
    for (const sql of setup) await db.query(sql)
    await db.query('vacuum analyze')
    for (const contestant of contestants) {
      const broker = await startBroker({ memory: true })
      const client = kafkaClient({ brokers: broker.brokers })
      brokers.push({ name: contestant.name, broker, client })
      const connectors = configurations.map((one) => connectorProperties(postgres, contestant.name, one))
      running.push(await contestant.start(broker.brokers, connectors))
    }
    const wanted = contestants.length * configurations.length
    const active = "select count(*)::int as n from pg_replication_slots where active and slot_type = 'logical'"
    const stream = (what: string, n: number): Promise<void> =>
      patiently(what, contestants, async () => (await db.query(active)).rows[0].n === n)
    await stream('all connectors stream', wanted)
    const marks = new Marks(
      db,
      brokers.map(({ client }) => client),
      configurations.length,
    )
    for (const { sql, pause, restart } of steps) {
      if (restart) {
        // Debezium writes down only what it has handed over.
        await patiently('all connectors follow', contestants, await marks.set())
        for (const one of running) await one.stop()
        await stream('no connector streams', 0)
      }
      await db.query('begin')
      for (const statement of sql) await db.query(statement)
      await db.query('commit')
      if (restart) {
        for (const one of running) await one.resume()
        await stream('all connectors stream again', wanted)
      }
      if (pause) await patiently('all connectors follow', contestants, await marks.set())
    }
    await patiently('all connectors have read to the end', contestants, await marks.set())
    const results = new Map<string, Map<string, Captured>>()
    for (const { name, client } of brokers) {
      const byConnector = new Map<string, Captured>()
      for (const configuration of configurations)
        byConnector.set(configuration.name, await readAll(client, configuration.name))
      results.set(name, byConnector)
    }
    return results
  } finally {
    for (const one of running) await one[Symbol.asyncDispose]()
    for (const { client, broker } of brokers) {
      await client.close()
      await broker.close()
    }
    await db.end()
  }
}

/** Rows of a table that everybody captures; who has published one has read everything before it. */
class Marks {
  readonly #db: pg.Client
  readonly #clients: readonly KafkaClient[]
  readonly #connectors: number
  #count = 0
  #seen = new Map<string, number>()

  constructor(db: pg.Client, clients: readonly KafkaClient[], connectors: number) {
    this.#db = db
    this.#clients = clients
    this.#connectors = connectors
  }

  /** Inserts the next row and tells how to see whether it has come everywhere. */
  async set(): Promise<() => Promise<boolean>> {
    await this.#db.query('insert into done values ($1)', [++this.#count])
    return async () => {
      const ends = await this.#ends()
      if (ends.size < this.#connectors * this.#clients.length) return false
      // One more record each; a committed transaction ends with a marker, which counts, too.
      if ([...ends].some(([topic, end]) => end <= (this.#seen.get(topic) ?? 0))) return false
      this.#seen = ends
      return true
    }
  }

  async #ends(): Promise<Map<string, number>> {
    const ends = new Map<string, number>()
    for (const [i, { admin }] of this.#clients.entries()) {
      const topics = (await admin.listTopics()).filter(({ name }) => /\bdone$/.test(name))
      const targets = topics.map(({ name }) => ({ topic: name, partition: 0, at: 'latest' as const }))
      const found = await admin.listOffsets(targets, { isolation: 'read_committed' })
      for (const { topic, offset } of found) ends.set(`${i} ${topic}`, offset)
    }
    return ends
  }
}

/** Waits with the contestants' own words in the message where it takes too long. */
async function patiently(
  what: string,
  contestants: readonly Contestant[],
  check: () => Promise<boolean>,
): Promise<void> {
  const problems = (): string => contestants.map((one) => one.problem?.() ?? '').join('')
  try {
    await eventually(what, async () => problems() !== '' || (await check()) || undefined, patienceMs)
    if (problems() !== '') throw new Error(what)
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${problems()}`, { cause: error })
  }
}

function connectorProperties(
  postgres: TestPostgres,
  contestant: string,
  { name, properties }: Configuration,
): Record<string, string> {
  return {
    name,
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': '1',
    'database.hostname': '127.0.0.1',
    'database.port': String(postgres.port),
    'database.user': 'postgres',
    'database.password': 'secret',
    'database.dbname': 'shop',
    'topic.prefix': name,
    'plugin.name': 'pgoutput',
    'slot.name': `${contestant}_${name}`,
    'publication.name': `${contestant}_${name}`,
    ...properties,
  }
}

async function topicsOf(client: KafkaClient, prefix: string): Promise<string[]> {
  const topics = await client.admin.listTopics()
  return topics
    .map(({ name }) => name)
    .filter((name) => new RegExp(`^${prefix}([.-]|$)`).test(name))
    .sort()
}

async function readAll(client: KafkaClient, prefix: string): Promise<Captured> {
  const captured = new Map<string, readonly ReadRecord[]>()
  for (const topic of await topicsOf(client, prefix)) captured.set(topic, await readTopic(client, topic))
  return captured
}
