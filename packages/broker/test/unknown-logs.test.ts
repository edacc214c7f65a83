import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { apis } from '@millrace/protocol'
import { startBroker } from '../src/start-broker.ts'
import { RawConnection } from './support/raw-connection.ts'
import { batch } from './support/records.ts'

const journal = 'metadata/journal.log'

/** A folder with two topics that have a record each; stopped cleanly, or as if killed. */
async function folderWithTopics(stop: 'clean' | 'killed'): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-unknown-'))
  const broker = await startBroker({ dataDir: folder, worker: false })
  using connection = await RawConnection.open(broker.port)
  for (const name of ['first', 'second']) {
    await connection.call(apis.Metadata, 12, { topics: [{ name }], allowAutoTopicCreation: true })
    const partitionData = [{ index: 0, records: batch([{ value: name }]) }]
    await connection.call(apis.Produce, 9, { acks: -1, topicData: [{ name, partitionData }] })
  }
  const killed = `${folder}-killed`
  cpSync(folder, killed, { recursive: true })
  await broker.close()
  const [kept, other] = stop === 'clean' ? [folder, killed] : [killed, folder]
  rmSync(other, { recursive: true })
  rmSync(join(kept, 'lock'), { force: true })
  return kept
}

function flipLastBit(path: string): void {
  const bytes = readFileSync(path)
  bytes[bytes.length - 3]! ^= 1
  writeFileSync(path, bytes)
}

function logsIn(folder: string): string[] {
  return readdirSync(join(folder, 'logs')).sort()
}

const damages: [string, (folder: string) => void][] = [
  ['a bit of the last record is another', (folder) => flipLastBit(join(folder, journal))],
  [
    'the end is missing',
    (folder) => truncateSync(join(folder, journal), readFileSync(join(folder, journal)).length - 20),
  ],
  ['it is empty', (folder) => truncateSync(join(folder, journal), 0)],
  ['it is gone', (folder) => rmSync(join(folder, 'metadata'), { recursive: true })],
]
for (const [name, damage] of damages) {
  test(`a journal of which ${name} after a clean stop is refused, and put back it serves`, async () => {
    const folder = await folderWithTopics('clean')
    try {
      const whole = mkdtempSync(join(tmpdir(), 'millrace-whole-'))
      cpSync(folder, whole, { recursive: true })
      damage(folder)
      const damaged = logsIn(folder)
      await assert.rejects(startBroker({ dataDir: folder, worker: false }), { code: 'BROKER_DATA_DAMAGED' })
      assert.deepEqual(logsIn(folder), damaged)
      cpSync(join(whole, 'metadata'), join(folder, 'metadata'), { recursive: true })
      rmSync(whole, { recursive: true })
      await using broker = await startBroker({ dataDir: folder, worker: false })
      assert.deepEqual(broker.strayTopicIds, [])
      using connection = await RawConnection.open(broker.port)
      const topics = [{ name: 'second', partitions: [{ partitionIndex: 0, timestamp: -1 }] }]
      const { topics: ends } = await connection.call(apis.ListOffsets, 7, { topics })
      assert.equal(ends[0]!.partitions[0]!.offset, 1)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}

test('a log whose topic a crash made unknown is put aside, by whichever thread starts', async () => {
  for (const worker of [true, false]) {
    const folder = await folderWithTopics('killed')
    try {
      flipLastBit(join(folder, journal))
      const before = logsIn(folder)
      const broker = await startBroker({ dataDir: folder, worker })
      const [stray, ...others] = broker.strayTopicIds
      assert.deepEqual(others, [])
      assert.deepEqual(logsIn(folder), before.map((id) => (id === stray ? `${id}.stray` : id)).sort())
      await broker.close()
      // The next start leaves it where it is.
      await using again = await startBroker({ dataDir: folder, worker })
      assert.deepEqual(again.strayTopicIds, [])
      assert.ok(logsIn(folder).includes(`${stray}.stray`))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
})
