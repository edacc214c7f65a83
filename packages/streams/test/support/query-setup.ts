import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Broker, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient, type Producer } from '@millrace/kafka'
import type { PartitionResult } from '@millrace/streams'

export interface QuerySetup extends AsyncDisposable {
  readonly broker: Broker
  readonly client: KafkaClient
  readonly producer: Producer
  /** For the state of instances; removed at the end. */
  readonly directory: string
}

/** A broker in this process with topics that keep everything, and what tests of queries need beside it. */
export async function startQuerySetup(
  topics: readonly { readonly name: string }[],
  partitions: number,
): Promise<QuerySetup> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-queries-'))
  const broker = await startBroker({ memory: true, config: { 'group.initial.rebalance.delay.ms': '0' } })
  const client = kafkaClient({ brokers: broker.brokers })
  const producer = client.producer({ lingerMs: 0 })
  await client.admin.createTopics(topics.map(({ name }) => ({ name, partitions, config: { 'retention.ms': '-1' } })))
  return {
    broker,
    client,
    producer,
    directory,
    async [Symbol.asyncDispose]() {
      await producer.close()
      await client.close()
      await broker.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** What a partition answered; fails with its reason where it did not. */
export function answered<R>(result: PartitionResult<R> | undefined): PartitionResult<R> & { ok: true } {
  assert.ok(result?.ok, result?.ok === false ? String(result.error) : 'there is no answer')
  return result
}
