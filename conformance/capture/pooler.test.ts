import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { postgresOutbox, runSource } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { outbox, outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { freePort } from '../support/free-port.ts'
import { startPostgres } from '../support/postgres.ts'

const order = topic('pooled', { key: serdes.string, value: serdes.json<{ amount: number }>() })

function pgbouncer(): string | undefined {
  try {
    return execFileSync('which', ['pgbouncer'], { stdio: 'pipe' }).toString().trim()
  } catch {
    if (process.env.MILLRACE_REQUIRE_PGBOUNCER === '1') throw new Error('pgbouncer is not installed')
    return undefined
  }
}

const program = pgbouncer()

test('behind PgBouncer capture from the log is refused with the reason, and `auto` polls', {
  skip: program ? false : 'pgbouncer is not installed (MILLRACE_REQUIRE_PGBOUNCER=1 makes this a failure)',
}, async () => {
  await using postgres = await startPostgres()
  const direct = await postgres.createDatabase('pooled')
  const db = new pg.Client({ connectionString: direct })
  await db.connect()
  await using _db = { [Symbol.asyncDispose]: () => db.end() }
  await db.query(outboxMigration())
  await using pooler = await startPooler(program!, postgres.port)
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const url = `postgres://postgres@127.0.0.1:${pooler.port}/pooled`

  const [problem] = (await postgresOutbox({ url, topics: [order] }).check?.()) ?? []
  assert.equal(problem?.code, 'POSTGRES_POOLER')
  assert.match(problem?.remedy ?? '', /address of PostgreSQL itself/)
  const refused = runSource(postgresOutbox({ url, topics: [order] }), { client })
  await assert.rejects(refused.ready, { code: 'POSTGRES_POOLER' })
  await refused.close()
  const slots = await db.query('select 1 from pg_replication_slots')
  assert.equal(slots.rowCount, 0)

  const notices: string[] = []
  const onNotice = (message: unknown): void => void notices.push((message as { text: string }).text)
  subscribe('millrace:connect:notice', onNotice)
  try {
    const connector = postgresOutbox({ url, topics: [order], capture: 'auto' })
    assert.deepEqual(await connector.check?.(), [])
    await using running = runSource(connector, { client })
    await running.ready
    await db.query('begin')
    await outbox(db).append(order, 'a', { amount: 1 })
    await db.query('commit')
    await eventually('the event', async () => ((await readTopic(client, 'pooled')).length === 1 ? true : undefined))
    assert.match(notices[0] ?? '', /^polls its table: /)
  } finally {
    unsubscribe('millrace:connect:notice', onNotice)
  }
})

async function startPooler(path: string, serverPort: number): Promise<{ port: number } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-pgbouncer-'))
  await chmod(folder, 0o755)
  const port = await freePort()
  const settings = join(folder, 'pgbouncer.ini')
  await writeFile(
    settings,
    `[databases]
* = host=127.0.0.1 port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users')}
pool_mode = transaction
ignore_startup_parameters = extra_float_digits
${process.getuid?.() === 0 ? 'user = nobody' : ''}
`,
  )
  await writeFile(join(folder, 'users'), '"postgres" ""\n')
  const child: ChildProcess = spawn(path, [settings], { stdio: 'ignore' })
  await eventually('the pooler listens', async () => await isOpen(port))
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function isOpen(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(undefined))
  })
}
