import { after, before } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { startPostgres, type TestPostgres } from '@millrace/conformance/postgres'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import {
  type PostgresTablesOptions,
  postgresTables,
  type RunningConnector,
  runSource,
  type SourceConnector,
  storedPosition,
} from '../../src/index.ts'
import { eventually, readTopic } from './topic-reader.ts'

/** Intervals that tests need not wait for. */
export const fast = { heartbeatIntervalMs: 100, statusIntervalMs: 100 }

export interface CapturedDatabase extends AsyncDisposable {
  readonly url: string
  readonly name: string
  readonly db: pg.Client
}

/** A PostgreSQL server and a broker for the tests of one suite, and what they have in common. */
export class CaptureFixture {
  #postgres: TestPostgres | undefined
  #broker: Broker | undefined
  #client: KafkaClient | undefined
  #databases = 0

  constructor() {
    before(async () => {
      this.#postgres = await startPostgres({ settings: { max_replication_slots: 30, max_wal_senders: 30 } })
      this.#broker = await startBroker({ memory: true })
      this.#client = kafkaClient({ brokers: this.#broker.brokers })
    })
    after(async () => {
      await this.#client?.close()
      await this.#broker?.close()
      await this.#postgres?.close()
    })
  }

  get client(): KafkaClient {
    return this.#client!
  }

  readonly database = async (sql: string): Promise<CapturedDatabase> => {
    const name = `capture_${++this.#databases}`
    const url = await this.#postgres!.createDatabase(name)
    const db = new pg.Client({ connectionString: url })
    db.on('error', () => {})
    await db.connect()
    await db.query(sql)
    return { url, name, db, [Symbol.asyncDispose]: () => db.end().catch(() => {}) }
  }

  readonly run = (connector: SourceConnector): RunningConnector =>
    runSource(connector, { client: this.client, limits: { retryDelayMsMin: 20, retryDelayMsMax: 200 } })

  /** The connector of one table `account (id, version)`, read in parts of 100 rows. */
  readonly accounts = (
    s: { readonly url: string; readonly name: string },
    options: Partial<PostgresTablesOptions> = {},
  ): SourceConnector =>
    postgresTables({
      url: s.url,
      tables: [{ table: 'account', topic: `${s.name}.account` }],
      limits: { ...fast, snapshotTransactionMaxBytes: 0, chunkMaxRows: 100 },
      ...options,
    })

  readonly snapshotEnded = async (name: string): Promise<void> => {
    await eventually('the end of the snapshot', async () => {
      const position = await storedPosition(this.client, name)
      return position && position.snapshot === undefined && position.vanished === undefined ? true : undefined
    })
  }

  /** Versions per key in the order of the topic; null for a tombstone. */
  readonly versions = async (topic: string): Promise<Map<string, (number | null)[]>> => {
    const found = new Map<string, (number | null)[]>()
    for (const { key, value } of await readTopic(this.client, topic)) {
      const list = found.get(key ?? '') ?? []
      list.push(value === null ? null : (JSON.parse(value) as { version: number }).version)
      found.set(key ?? '', list)
    }
    return found
  }
}
