import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { apis, decodeResponse } from '@millrace/protocol'
import { startBroker } from '../src/start-broker.ts'
import { RawConnection } from './support/raw-connection.ts'
import { batch, readAll } from './support/records.ts'

const script = join(import.meta.dirname, 'support/broker-process.ts')

async function spawnBroker(folder: string, durability: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [...process.execArgv, script, folder, durability], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return { child, port: Number(line.toString()) }
}

async function readEverything(connection: RawConnection, topic: string): Promise<string[]> {
  const values: string[] = []
  for (;;) {
    const topics = [{ topic, partitions: [{ partition: 0, fetchOffset: values.length, partitionMaxBytes: 1_000_000 }] }]
    const answer = await connection.call(apis.Fetch, 12, {
      maxWaitMs: 0,
      maxBytes: 10_000_000,
      sessionEpoch: -1,
      topics,
    })
    const found = readAll(answer.responses[0]!.partitions[0]!.records, values.length)
    if (found.length === 0) return values
    values.push(...found.map(([, value]) => value!))
  }
}

/** Sends without waiting until the connection dies; returns what was acknowledged. */
async function produceUntilDeath(
  connection: RawConnection,
  firstId: number,
  sent: { count: number },
): Promise<string[]> {
  const acknowledged: string[] = []
  const inFlight: string[] = []
  for (;;) {
    while (inFlight.length < 20 && connection.socket.writable) {
      const value = `v${firstId + sent.count++}`
      const records = batch([{ value }, { value: `${value}-second` }], { compression: 'lz4' })
      inFlight.push(value)
      connection.send(apis.Produce, 9, 1, {
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 'order', partitionData: [{ index: 0, records }] }],
      })
    }
    let frame: Buffer
    try {
      frame = await connection.frame()
    } catch {
      return acknowledged
    }
    const { body } = decodeResponse({ api: apis.Produce, version: 9, bytes: frame })
    assert.equal(body.responses[0]!.partitionResponses[0]!.errorCode, 0)
    const value = inFlight.shift()!
    acknowledged.push(value, `${value}-second`)
  }
}

for (const durability of ['write', 'fsync']) {
  test(`a broker process killed in mid-load loses nothing it acknowledged (${durability})`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-kill-'))
    const children: ChildProcess[] = []
    try {
      const acknowledged: string[] = []
      const sent = { count: 0 }
      // A busy machine may need more lives to get somewhere.
      for (let round = 0; round < 4 || (acknowledged.length <= 100 && round < 16); round++) {
        const { child, port } = await spawnBroker(folder, durability)
        children.push(child)
        using connection = await RawConnection.open(port)
        await connection.call(apis.Metadata, 12, { topics: [{ name: 'order' }], allowAutoTopicCreation: true })
        setTimeout(() => child.kill('SIGKILL'), 100 + round * 70)
        const dead = once(child, 'exit')
        acknowledged.push(...(await produceUntilDeath(connection, 0, sent)))
        await dead
      }
      assert.ok(acknowledged.length > 100, `${acknowledged.length} acknowledged`)
      await using broker = await startBroker({ dataDir: folder, worker: false })
      using connection = await RawConnection.open(broker.port)
      const found = await readEverything(connection, 'order')
      assert.equal(new Set(found).size, found.length)
      const kept = new Set(found)
      assert.deepEqual(
        acknowledged.filter((value) => !kept.has(value)),
        [],
      )
      const order = new Set(acknowledged)
      assert.deepEqual(
        found.filter((value) => order.has(value)),
        acknowledged,
      )
    } finally {
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

test('a data folder serves one process at a time, and is taken over from one that died', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'))
  const { child } = await spawnBroker(folder, 'write')
  try {
    await assert.rejects(startBroker({ dataDir: folder }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'BROKER_DATA_FOLDER_IN_USE')
      assert.match(error.message, new RegExp(`process ${child.pid}`))
      return true
    })
    child.kill('SIGKILL')
    await once(child, 'exit')
    const broker = await startBroker({ dataDir: folder })
    await assert.rejects(startBroker({ dataDir: folder, worker: false }), { code: 'BROKER_DATA_FOLDER_IN_USE' })
    await broker.close()
    assert.equal(existsSync(join(folder, 'lock')), false)
    await (await startBroker({ dataDir: folder, worker: false })).close()
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})

test('the lock of another host is respected, until somebody says that the host is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'))
  try {
    const left = { pid: 1, host: 'container-4711', startedAt: undefined, token: '1-1' }
    writeFileSync(join(folder, 'lock'), JSON.stringify(left))
    for (const takeOverFrom of [undefined, 'container-4712']) {
      const options = { dataDir: folder, worker: false, ...(takeOverFrom !== undefined && { takeOverFrom }) }
      await assert.rejects(startBroker(options), (error: Error & { code?: string; remedy?: string }) => {
        assert.equal(error.code, 'BROKER_DATA_FOLDER_IN_USE')
        assert.match(error.message, /container-4711/)
        assert.match(error.remedy ?? '', /--take-over-from/)
        return true
      })
    }
    await (await startBroker({ dataDir: folder, worker: false, takeOverFrom: 'container-4711' })).close()
    assert.equal(existsSync(join(folder, 'lock')), false)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
