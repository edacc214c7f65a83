// The suites that users run against connectors of their own, against a source of ours and a sink as a user writes one.
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import type { PluginContext, SinkConnector, SourceConnector } from '../src/index.ts'
import { fileLinesSource } from '../src/sources/file/file-lines.ts'
import { pluginContext, registerSinkTests, registerSourceTests } from '../src/testing.ts'
import { ledgerSink } from './support/ledger-sink.ts'

let broker: Broker
let folder: string
let subjects = 0
before(async () => {
  broker = await startBroker({ memory: true })
  folder = await mkdtemp(join(tmpdir(), 'contract-'))
})
after(async () => {
  await broker?.close()
  await rm(folder, { recursive: true, force: true })
})

const client = (): KafkaClient => kafkaClient({ brokers: broker.brokers })
const context = (name: string, topic: string): PluginContext =>
  pluginContext({ name, client: client(), topics: [{ name: topic }] })

registerSourceTests('the lines of a file', {
  client,
  subject: async () => {
    const topic = `lines-${++subjects}`
    const file = join(folder, `${topic}.txt`)
    await writeFile(file, '')
    return {
      topic,
      connector: () => fileLinesSource.create({ file, topic }, context(topic, topic)) as SourceConnector,
      emit: (ids) => appendFile(file, ids.map((id) => `${id}\n`).join('')),
      idOf: (value) => JSON.parse(value) as string,
      [Symbol.asyncDispose]: () => rm(file),
    }
  },
})

registerSinkTests('a sink that a user wrote', {
  client,
  subject: async () => {
    const topic = `ledger-${++subjects}`
    const file = join(folder, `${topic}.db`)
    const record = (id: string, amount: number) => ({
      key: Buffer.from(JSON.stringify(id)),
      value: Buffer.from(JSON.stringify({ id, amount })),
    })
    return {
      topic,
      connector: () => ledgerSink.create({ 'ledger.file': file }, context(topic, topic)) as SinkConnector,
      record: (id) => record(id, 1),
      badRecord: () => record('rich', 1e9),
      applied: async () => {
        using db = new DatabaseSync(file)
        db.exec('create table if not exists ledger (id text, amount integer)')
        return db
          .prepare('select id from ledger')
          .all()
          .map(({ id }) => String(id))
      },
      [Symbol.asyncDispose]: () => rm(file, { force: true }),
    }
  },
})
