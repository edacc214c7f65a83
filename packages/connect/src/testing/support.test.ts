import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import type { SinkConnector } from '../runtime/connector.ts'
import { runSink } from '../runtime/sink-runner.ts'
import { eventually } from './support.ts'

test('what a suite waits for in vain is told with what the connector says', async () => {
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: 'in' }])
  const open = async (): Promise<never> => {
    throw new TypeError('pipeline is undefined')
  }
  const sink: SinkConnector = { kind: 'sink', name: 'mine', topics: [{ name: 'in' }], onBadRecord: 'fail', open }
  await using running = runSink(sink, { client })
  await running.finished.catch(() => {})
  const waited = eventually('one record', () => 0, Boolean, 1, running)
  await assert.rejects(waited, /the last answer was 0; mine is failed: pipeline is undefined \[UNEXPECTED\]/)
})
