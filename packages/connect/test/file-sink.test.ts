import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { fileSink } from '../src/index.ts'
import { registerSinkTests } from '../src/testing.ts'
import { redrivenFor, SinkDriver } from './support/sink-driver.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<{ n: number }>() })
const records = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({ key: `k${from + i}`, value: { n: from + i } }))

describe('the file sink', () => {
  let root: string
  let broker: Broker
  let cases = 0

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'millrace-files-'))
    broker = await startBroker({ memory: true })
  })

  after(async () => {
    await broker?.close()
    await rm(root, { recursive: true })
  })

  const newFolder = (): string => join(root, `case-${++cases}`)

  async function linesIn(folder: string): Promise<{ offset: number; value: { n: number } }[]> {
    const names = (await readdir(folder)).filter((name) => /\.jsonl(\.open)?$/.test(name)).sort()
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
    return texts
      .join('')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }

  test('writes a line per record, complete files under their first offset, and goes on where it was', async () => {
    const folder = newFolder()
    const connector = fileSink(order, { folder, limits: { maxFileBytes: 200 } })
    for (let run = 0; run < 4; run++) {
      await using driver = await SinkDriver.open(connector)
      assert.equal(driver.nextOffset, run * 3)
      await driver.put(records(run * 3, 2))
      await driver.put([{ key: 'x', value: 'no json {' }])
      assert.equal(driver.takeDeadLetters().length, 1)
    }
    const path = join(folder, 'order', '0')
    assert.deepEqual(
      (await linesIn(path)).map(({ offset, value }) => [offset, value.n]),
      [
        [0, 0],
        [1, 1],
        [3, 3],
        [4, 4],
        [6, 6],
        [7, 7],
        [9, 9],
        [10, 10],
      ],
    )
    const names = (await readdir(path)).filter((name) => name.endsWith('.jsonl')).sort()
    assert.equal(names[0], '00000000000000000000.jsonl')
    assert.ok(names.length >= 2)
  })

  test('what came back for another application is not written', async () => {
    const folder = newFolder()
    await using driver = await SinkDriver.open(fileSink(order, { name: 'mine', folder }))
    await driver.put([
      { value: { n: 1 }, headers: redrivenFor('other', order.name) },
      { value: { n: 2 }, headers: redrivenFor('mine', order.name) },
    ])
    const lines = await linesIn(join(folder, 'order', '0'))
    assert.deepEqual(
      lines.map(({ offset }) => offset),
      [1],
    )
    driver.noDeadLetters()
  })

  test('what a killed process left behind its last batch does not count', async () => {
    const folder = newFolder()
    const connector = fileSink(order, { folder })
    {
      await using driver = await SinkDriver.open(connector)
      await driver.put(records(0, 3))
    }
    const path = join(folder, 'order', '0')
    await appendFile(join(path, '00000000000000000000.jsonl.open'), '{"offset":3,"torn')
    await using driver = await SinkDriver.open(connector)
    await driver.put(records(3, 2))
    assert.deepEqual(
      (await linesIn(path)).map(({ offset }) => offset),
      [0, 1, 2, 3, 4],
    )
  })

  test('a topic that was made anew is not written behind the offsets of the old one', async () => {
    const folder = newFolder()
    const connector = fileSink(order, { folder })
    {
      await using driver = await SinkDriver.open(connector, 'order', 0, 'first-id')
      await driver.put(records(0, 3))
    }
    const refused = { code: 'CONNECT_FILES_OF_OTHER_TOPIC', retriable: false, message: /first-id.*second-id/ }
    for (let i = 0; i < 2; i++) await assert.rejects(SinkDriver.open(connector, 'order', 0, 'second-id'), refused)
    {
      await using again = await SinkDriver.open(connector, 'order', 0, 'first-id')
      assert.equal(again.nextOffset, 3)
    }
    const path = join(folder, 'order', '0')
    await rename(path, `${path}.old`)
    await using driver = await SinkDriver.open(connector, 'order', 0, 'second-id')
    assert.equal(driver.nextOffset, 0)
    await driver.put(records(0, 1))
    assert.equal((await linesIn(path)).length, 1)
    assert.equal((await linesIn(`${path}.old`)).length, 3)
  })

  test('goes on in files of before ids were noted', async () => {
    const folder = newFolder()
    const path = join(folder, 'order', '0')
    await mkdir(path, { recursive: true })
    await writeFile(join(path, '.state-1.json'), '{"version":1,"nextOffset":4,"file":null,"bytes":0}')
    await using driver = await SinkDriver.open(fileSink(order, { folder }), 'order', 0, 'any-id')
    assert.equal(driver.nextOffset, 4)
  })

  test('says when a file that it wrote is gone', async () => {
    const folder = newFolder()
    const connector = fileSink(order, { folder })
    {
      await using driver = await SinkDriver.open(connector)
      await driver.put(records(0, 3))
    }
    await rm(join(folder, 'order', '0', '00000000000000000000.jsonl.open'))
    await assert.rejects(SinkDriver.open(connector), { code: 'CONNECT_TABLE_DROPPED' })
  })

  registerSinkTests('files', {
    client: () => kafkaClient({ brokers: broker.brokers }),
    subject: async () => {
      const folder = newFolder()
      const contract = topic(`files-${cases}`, { key: serdes.string, value: serdes.json<{ id: string }>() })
      return {
        topic: contract.name,
        connector: () => fileSink(contract, { folder, line: 'value' }),
        record: (id) => ({ key: Buffer.from(id), value: Buffer.from(JSON.stringify({ id })) }),
        badRecord: () => ({ key: null, value: Buffer.from('no json {') }),
        applied: async () => {
          const all: string[] = []
          for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
            if (!/\.jsonl(\.open)?$/.test(name)) continue
            const text = await readFile(join(folder, name), 'utf8').catch(() => '')
            // A line that is being written has no end yet.
            for (const line of text.split('\n').slice(0, -1)) all.push((JSON.parse(line) as { id: string }).id)
          }
          return all
        },
        [Symbol.asyncDispose]: async () => {},
      }
    },
  })
})
