// A process of its own that runs one sink until it is killed; prints a line when it has written something.
import {
  clickHouseSink,
  fileSink,
  mysqlSink,
  postgresSink,
  runSink,
  type SinkConnector,
  sqliteSink,
} from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'

export interface SinkJob {
  readonly kind: 'postgres' | 'mysql' | 'sqlite' | 'clickhouse' | 'files'
  readonly brokers: string
  readonly topic: string
  /** Url, or path. */
  readonly place: string
}

const job = JSON.parse(process.argv[2] ?? '{}') as SinkJob
const events = topic(job.topic, { key: serdes.string, value: serdes.json<{ seq: number }>() })
const common = { name: 'kills', table: 'events' }
const sinks: Record<SinkJob['kind'], () => SinkConnector> = {
  postgres: () => postgresSink(events, { ...common, url: job.place, mode: 'insert' }),
  mysql: () => mysqlSink(events, { ...common, url: job.place, mode: 'insert' }),
  sqlite: () => sqliteSink(events, { ...common, file: job.place, mode: 'insert' }),
  clickhouse: () => clickHouseSink(events, { ...common, url: job.place }),
  files: () => fileSink(events, { name: 'kills', folder: job.place, line: 'value', limits: { maxFileBytes: 20_000 } }),
}
const running = runSink(sinks[job.kind](), {
  client: kafkaClient({ brokers: job.brokers }),
  instanceId: 'kills-1',
  // Small, so that there are many batches for a kill to hit.
  limits: { maxPartitionBytes: 8_192, maxWriteBytes: 8_192, retryDelayMsMin: 20, retryDelayMsMax: 500 },
})
running.finished.catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
const timer = setInterval(() => {
  if (running.status().records === 0) return
  clearInterval(timer)
  console.log('writing')
}, 5)
// For the message of a test that fails.
setInterval(() => console.error(JSON.stringify(running.status())), 2_000)
