import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isMillraceError } from '@millrace/base'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { millrace, RunningCommand } from '../../packages/millrace/test/support/command-line.ts'
import { smallDisk } from './small-disk.ts'

test('a full disk: writes are refused, reads go on, nothing acknowledged is lost, and room heals it', async (t) => {
  const disk = await smallDisk()
  if (typeof disk === 'string') return t.skip(disk)
  try {
    await using broker = new RunningCommand(['broker', '--port', '0', '--data', disk.folder])
    const brokers = await broker.prints(/listening on (\S+)/)
    const acknowledged: string[] = []
    {
      await using client = kafkaClient({ brokers, operationTimeoutMs: 3_000 })
      await client.admin.createTopics([{ name: 'order' }])
      await using producer = client.producer({ deliveryTimeoutMs: 2_000 })
      const send = async (i: number): Promise<void> => {
        await producer.send({ topic: 'order', key: Buffer.from(`${i}`), value: randomBytes(100_000) })
        acknowledged.push(`${i}`)
      }
      await assert.rejects(
        async () => {
          for (let i = 0; i < 200; i++) await send(i)
        },
        (error) => isMillraceError(error) && error.remedy.length > 10,
      )
      assert.ok(acknowledged.length > 10, `${acknowledged.length} records fitted`)
    }
    const stored = async (): Promise<string[]> => {
      const args = ['consume', 'order', '--from-beginning', '--exit-at-end', '--json', '--brokers', brokers]
      const { stdout, stderr } = await millrace(args)
      assert.equal(stderr, '')
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { key: string }).key)
    }
    assert.deepEqual((await stored()).slice(0, acknowledged.length), acknowledged, 'reads go on')

    disk.remount('64m')
    const produced = await millrace(['produce', 'order', '--brokers', brokers], { input: 'again\tthere is room\n' })
    assert.equal(produced.status, 0, produced.stderr)
    assert.equal((await stored()).at(-1), 'again')
    assert.equal(await broker.stop(), 0)
  } finally {
    await disk.close()
  }
})

/** Takes what room is left on the disk, but for less than a record. */
function fill(folder: string): () => void {
  const filler = join(folder, 'filler')
  for (let size = 1024 * 1024; size >= 16; ) {
    try {
      appendFileSync(filler, Buffer.alloc(size))
    } catch {
      size /= 2
    }
  }
  return () => rmSync(filler)
}

for (const durability of ['write', 'fsync']) {
  test(`everything that writes is refused on a full disk, a stop and a start work on it, and room heals all (${durability})`, async (t) => {
    const disk = await smallDisk()
    if (typeof disk === 'string') return t.skip(disk)
    try {
      const data = join(disk.folder, 'data')
      const start = async (): Promise<{ broker: RunningCommand; brokers: string }> => {
        const broker = new RunningCommand(['broker', '--port', '0', '--data', data, '--durability', durability])
        return { broker, brokers: await broker.prints(/listening on (\S+)/) }
      }
      const sent: string[] = []
      let created = 0
      const send = async (client: KafkaClient): Promise<void> => {
        await using producer = client.producer({ deliveryTimeoutMs: 1_500 })
        // More than what is left of the last block of a file.
        const value = `${sent.length} ${randomBytes(6_000).toString('hex')}`
        await producer.send({ topic: 'order', key: Buffer.from('k'), value: Buffer.from(value) })
        sent.push(value)
      }
      const commit = async (client: KafkaClient): Promise<void> => {
        await using consumer = client.consumer({ groupId: 'g' })
        consumer.assign([{ topic: 'order', partition: 0 }])
        await consumer.commit([{ topic: 'order', partition: 0, offset: 1 }])
      }
      const create = async (client: KafkaClient): Promise<void> => {
        await client.admin.createTopics([{ name: `table-${created++}`, config: { 'cleanup.policy': 'compact' } }])
      }
      /** Small writes go on while the last block of their file has room. */
      const refusedSoon = async (action: () => Promise<void>): Promise<void> => {
        await assert.rejects(
          async () => {
            for (let attempt = 0; attempt < 200; attempt++) await action()
          },
          (error) => isMillraceError(error) && error.remedy.length > 10,
        )
      }
      const values = async (brokers: string): Promise<string[]> => {
        const args = ['consume', 'order', '--from-beginning', '--exit-at-end', '--json', '--brokers', brokers]
        const { stdout } = await millrace(args)
        return stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => (JSON.parse(line) as { value: string }).value)
      }
      const first = await start()
      let free: () => void
      {
        await using broker = first.broker
        {
          await using client = kafkaClient({ brokers: first.brokers, operationTimeoutMs: 1_500 })
          await client.admin.createTopics([{ name: 'order' }])
          await send(client)
          await commit(client)
          free = fill(disk.folder)
          for (const action of [send, commit, create]) await refusedSoon(() => action(client))
        }
        assert.deepEqual(await values(first.brokers), sent)
        assert.equal(await broker.stop(), 0)
      }
      const second = await start()
      await using broker = second.broker
      {
        await using client = kafkaClient({ brokers: second.brokers, operationTimeoutMs: 1_500 })
        assert.deepEqual(await values(second.brokers), sent)
        await refusedSoon(() => send(client))
        free()
        for (const action of [send, commit, create]) await action(client)
      }
      assert.deepEqual(await values(second.brokers), sent)
      assert.equal(await broker.stop(), 0)
    } finally {
      await disk.close()
    }
  })
}
