// A sink as a user writes one, under the worker: what came back for somebody else is not its own.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import { builtInPlugins, withPlugins } from '../src/plugins.ts'
import { ConnectWorker } from '../src/runtime/worker/connect-worker.ts'
import { ledgerSink } from './support/ledger-sink.ts'
import { redrivenFor } from './support/sink-driver.ts'
import { eventually } from './support/topic-reader.ts'

test('a sink that decodes with its pipeline leaves out what came back for another application', async () => {
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const folder = await mkdtemp(join(tmpdir(), 'redriven-'))
  const file = join(folder, 'ledger.db')
  await client.admin.createTopics([{ name: 'payment', partitions: 1 }])
  {
    await using producer = client.producer()
    for (const [id, application] of [
      ['a', undefined],
      ['b', 'another'],
      ['c', 'ledger'],
      ['d', undefined],
    ] as const) {
      const redriven = Object.entries(application ? redrivenFor(application, 'payment') : {})
      const headers = redriven.map(([key, text]) => ({ key, value: Buffer.from(text) }))
      await producer.send({
        topic: 'payment',
        key: null,
        value: Buffer.from(JSON.stringify({ id, amount: 1 })),
        headers,
      })
    }
  }
  const plugins = withPlugins(builtInPlugins, { connectors: [ledgerSink] })
  {
    await using worker = await ConnectWorker.start({ client, plugins, groupId: 'redriven' })
    await worker.create('ledger', { 'connector.class': 'LedgerSink', topics: 'payment', 'ledger.file': file })
    const rows = await eventually('three rows', () => {
      using db = new DatabaseSync(file)
      db.exec('create table if not exists ledger (id text, amount integer)')
      const found = db.prepare('select id from ledger order by rowid').all()
      return found.some(({ id }) => id === 'd') ? found : undefined
    })
    assert.deepEqual(
      rows.map(({ id }) => id),
      ['a', 'c', 'd'],
    )
  }
  await rm(folder, { recursive: true })
})
