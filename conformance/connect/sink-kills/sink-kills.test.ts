import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from '@clickhouse/client'
import { seededRandom } from '@millrace/base'
import { startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { clickHouseUnavailable, startClickHouse } from '../../support/clickhouse.ts'
import { mariaDbUnavailable, startMariaDb } from '../../support/mariadb.ts'
import { startPostgres } from '../../support/postgres.ts'
import type { SinkJob } from './run-sink.ts'

const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000)
const kills = Number(process.env.MILLRACE_KILLS ?? 3)
const program = fileURLToPath(new URL('run-sink.ts', import.meta.url))
const topicName = 'events'
const finishTimeoutMs = 60_000

/** What a sink writes into. */
interface Target extends AsyncDisposable {
  readonly place: string
  /** Every number in the target, each as often as it is there. */
  numbers(): Promise<readonly number[]>
  /** Kills the target and brings it back, where it is a process. */
  killAndRestart?(): Promise<void>
}

const targets: Record<string, { readonly skip?: string | undefined; readonly open: () => Promise<Target> }> = {
  postgres: { open: openPostgres },
  mysql: { skip: mariaDbUnavailable(), open: openMariaDb },
  clickhouse: { skip: clickHouseUnavailable(), open: openClickHouse },
  sqlite: { open: openSqlite },
  files: { open: openFiles },
}

for (const [kind, { skip, open }] of Object.entries(targets)) {
  const name = `${kind}: sink and server killed at random moments, each record is there once`
  test(`${name} (MILLRACE_SEED=${seed} MILLRACE_KILLS=${kills})`, { skip }, async () => {
    const random = seededRandom(seed)
    await using target = await open()
    await using broker = await startBroker({ memory: true })
    await using client = kafkaClient({ brokers: broker.brokers })
    await client.admin.createTopics([{ name: topicName, partitions: 2 }])
    const job: SinkJob = {
      kind: kind as SinkJob['kind'],
      brokers: broker.brokers,
      topic: topicName,
      place: target.place,
    }
    let produced = 0
    for (let i = 0; i < kills; i++) {
      produced = await produce(client, produced, 1_000)
      await using sink = start(job)
      await sink.writing
      await delay(random.next() * 200)
      // Every third time it is the server that dies, under a sink that lives on for a while.
      if (i % 3 === 2) await target.killAndRestart?.()
      await delay(random.next() * 50)
    }
    await using last = start(job)
    const deadline = Date.now() + finishTimeoutMs
    let numbers: readonly number[] = []
    while (numbers.length < produced) {
      if (Date.now() > deadline) assert.fail(`${numbers.length} of ${produced} records: ${last.errors()}`)
      await delay(100)
      numbers = await target.numbers().catch(() => [])
    }
    assert.equal(numbers.length, produced)
    assert.deepEqual(
      [...numbers].sort((a, b) => a - b),
      Array.from({ length: produced }, (_, seq) => seq),
    )
  })
}

async function produce(client: KafkaClient, from: number, count: number): Promise<number> {
  const producer = client.producer({})
  for (let seq = from; seq < from + count; seq++) {
    const record = { key: Buffer.from(`k${seq % 20}`), value: Buffer.from(JSON.stringify({ seq })) }
    void producer.send({ topic: topicName, ...record })
  }
  await producer.flush()
  await producer.close()
  return from + count
}

function start(job: SinkJob): AsyncDisposable & { readonly writing: Promise<void>; errors(): string } {
  const child: ChildProcess = spawn(process.execPath, ['--conditions=source', program, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr?.on('data', (text: Buffer) => {
    errors = (errors + text.toString()).slice(-4_000)
  })
  const ended = once(child, 'exit')
  const writing = Promise.race([
    once(child.stdout!, 'data'),
    ended.then(([code]) => {
      throw new Error(`the sink ended with ${code}: ${errors}`)
    }),
  ]).then(() => {})
  writing.catch(() => {})
  return {
    writing,
    errors: () => errors,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function openPostgres(): Promise<Target> {
  const server = await startPostgres()
  const url = await server.createDatabase('kills')
  return {
    place: url,
    numbers: async () => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      try {
        const { rows } = await client.query<{ seq: number }>('select seq from events')
        return rows.map(({ seq }) => Number(seq))
      } finally {
        await client.end()
      }
    },
    killAndRestart: async () => {
      await server.kill()
      await server.restart()
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
}

async function openMariaDb(): Promise<Target> {
  const server = await startMariaDb()
  return {
    place: server.url(),
    numbers: async () => {
      const connection = await mysql.createConnection({ uri: server.url() })
      try {
        const [rows] = await connection.query('select seq from events')
        return (rows as { seq: number }[]).map(({ seq }) => Number(seq))
      } finally {
        await connection.end()
      }
    },
    killAndRestart: async () => {
      await server.kill()
      await server.restart()
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
}

async function openClickHouse(): Promise<Target> {
  const server = await startClickHouse()
  const client = createClient({ url: server.url })
  return {
    place: server.url,
    numbers: async () => {
      const result = await client.query({ query: 'select seq from events', format: 'JSONEachRow' })
      return (await result.json<{ seq: number }>()).map(({ seq }) => Number(seq))
    },
    killAndRestart: async () => {
      await server.kill()
      await server.restart()
    },
    [Symbol.asyncDispose]: async () => {
      await client.close()
      await server.close()
    },
  }
}

async function openSqlite(): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kills-'))
  const file = join(folder, 'events.db')
  return {
    place: file,
    numbers: async () => {
      const database = new DatabaseSync(file, { timeout: 5_000 })
      try {
        return database
          .prepare('select seq from events')
          .all()
          .map(({ seq }) => Number(seq))
      } finally {
        database.close()
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

async function openFiles(): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kills-'))
  return {
    place: folder,
    numbers: async () => {
      const all: number[] = []
      for (const name of await readdir(folder, { recursive: true })) {
        if (!/\.jsonl(\.open)?$/.test(name)) continue
        const lines = (await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1)
        for (const line of lines) all.push((JSON.parse(line) as { seq: number }).seq)
      }
      return all
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
