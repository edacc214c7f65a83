import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { startPostgres } from './postgres.ts'

async function connected(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a killed server comes back with what was committed', async () => {
  await using postgres = await startPostgres()
  const url = await postgres.createDatabase('orders')
  const before = await connected(url)
  await before.query('create table kept (id int); insert into kept values (1)')
  await postgres.kill()
  await postgres.restart()
  await using after = await connected(url)
  const { rows } = await after.query(`select id, current_setting('wal_level') as level from kept`)
  assert.deepEqual(rows, [{ id: 1, level: 'logical' }])
})

test('the server does not outlive a killed test process', async () => {
  const script = `
    import { startPostgres } from ${JSON.stringify(import.meta.resolve('./postgres.ts'))}
    const postgres = await startPostgres()
    console.log(postgres.pid)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  const pid = Number(line)
  assert.ok(isAlive(pid))
  child.kill('SIGKILL')
  for (let waited = 0; isAlive(pid) && waited < 300; waited++) await delay(100)
  assert.ok(!isAlive(pid))
})
