import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startBroker } from '@millrace/broker'
import { fileSink, mysqlSink, postgresSink, runSink, type SinkConnector, sqliteSink } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { mariaDbUnavailable, startMariaDb } from '../support/mariadb.ts'
import { startPostgres } from '../support/postgres.ts'
import { waitFor } from '../support/wait-for.ts'
import { smallDisk } from './small-disk.ts'

const events = topic('events', { key: serdes.string, value: serdes.json<{ seq: number; text: string }>() })
/** More than the disk holds. */
const records = 20_000
const recordBytes = 1_000

/** What a sink fills. */
interface Target extends AsyncDisposable {
  readonly sink: SinkConnector
  /** Every number that is there, each as often as it is. */
  numbers(): Promise<readonly number[]>
}

const targets: Record<
  string,
  { readonly skip?: string | undefined; readonly open: (disk: string) => Promise<Target> }
> = {
  postgres: { open: openPostgres },
  mysql: { skip: mariaDbUnavailable(), open: openMariaDb },
  sqlite: { open: openSqlite },
  files: { open: openFiles },
}

for (const [name, { skip, open }] of Object.entries(targets)) {
  test(`${name}: a sink whose target is full pauses, says why, and has each record once when there is room`, {
    skip,
  }, async (t) => {
    const disk = await smallDisk()
    if (typeof disk === 'string') return t.skip(disk)
    try {
      // InnoDB takes several megabytes at a time.
      disk.remount('14m')
      await using target = await open(disk.folder)
      await using broker = await startBroker({ memory: true })
      await using client = kafkaClient({ brokers: broker.brokers })
      await client.admin.createTopics([{ name: events.name, partitions: 2 }])
      {
        await using producer = client.producer()
        for (let seq = 0; seq < records; seq++) {
          const value = JSON.stringify({ seq, text: randomBytes(recordBytes / 2).toString('hex') })
          void producer.send({ topic: events.name, key: Buffer.from(`k${seq}`), value: Buffer.from(value) })
        }
        await producer.flush()
      }
      await using running = runSink(target.sink, {
        client,
        limits: { retryDelayMsMin: 50, retryDelayMsMax: 500, maxWriteBytes: 200_000, maxPartitionBytes: 200_000 },
      })
      running.finished.catch(() => {})
      await waitFor('the disk to be full', () => running.status().state === 'retrying' && running.status().attempts > 2)
      const { error, records: before, deadLetters } = running.status()
      assert.match(error?.code ?? '', /_UNAVAILABLE$/)
      assert.match(error?.message ?? '', /full|space/i)
      assert.match(error?.remedy ?? '', /disk/)
      assert.ok(before > 0 && before < records, `${before} records: ${error?.message}`)
      assert.equal(deadLetters, 0, 'no record is to blame')
      await delay(500)
      assert.equal(running.status().state, 'retrying')

      disk.remount('96m')
      await waitFor('the rest', () => running.status().lag === 0 && running.status().state === 'running')
      const numbers = [...(await target.numbers())].sort((a, b) => a - b)
      assert.deepEqual(
        numbers,
        Array.from({ length: records }, (_, seq) => seq),
      )
      assert.equal(running.status().deadLetters, 0)
    } finally {
      await disk.close()
    }
  })
}

/** Gives a folder to the user that a server runs as. */
async function folderFor(dataFolder: string, disk: string): Promise<string> {
  const { uid, gid } = await stat(dataFolder)
  const folder = join(disk, 'tables')
  await mkdir(folder)
  await chown(folder, uid, gid)
  return folder
}

async function openPostgres(disk: string): Promise<Target> {
  const server = await startPostgres()
  const client = new pg.Client({ connectionString: server.url() })
  await client.connect()
  const { rows } = await client.query<{ data_directory: string }>('show data_directory')
  await client.query(`create tablespace small location '${await folderFor(rows[0]!.data_directory, disk)}'`)
  await client.query('create table events (key text, seq integer, text text) tablespace small')
  return {
    sink: postgresSink(events, { url: server.url(), table: 'events', mode: 'insert' }),
    numbers: async () => (await client.query<{ seq: number }>('select seq from events')).rows.map(({ seq }) => seq),
    [Symbol.asyncDispose]: async () => {
      await client.end()
      await server.close()
    },
  }
}

async function openMariaDb(disk: string): Promise<Target> {
  const server = await startMariaDb()
  const client = await mysql.createConnection({ uri: server.url() })
  const [rows] = await client.query<mysql.RowDataPacket[]>('select @@datadir as folder')
  const folder = await folderFor(String(rows[0]!.folder), disk)
  await client.query(`create table events (\`key\` varchar(20), seq int, text longtext) data directory = '${folder}'`)
  return {
    sink: mysqlSink(events, { url: server.url(), table: 'events', mode: 'insert' }),
    numbers: async () => {
      const [all] = await client.query<mysql.RowDataPacket[]>('select seq from events')
      return all.map(({ seq }) => Number(seq))
    },
    [Symbol.asyncDispose]: async () => {
      await client.end()
      await server.close()
    },
  }
}

async function openSqlite(disk: string): Promise<Target> {
  const file = join(disk, 'events.db')
  return {
    sink: sqliteSink(events, { file, table: 'events', mode: 'insert' }),
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
    [Symbol.asyncDispose]: async () => {},
  }
}

async function openFiles(disk: string): Promise<Target> {
  return {
    sink: fileSink(events, { folder: disk, line: 'value' }),
    numbers: async () => {
      const all: number[] = []
      for (const name of await readdir(disk, { recursive: true })) {
        if (!/\.jsonl(\.open)?$/.test(name)) continue
        const lines = (await readFile(join(disk, name), 'utf8')).split('\n').slice(0, -1)
        for (const line of lines) all.push((JSON.parse(line) as { seq: number }).seq)
      }
      return all
    },
    [Symbol.asyncDispose]: async () => {},
  }
}
