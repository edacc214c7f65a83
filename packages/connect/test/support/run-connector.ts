// A process of its own that runs one connector until it is killed; prints a line when it is at work.
import { kafkaClient } from '@millrace/kafka'
import { pollingOutbox, postgresOutbox, postgresSink, runSink, runSource } from '../../src/index.ts'
import { events } from './contracts.ts'

export interface ConnectorJob {
  readonly kind: 'outbox' | 'polling' | 'polling-kept' | 'sink'
  readonly brokers: string
  readonly url: string
  readonly mode?: 'upsert' | 'insert'
}

const job = JSON.parse(process.argv[2] ?? '{}') as ConnectorJob
const client = kafkaClient({ brokers: job.brokers })
const common = { name: 'crash', url: job.url, topics: [events] }
const pollingLimits = { pollIntervalMs: 5, maxRows: 4_000 }
const source = () =>
  job.kind === 'outbox'
    ? postgresOutbox(common)
    : pollingOutbox({ ...common, removal: job.kind === 'polling' ? 'published' : 'never', limits: pollingLimits })
const running =
  job.kind !== 'sink'
    ? runSource(source(), {
        client,
        // Small, so that kills hit the middle of large transactions.
        limits: { maxTransactionRecords: 200, retryDelayMsMin: 20 },
      })
    : runSink(postgresSink(events, { name: 'crash', url: job.url, table: 'events', mode: job.mode ?? 'insert' }), {
        client,
        instanceId: 'crash-1',
        limits: { maxPartitionBytes: 8_192, retryDelayMsMin: 20 },
      })
running.ready.then(
  // A sink is ready before its group has given it partitions, which takes longer with some brokers than with others.
  () => (job.kind === 'sink' ? saysWhenWriting() : console.log('running')),
  (error: unknown) => console.error(error),
)
running.finished.catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
// For the message of a test that fails.
setInterval(() => console.error(JSON.stringify(running.status())), 2_000)

function saysWhenWriting(): void {
  const timer = setInterval(() => {
    if (running.status().records === 0) return
    clearInterval(timer)
    console.log('running')
  }, 10)
}
