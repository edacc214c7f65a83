import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { apis, ErrorCode } from '@millrace/protocol'
import type { LogFailure } from '../src/core/broker-core.ts'
import { batchSizeAt } from '../src/core/log/batch-bytes.ts'
import { memoryStorage } from '../src/core/storage/memory-storage.ts'
import type { BrokerStorage } from '../src/core/storage/storage.ts'
import { startBroker } from '../src/start-broker.ts'
import { diskStorage } from '../src/storage/disk-storage.ts'
import { type CoreClient, testCore } from './support/core-client.ts'
import { RawConnection } from './support/raw-connection.ts'
import { batch, readAll } from './support/records.ts'
import { fetchNow, produce } from './support/requests.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-damaged-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const count = 300
const damagedAt = 170
const lengthPosition = 8
const valueAt = (index: number): string => `${index} ${'x'.repeat(150)}`

/** A log of many batches after a clean stop, and where the file is. */
function stoppedLog(storage: BrokerStorage, configs: Record<string, string> = {}): string {
  const { core, client } = testCore({ storage })
  const own = Object.entries(configs).map(([name, value]) => ({ name, value }))
  client.call(apis.CreateTopics, 7, {
    topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1, configs: own }],
  })
  for (let index = 0; index < count; index++) {
    assert.equal(produce(client, 'order', batch([{ key: 'k', value: valueAt(index) }])).errorCode, ErrorCode.NONE)
  }
  const path = core.partition('order', 0)!.log.segments[0]!.path
  core.close()
  return path
}

function positionOf(bytes: Buffer, batchIndex: number): number {
  let at = 0
  for (let index = 0; index < batchIndex; index++) at += batchSizeAt(bytes, at)
  return at
}

function flip(storage: BrokerStorage, path: string, position: number, bit: number): void {
  const bytes = Buffer.from(storage.readFile(path)!)
  bytes[position + (bit >> 3)]! ^= 1 << (bit & 7)
  storage.replaceFile(path, bytes)
}

/** Reads on from the beginning as a consumer does, until there is no more or an error. */
function readOn(client: CoreClient, maxBytes: number): { values: (string | null)[]; errorCode: number } {
  const values: (string | null)[] = []
  for (;;) {
    const { errorCode, records } = fetchNow(client, 'order', values.length, { partitionMaxBytes: maxBytes })
    const found = readAll(records, values.length)
    if (errorCode !== ErrorCode.NONE || found.length === 0) return { values, errorCode }
    values.push(...found.map(([, value]) => value))
  }
}

for (const [kind, storageOf] of [
  ['memory', (_name: string) => memoryStorage()],
  ['files', (name: string) => diskStorage(join(folder, name))],
] as const) {
  for (const maxBytes of [1_000, 20_000, 1_000_000]) {
    test(`a flipped bit in the length of a batch is met by its reader and reported, ${kind}, ${maxBytes} bytes at once`, () => {
      for (let bit = 0; bit < 32; bit++) {
        const storage = storageOf(`length-${maxBytes}-${bit}`)
        const path = stoppedLog(storage)
        const bytes = storage.readFile(path)!
        const position = positionOf(bytes, damagedAt)
        flip(storage, path, position + lengthPosition, bit)
        const { core, client } = testCore({ storage })
        const failures: LogFailure[] = []
        core.logFailed = (failure) => failures.push(failure)
        const { values, errorCode } = readOn(client, maxBytes)
        assert.equal(errorCode, ErrorCode.CORRUPT_MESSAGE, `bit ${bit}`)
        assert.ok(values.length <= damagedAt, `bit ${bit}`)
        values.forEach((value, index) => {
          assert.equal(value, valueAt(index), `bit ${bit}`)
        })
        readOn(client, maxBytes)
        assert.equal(failures.length, 1, `bit ${bit} is reported once`)
        const { topic, partition, error } = failures[0]!
        assert.deepEqual([topic, partition], ['order', 0])
        assert.match(error.message, /^logs\/.*\/0\/0{20}\.log is damaged at byte \d+: /)
        // The log goes on behind its end, and nothing of it is cut away.
        assert.equal(produce(client, 'order', batch([{ value: 'more' }])).baseOffset, count)
        assert.ok(storage.readFile(path)!.length > bytes.length)
        core.close()
        assert.equal(testCore({ storage }).core.partition('order', 0)!.logEndOffset, count + 1)
      }
    })
  }
}

for (const isDamaged of [false, true]) {
  test(`compaction ${isDamaged ? 'does not write anew what the disk has changed' : 'writes anew what is whole'}`, () => {
    const storage = memoryStorage()
    const settings = { 'cleanup.policy': 'compact', 'segment.bytes': '50000', 'min.cleanable.dirty.ratio': '0.01' }
    const path = stoppedLog(storage, settings)
    const before = storage.readFile(path)!
    // Within the last value of a batch: nothing but the CRC tells.
    if (isDamaged) flip(storage, path, positionOf(before, damagedAt + 1) - 10, 0)
    const { core } = testCore({ storage })
    core.compact()
    assert.equal(storage.readFile(path)!.length === before.length, isDamaged)
    core.close()
  })
}

