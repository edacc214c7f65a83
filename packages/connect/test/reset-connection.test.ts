import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import test from 'node:test'
import { startPostgres } from '@millrace/conformance/postgres'
import { connectPool } from '../src/postgres/driver.ts'

test('a connection that is reset under a statement fails the statement and nothing else', async () => {
  await using postgres = await startPostgres()
  const database = new URL(await postgres.createDatabase('reset'))
  const clients: Socket[] = []
  // Between the pool and the server, for a reset without a word from PostgreSQL.
  const proxy = createServer((client) => {
    clients.push(client)
    const server = connect(Number(database.port), database.hostname)
    client.pipe(server).pipe(client)
    for (const socket of [client, server]) socket.on('error', () => socket.destroy())
    client.on('close', () => server.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const url = new URL(database)
  url.port = String((proxy.address() as AddressInfo).port)
  url.hostname = '127.0.0.1'
  const pool = await connectPool(url.href, 'reset', 1)
  try {
    const client = await pool.connect()
    const sleeping = client.query('select pg_sleep(60)')
    setTimeout(() => clients[0]!.resetAndDestroy(), 100)
    await assert.rejects(sleeping, { code: 'ECONNRESET' })
    client.release(true)
    assert.equal((await pool.query('select 1 as one')).rows[0].one, 1)
  } finally {
    await pool.end()
    for (const client of clients) client.destroy()
    proxy.close()
  }
})
