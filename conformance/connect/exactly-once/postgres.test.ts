// PostgreSQL's changes under SIGKILL of the worker: each is in the topic once, in the order of the commits, and the snapshot too.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Random, seededRandom } from '@millrace/base'
import { startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient, scanTopic } from '@millrace/kafka'
import pg from 'pg'
import { startPostgres } from '../../support/postgres.ts'
import { WorkerProcess } from './worker-process.ts'

const kills = Number(process.env.MILLRACE_KILLS ?? 3)
const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000)
const finishTimeoutMs = 60_000
const rowsBefore = 500
const topic = 'shop.public.account'

interface Change {
  readonly op: string
  readonly before: unknown
  readonly after: { readonly id: number; readonly change: number } | null
  readonly source: { readonly lsn: number; readonly txId: number }
}

/** One row is changed by each statement, which counts: the numbers are the order of the commits. */
class Ledger implements AsyncDisposable {
  readonly #pool: pg.Pool
  readonly #writing: Promise<void>
  #isEnded = false
  count = 0

  constructor(pool: pg.Pool, random: Random) {
    this.#pool = pool
    this.#writing = this.#write(random)
  }

  async end(): Promise<void> {
    this.#isEnded = true
    await this.#writing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
    await this.#pool.end()
  }

  async #write(random: Random): Promise<void> {
    while (!this.#isEnded) {
      const statements = 1 + Math.floor(random.next() * 5)
      const tx = await this.#pool.connect()
      await tx.query('begin')
      for (let n = 0; n < statements; n++) {
        const id = Math.floor(random.next() * rowsBefore)
        await tx.query('update account set change = $1 where id = $2', [++this.count, id])
      }
      await tx.query('commit')
      tx.release()
      await delay(random.next() * 8)
    }
  }
}

async function changesIn(client: KafkaClient): Promise<Change[]> {
  const found: Change[] = []
  for await (const { value } of scanTopic(client, { topic })) if (value) found.push(JSON.parse(String(value)))
  return found
}

test(`nothing lost or doubled (MILLRACE_KILLS=${kills} MILLRACE_SEED=${seed})`, async () => {
  const random = seededRandom(seed)
  await using postgres = await startPostgres()
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: topic, partitions: 1 }])
  const pool = new pg.Pool({ connectionString: postgres.url(), max: 1 })
  await pool.query('create table account (id int primary key, change int not null)')
  await pool.query(`insert into account select n, 0 from generate_series(0, ${rowsBefore - 1}) n`)
  const config = {
    name: 'accounts',
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'database.hostname': '127.0.0.1',
    'database.port': String(postgres.port),
    'database.user': 'postgres',
    'database.dbname': 'postgres',
    'topic.prefix': 'shop',
    'plugin.name': 'pgoutput',
    'table.include.list': 'public.account',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'exactly.once.support': 'required',
  }
  const start = (): WorkerProcess => new WorkerProcess({ brokers: broker.brokers, config })
  await using ledger = new Ledger(pool, seededRandom(seed + 1))
  for (let kill = 0; kill < kills; kill++) {
    await using worker = start()
    // Some die while they make the slot, snapshot, or look for where to go on.
    const isEarly = random.next() < 0.4
    await worker.says(isEarly ? 'starting' : 'RUNNING')
    await delay(random.next() * 500)
  }
  await ledger.end()
  await using last = start()
  let changes = await changesIn(client)
  for (
    const deadline = Date.now() + finishTimeoutMs;
    changes.at(-1)?.after?.change !== ledger.count;
    await delay(100)
  ) {
    if (Date.now() > deadline)
      assert.fail(`change ${ledger.count} has not come; ${changes.length} have: ${last.errors}`)
    changes = await changesIn(client)
  }
  await delay(300)
  changes = await changesIn(client)

  const snapshot = changes.filter(({ op }) => op === 'r')
  const ids = snapshot.map(({ after }) => after?.id ?? -1)
  assert.deepEqual(
    ids.toSorted((a, b) => a - b),
    Array.from({ length: rowsBefore }, (_, id) => id),
  )
  assert.ok(
    changes.slice(0, rowsBefore).every(({ op }) => op === 'r'),
    'the snapshot comes first, whole',
  )
  const streamed = changes.slice(rowsBefore)
  const seen = Math.max(...snapshot.map(({ after }) => after?.change ?? 0))
  assert.deepEqual(
    streamed.map(({ after }) => after?.change),
    Array.from({ length: ledger.count - seen }, (_, n) => seen + 1 + n),
  )
})
