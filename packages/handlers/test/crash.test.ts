import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '@millrace/base'
import { startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { outboxMigration } from '@millrace/outbox'
import type pg from 'pg'
import { eventually, startWorld, type World } from './support.ts'

let world: World
before(async () => {
  world = await startWorld(() => startBroker({ memory: true }))
})
after(() => world[Symbol.asyncDispose]())

const script = fileURLToPath(new URL('crash-child.ts', import.meta.url))
const keys = ['a', 'b', 'c', 'd']

async function prepare(name: string, events: number): Promise<{ pool: pg.Pool; url: string; ids: string[] }> {
  const source = topic(name, { key: serdes.string, value: serdes.json<{ amount: number }>() })
  const write = await world.topic(source, 4)
  const pool = await world.database()
  await pool.query(outboxMigration({ keepRows: true }))
  await pool.query('create table balance (id text primary key, amount int)')
  await pool.query('insert into balance select unnest($1::text[]), 0', [keys])
  const ids = Array.from({ length: events }, (_, i) => `e${i}`)
  await Promise.all(ids.map((id, i) => write(keys[i % 4]!, JSON.stringify({ amount: 1 }), { id })))
  return { pool, url: pool.options.connectionString ?? '', ids }
}

function start(
  name: string,
  url: string,
  stopAfter: number,
): { child: ChildProcess; line(text: string): Promise<void> } {
  const env = {
    ...process.env,
    BROKERS: world.brokers,
    DATABASE_URL: url,
    TOPIC: name,
    STOP_AFTER: String(stopAfter),
  }
  const child = spawn(process.execPath, ['--conditions=source', script], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout!)
  const seen: string[] = []
  lines.on('line', (line) => seen.push(line))
  return {
    child,
    line: (text) => eventually(`the child says ${text}`, () => seen.some((line) => line.startsWith(text))),
  }
}

async function checkOnce({ pool, ids }: { pool: pg.Pool; ids: string[] }): Promise<void> {
  const { rows } = await pool.query<{ event: string }>('select event from effect')
  assert.deepEqual(rows.map(({ event }) => event).sort(), [...ids].sort())
  const { rows: balances } = await pool.query<{ amount: number }>('select amount from balance')
  assert.deepEqual(
    balances.map(({ amount }) => amount),
    keys.map(() => ids.length / keys.length),
  )
  const { rows: appended } = await pool.query<{ n: string }>('select count(*) as n from outbox')
  assert.equal(Number(appended[0]?.n), ids.length)
}

test('killed again and again between effects and the commit of offsets, every event takes effect once', async () => {
  const setting = await prepare('killed', 400)
  const random = seededRandom(7)
  const count = async (): Promise<number> => (await setting.pool.query('select from effect')).rowCount ?? 0
  for (let kill = 0; kill < 4; kill++) {
    const { child, line } = start('killed', setting.url, 15 + Math.floor(random.next() * 30))
    await line('enough')
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const atKill = await count()
  assert.ok(atKill > 60 && atKill < 400, `the kills came too early or too late: ${atKill}`)
  const { child } = start('killed', setting.url, 0)
  await eventually('everything is handled', async () => (await count()) >= 400)
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 0)
  await checkOnce(setting)
})

test('SIGTERM ends a service after the message in flight, with its offsets committed', async () => {
  const setting = await prepare('terminated', 200)
  const first = start('terminated', setting.url, 20)
  await first.line('enough')
  first.child.kill('SIGTERM')
  const [code, signal] = (await once(first.child, 'exit')) as [number | null, string | null]
  assert.deepEqual([code, signal], [0, null])
  const done = (await setting.pool.query('select from effect')).rowCount ?? 0
  const committed = await world.kafka.admin.committedOffsets('terminated')
  assert.equal(
    committed.reduce((sum, { offset }) => sum + offset, 0),
    done,
  )
  assert.ok(done < 200)
})
