import { after } from 'node:test'
import { kafkaClient } from '@millrace/kafka'
import type { RunningBroker } from '../../packages/streams/test/support/broker-suite.ts'
import { type ApacheKafka, startApacheKafka } from '../kafka/apache-kafka.ts'

/** One node for many tests in a row, each of which finds it empty: a node of its own for each takes most of their time. */
export function sharedKafka(options: Parameters<typeof startApacheKafka>[0] = {}): () => Promise<RunningBroker> {
  let kafka: ApacheKafka | undefined
  after(() => kafka?.close())
  return async () => {
    kafka ??= await startApacheKafka(options)
    const { brokers } = kafka
    const close = (): Promise<void> => emptied(brokers)
    return { brokers, close, [Symbol.asyncDispose]: close }
  }
}

async function emptied(brokers: string): Promise<void> {
  await using client = kafkaClient({ brokers })
  const { admin } = client
  await admin.deleteTopics((await admin.listTopics()).map(({ name }) => name))
  await admin.deleteGroups((await admin.listGroups()).map(({ groupId }) => groupId))
}
