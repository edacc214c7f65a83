import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { apis, ErrorCode } from '@millrace/protocol'
import type { LogFailure } from '../src/core/broker-core.ts'
import { batchSizeAt } from '../src/core/log/batch-bytes.ts'
import { memoryStorage } from '../src/core/storage/memory-storage.ts'
import type { BrokerStorage } from '../src/core/storage/storage.ts'
import { diskStorage } from '../src/storage/disk-storage.ts'
import { type CoreClient, testCore } from './support/core-client.ts'
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
