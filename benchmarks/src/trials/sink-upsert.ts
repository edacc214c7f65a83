import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { clickHouseUnavailable } from '@millrace/conformance/clickhouse'
import { mariaDbUnavailable } from '@millrace/conformance/mariadb'
import { startKafka } from '../support/brokers.ts'
import { type Child, startChild } from '../support/child.ts'
import { debeziumSinkArguments } from '../support/debezium.ts'
import { benchmarks, temporaryFolder } from '../support/folders.ts'
import { javaPeer, javaUnavailable } from '../support/java.ts'
import { loadTopic } from '../support/load.ts'
import { usageOf, watchMemory } from '../support/process-usage.ts'
import {
  clickHouseServer,
  mariaDbServer,
  postgresServer,
  type SinkServer,
  type SinkTable,
  sinkTable,
} from '../support/sink-tables.ts'
import { upsertedRows } from '../support/upserted-rows.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const fullSize = 500_000
const topic = 'bench-upserts'
/** Of the rows, not counted: code is compiled meanwhile. */
const warmUpShare = 0.1
const stallTimeoutMs = 120_000
/** What the README of @millrace/connect recommends; Java gets a bound as well. */
const youngGeneration = '--max-semi-space-size=4'
const driver = join(benchmarks, 'src/drivers/sink-upsert.ts')

async function open(startServer: () => Promise<SinkServer>, context: TrialContext): Promise<Bench> {
  const server = await startServer()
  const kafka = await startKafka()
  const records = Math.round(fullSize * context.scale)
  context.say(`writing ${records} records`)
  const { brokers } = kafka
  await loadTopic(brokers, { topic, partitions: 1, records, batchBytes: 65_536, record: upsertedRows(records) })
  let number = 0
  const run = async (side: string): Promise<Outcome> => {
    const name = `sink_${++number}`
    await using table = await server.table(name)
    await using folder = await temporaryFolder('debezium')
    const startedMs = performance.now()
    const own = [youngGeneration, ...context.nodeArguments, '--conditions=source', driver]
    const task = { brokers, name, database: new URL(table.url), folder: folder.path, topic, table: sinkTable }
    await using process =
      side === ours
        ? startChild(globalThis.process.execPath, [...own, brokers, name, topic, table.url, sinkTable])
        : startChild('java', await debeziumSinkArguments(javaPeer('debezium-jdbc'), task))
    const metrics = await follow(table, { process, records, startedMs })
    return { metrics, result: await table.digest() }
  }
  const close = async (): Promise<void> => {
    await kafka[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  }
  return { run, [Symbol.asyncDispose]: close }
}

async function follow(
  table: SinkTable,
  { process, records, startedMs }: { process: Child; records: number; startedMs: number },
): Promise<Outcome['metrics']> {
  const peakBytes = watchMemory(process.pid)
  let last = { seen: 0, atMs: startedMs }
  let firstMs = 0
  let warm: { readonly seen: number; readonly atMs: number; readonly cpuSeconds: number } | undefined
  for (;;) {
    process.check()
    const seen = await table.written(records)
    const { cpuSeconds } = usageOf(process.pid)
    const atMs = performance.now()
    if (seen > 0) firstMs ||= atMs
    if (seen > last.seen) last = { seen, atMs }
    else if (atMs - last.atMs > stallTimeoutMs)
      throw new Error(`no progress at ${seen} of ${records} rows\n${process.log()}`)
    if (seen >= records * warmUpShare) warm ??= { seen, atMs, cpuSeconds }
    if (seen >= records && warm) {
      const counted = records - warm.seen
      return {
        per_cpu_second: { value: counted / (cpuSeconds - warm.cpuSeconds), unit: 'rows/CPU s' },
        per_second: { value: (counted / (atMs - warm.atMs)) * 1000, unit: 'rows/s' },
        peak_memory: { value: peakBytes() / 1e6, unit: 'MB' },
        first_record: { value: (firstMs - startedMs) / 1000, unit: 's' },
      }
    }
    await delay(50)
  }
}

const goal = 'twice the rows per CPU second, 1.2 times the rows per second, a quarter of the memory'
const peers = ['Debezium JDBC 3.5']

export const sinkUpsert: Trial = {
  name: 'sink-upsert',
  summary: 'rows of 150 B from a topic into a PostgreSQL table by key, half of them updates',
  peers,
  goal,
  // Both sides read from Apache Kafka.
  unavailable: javaUnavailable,
  open: (context) => open(postgresServer, context),
}

export const sinkUpsertMariaDb: Trial = {
  name: 'sink-upsert-mariadb',
  summary: 'the work of sink-upsert, into MariaDB',
  peers,
  goal,
  unavailable: () => javaUnavailable() ?? mariaDbUnavailable(),
  open: (context) => open(mariaDbServer, context),
}

export const sinkInsertClickHouse: Trial = {
  name: 'sink-insert-clickhouse',
  summary: 'the records of sink-upsert, inserted into a MergeTree table of ClickHouse',
  peers: [],
  goal: 'none; without a peer',
  unavailable: () => javaUnavailable() ?? clickHouseUnavailable(),
  open: (context) => open(clickHouseServer, context),
}