test('coordinators do not go on without what they cannot read', () => {
  const storage = memoryStorage()
  const { core, client } = testCore({ storage })
  client.call(apis.CreateTopics, 7, { topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1 }] })
  for (let committedOffset = 0; committedOffset < 20; committedOffset++) {
    const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset }] }]
    client.call(apis.OffsetCommit, 8, { groupId: 'g', generationIdOrMemberEpoch: -1, topics })
  }
  const { path } = core.partition('__consumer_offsets', 0)!.log.segments[0]!
  core.close()
  flip(storage, path, positionOf(storage.readFile(path)!, 10) + lengthPosition, 20)
  assert.throws(() => testCore({ storage }), { code: 'BROKER_DATA_DAMAGED', message: /\.log is damaged at byte \d+/ })
})

for (const [what, keptBatches] of [
  ['has gone', -1],
  ['is empty', 0],
  ['is shorter', damagedAt],
] as const) {
  test(`a log whose file ${what} after a clean stop says so, and gives no offset twice`, () => {
    const storage = memoryStorage()
    const path = stoppedLog(storage)
    const bytes = storage.readFile(path)!
    const keptBytes = positionOf(bytes, Math.max(0, keptBatches))
    if (keptBatches < 0) storage.delete(path)
    else storage.replaceFile(path, bytes.subarray(0, keptBytes))
    const { core, client } = testCore({ storage })
    const [failure, ...others] = core.startFailures
    assert.deepEqual([failure?.topic, failure?.partition, others.length], ['order', 0, 0])
    const lost = `has ended at byte ${keptBytes} since the last clean stop: ${bytes.length - keptBytes} bytes`
    assert.ok(failure!.error.message.includes(lost), failure!.error.message)
    const { values, errorCode } = readOn(client, 1_000)
    assert.equal(values.length, Math.max(0, keptBatches))
    // Of a log of which nothing is left, nobody gets the impression that it begins where it began.
    assert.equal(errorCode, keptBatches > 0 ? ErrorCode.NONE : ErrorCode.OFFSET_OUT_OF_RANGE)
    assert.equal(produce(client, 'order', batch([{ value: 'more' }])).baseOffset, count)
    const from = Math.max(keptBatches, core.partition('order', 0)!.logStartOffset)
    assert.deepEqual(readAll(fetchNow(client, 'order', from).records), [[count, 'more']])
    // As after a kill: without a word of a clean stop.
    const again = testCore({ storage }).core
    assert.deepEqual([again.partition('order', 0)!.logEndOffset, again.startFailures.length], [count + 1, 0])
  })
}

for (const worker of [true, false]) {
  test(`the channel tells of a log that is damaged and of one that is short, ${worker ? 'with' : 'without'} a worker`, async () => {
    const dataDir = join(folder, `channel-${worker}`)
    const storage = diskStorage(dataDir)
    const path = stoppedLog(storage)
    const bytes = storage.readFile(path)!
    const failures: LogFailure[] = []
    const listener = (failure: unknown): number => failures.push(failure as LogFailure)
    subscribe('millrace:broker:log-failed', listener)
    flip(storage, path, positionOf(bytes, damagedAt) + lengthPosition, 20)
    {
      await using broker = await startBroker({ dataDir, worker })
      using connection = await RawConnection.open(broker.port)
      const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }]
      const topics = [{ topic: 'order', partitions }]
      const body = { maxWaitMs: 1, minBytes: 1, maxBytes: 1_000_000, sessionEpoch: -1, topics }
      const { responses } = await connection.call(apis.Fetch, 12, body)
      assert.equal(responses[0]!.partitions[0]!.errorCode, ErrorCode.CORRUPT_MESSAGE)
    }
    storage.replaceFile(path, bytes.subarray(0, 1_000))
    await using _broker = await startBroker({ dataDir, worker })
    unsubscribe('millrace:broker:log-failed', listener)
    const told = failures.map(({ topic, partition, error }) => {
      const { code, fields } = error as Error & { code: string; fields: { path: string } }
      return [topic, partition, code, fields.path]
    })
    const expected = ['order', 0, 'BROKER_DATA_DAMAGED', path]
    assert.deepEqual(told, [expected, expected])
    assert.match(failures[1]!.error.message, /has ended at byte \d+ since the last clean stop/)
  })
}

test('a data folder that is deleted under a running broker refuses writes and says so', async () => {
  const path = join(folder, 'gone')
  const { core, client } = testCore({ storage: diskStorage(path) })
  const failures: LogFailure[] = []
  core.logFailed = (failure) => failures.push(failure)
  client.call(apis.CreateTopics, 7, { topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1 }] })
  assert.equal(produce(client, 'order', batch([{ value: 'a' }])).errorCode, ErrorCode.NONE)
  rmSync(path, { recursive: true })
  await new Promise((resolve) => setTimeout(resolve, 1_050))
  const { errorCode, errorMessage } = produce(client, 'order', batch([{ value: 'b' }]))
  assert.equal(errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.match(errorMessage!, /has been deleted while the broker was running/)
  assert.match(failures[0]!.error.message, /0{20}\.log has been deleted/)
  const topics = [{ name: 'other', numPartitions: 1, replicationFactor: 1 }]
  const created = client.call(apis.CreateTopics, 7, { topics }).topics[0]!
  assert.equal(created.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.match(created.errorMessage!, /has been deleted while the broker was running/)
})
