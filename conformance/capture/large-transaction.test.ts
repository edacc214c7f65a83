import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import { startPostgres } from '../support/postgres.ts'

const main = fileURLToPath(new URL('tables-main.ts', import.meta.url))
/** Size of the one transaction; 1024 shows the bound, less is quicker. */
const megabytes = Number(process.env.MILLRACE_TRANSACTION_MB ?? 128)
const rowBytes = 8_192
const memoryMbMax = 300

interface Report {
  readonly state: string
  readonly records: number
  readonly peakMb: number
}

/** Starts the capture and hands each report to `seen`, until that returns true or the time is over. */
async function capture(job: object, seen: (report: Report) => boolean): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--conditions=source', main, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const deadline = Date.now() + 120_000 + megabytes * 500
  for await (const line of createInterface({ input: child.stdout! })) {
    if (seen(JSON.parse(line) as Report)) return child
    assert.ok(Date.now() < deadline, `not in time: ${line}`)
  }
  throw new Error('the capture ended')
}

test(`one transaction of ${megabytes} MB is captured once, in order, within ${memoryMbMax} MB, also when the process is killed in its middle`, {
  skip: process.platform === 'linux' ? false : 'memory is read from /proc',
  timeout: 900_000,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-large-'))
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
  await using postgres = await startPostgres({ settings: { max_wal_size: '4GB', logical_decoding_work_mem: '64MB' } })
  await using broker = await startBroker({ dataDir: folder })
  await using client = kafkaClient({ brokers: broker.brokers })
  const url = await postgres.createDatabase('large')
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  await using _db = { [Symbol.asyncDispose]: () => db.end() }
  await db.query(`create table big (id int primary key, filler text);
                  alter table big alter column filler set storage external`)
  const job = { brokers: broker.brokers, url, table: 'big', topic: 'big' }
  const rows = Math.floor((megabytes * 1024 * 1024) / rowBytes)
  const first = await capture(job, ({ state }) => state === 'running')
  await db.query(
    `insert into big select g, repeat(md5(g::text), ${rowBytes / 32}) from generate_series(1, $1::int) g`,
    [rows],
  )
  first.kill('SIGKILL')
  const peaks: number[] = []
  const second = await capture(job, ({ records, peakMb }) => {
    peaks.push(peakMb)
    return records > rows / 4
  })
  second.kill('SIGKILL')
  const topicEnd = async (): Promise<number> => {
    const ends = await client.admin.listOffsets([{ topic: 'big', partition: 0, at: 'latest' }], {
      isolation: 'read_committed',
    })
    return ends[0]?.offset ?? 0
  }
  const before = await topicEnd()
  // How much the last process has still to read follows from the records that are there, markers of commits left out.
  let idle = 0
  let last = -1
  const third = await capture(job, ({ records, peakMb }) => {
    peaks.push(peakMb)
    idle = records > 0 && records === last ? idle + 1 : 0
    last = records
    return idle > 15
  })
  third.kill('SIGKILL')
  assert.ok(before > 0, 'the second process was killed in the middle')
  const consumer = client.consumer({ isolation: 'read_committed' })
  await consumer.assign([{ topic: 'big', partition: 0 }])
  consumer.seek({ topic: 'big', partition: 0, offset: 0 })
  const end = await topicEnd()
  let next = 1
  while ((consumer.position({ topic: 'big', partition: 0 }) ?? 0) < end) {
    for (const { batches } of await consumer.poll({ timeoutMs: 500 })) {
      for (const batch of batches) {
        const cursor = batch.cursor()
        while (cursor.next()) assert.equal(cursor.keyBytes()?.toString(), String(next++))
      }
    }
  }
  await consumer.close()
  assert.equal(next - 1, rows)
  const peak = Math.max(...peaks)
  t.diagnostic(`${peak} MB at most`)
  assert.ok(peak < memoryMbMax, `${peak} MB at most`)
})
