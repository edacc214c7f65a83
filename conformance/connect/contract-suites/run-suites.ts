// The suites of connectors against one that has the mistake which is given, and against one that has none.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { registerSinkTests, registerSourceTests } from '@millrace/connect/testing'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { carelessSink, sinkMistakes } from './careless-sink.ts'
import { carelessSource, type Origin, sourceMistakes } from './careless-source.ts'

let broker: Broker
let subjects = 0
const folder = mkdtempSync(join(tmpdir(), 'contract-suites-'))
before(async () => {
  broker = await startBroker({ memory: true })
})
after(async () => {
  await broker.close()
  rmSync(folder, { recursive: true })
})

const client = (): KafkaClient => kafkaClient({ brokers: broker.brokers })
const common = { client, kills: 2, timeoutMs: 1_000 }
const record = (id: string) => ({ key: null, value: Buffer.from(id) })

// They wait more than they work.
describe('mistakes', { concurrency: 4 }, () => {
  for (const mistake of sinkMistakes) {
    describe(mistake, () =>
      registerSinkTests(`sink: ${mistake}`, {
        ...common,
        // What is right has to arrive on a busy machine too; what is wrong never does.
        ...(mistake === 'nothing' && { timeoutMs: 30_000 }),
        subject: async () => {
          const topic = `ledger-${++subjects}`
          const file = join(folder, `${topic}.db`)
          return {
            topic,
            connector: () => carelessSink(mistake, topic, topic, file),
            record,
            badRecord: () => ({ key: null, value: null }),
            applied: async () => {
              using db = new DatabaseSync(file, { timeout: 2_000 })
              db.exec('create table if not exists ledger (id text)')
              return db
                .prepare('select id from ledger')
                .all()
                .map(({ id }) => String(id))
            },
            [Symbol.asyncDispose]: async () => {},
          }
        },
      }),
    )
  }

  for (const mistake of sourceMistakes) {
    describe(mistake, () =>
      registerSourceTests(`source: ${mistake}`, {
        ...common,
        ...(mistake === 'nothing' && { timeoutMs: 30_000 }),
        subject: async () => {
          const topic = `events-${++subjects}`
          const origin: Origin = { events: [] }
          return {
            topic,
            connector: () => carelessSource(mistake, topic, topic, origin),
            emit: async (ids) => void origin.events.push(...ids),
            idOf: (value) => value,
            [Symbol.asyncDispose]: async () => {},
          }
        },
      }),
    )
  }
})
