import { setTimeout as delay } from 'node:timers/promises'
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
  start(brokers: string, connectors: readonly Readonly<Record<string, string>>[]): Promise<AsyncDisposable>
  /** What it says when it has failed; empty while all is well. */
  problem?(): string
}

/** Of the server: a slot and some connections for each connector. Debezium prints ranges of times in the zone of the server. */
export const serverSettings = { max_replication_slots: 30, max_wal_senders: 30, max_connections: 150, timezone: 'UTC' }

const pauseMs = 1_500
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
  const running: AsyncDisposable[] = []
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
    await patiently('all connectors stream', contestants, async () => (await db.query(active)).rows[0].n === wanted)
    for (const { sql, pause } of steps) {
      await db.query('begin')
      for (const statement of sql) await db.query(statement)
      await db.query('commit')
      if (pause) await delay(pauseMs)
    }
    const results = new Map<string, Map<string, Captured>>()
    for (const { name, client } of brokers) {
      const byConnector = new Map<string, Captured>()
      for (const configuration of configurations) {
        const isDone = async (): Promise<boolean> =>
          (await topicsOf(client, configuration.name)).some((topic) => /\bdone$/.test(topic))
        await patiently(`${name} has read ${configuration.name} to the end`, contestants, isDone)
        // Topics of other tables may still be in flight.
        await delay(pauseMs)
        byConnector.set(configuration.name, await readAll(client, configuration.name))
      }
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
