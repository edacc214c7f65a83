import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startPostgres, type TestPostgres } from '@millrace/conformance/postgres'
import { decodedRecords, type KafkaClient, kafkaClient } from '@millrace/kafka'
import { startKafka } from '../support/brokers.ts'
import { type Child, startChild } from '../support/child.ts'
import { debeziumArguments } from '../support/debezium.ts'
import { Digest } from '../support/digest.ts'
import { benchmarks, temporaryFolder } from '../support/folders.ts'
import { javaPeer, javaUnavailable } from '../support/java.ts'
import { createTopic } from '../support/load.ts'
import { OutboxDatabase } from '../support/outbox-database.ts'
import { usageOf, watchMemory } from '../support/process-usage.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const fullSize = 500_000
/** Of the events, not counted: code is compiled meanwhile. */
const warmUpShare = 0.1
const stallTimeoutMs = 60_000

interface Run {
  readonly client: KafkaClient
  readonly database: OutboxDatabase
  readonly slot: string
  readonly topic: string
  readonly events: number
  start(): Promise<Child>
}

async function open(context: TrialContext): Promise<Bench> {
  const classPath = javaPeer('debezium')
  const postgres = await startPostgres()
  const kafka = await startKafka()
  const client = kafkaClient({ brokers: kafka.brokers, clientId: 'bench' })
  let number = 0
  const run = async (side: string): Promise<Outcome> => {
    const name = `bench_${++number}`
    const url = await postgres.createDatabase(name)
    await using database = await OutboxDatabase.create(url, name)
    await using folder = await temporaryFolder('debezium')
    const topic = `captured-${number}`
    await createTopic(client, topic, 1)
    const { brokers } = kafka
    const program = join(benchmarks, 'src/drivers/capture-outbox.ts')
    const node = [...context.nodeArguments, '--conditions=source', program, brokers, name, topic, url]
    const start = async (): Promise<Child> =>
      side === ours
        ? startChild(process.execPath, node)
        : startChild(
            'java',
            await debeziumArguments(classPath, { brokers, name, database: new URL(url), folder: folder.path }),
          )
    const slot = side === ours ? `millrace_${name}` : name
    const events = Math.round(fullSize * context.scale)
    return await measured({ client, database, slot, topic, events, start }, context)
  }
  return { run, [Symbol.asyncDispose]: () => close(client, kafka, postgres) }
}

async function close(client: KafkaClient, kafka: AsyncDisposable, postgres: TestPostgres): Promise<void> {
  await client.close()
  await kafka[Symbol.asyncDispose]()
  await postgres.close()
}

/** Captures one event and stops; meanwhile a backlog comes into being, and a new process works it off. */
async function measured(run: Run, context: TrialContext): Promise<Outcome> {
  const { client, database, slot, topic, events } = run
  {
    await using process = await run.start()
    await until(async () => (await database.slot(slot)) === 'active', process)
    await database.fill(topic, 1, 1)
    await until(async () => (await captured(client, topic)) > 0, process)
  }
  await until(async () => (await database.slot(slot)) === 'idle')
  context.say(`writing ${events} rows`)
  await database.fill(topic, 2, events)
  const before = await captured(client, topic)
  const startedMs = performance.now()
  await using process = await run.start()
  const metrics = await follow(async () => (await captured(client, topic)) - before, { process, events, startedMs })
  return { metrics, result: await everyEvent(client, topic, events + 1) }
}

/** The last stable offset: the events so far, and of a transactional producer a marker per thousands of them. */
async function captured(client: KafkaClient, topic: string): Promise<number> {
  const at = 'latest' as const
  const [listed] = await client.admin.listOffsets([{ topic, partition: 0, at }], { isolation: 'read_committed' })
  return listed?.offset ?? 0
}

async function follow(
  progress: () => Promise<number>,
  { process, events, startedMs }: { process: Child; events: number; startedMs: number },
): Promise<Outcome['metrics']> {
  const peakBytes = watchMemory(process.pid)
  let last = { seen: 0, atMs: startedMs }
  let firstMs = 0
  let warm: { readonly seen: number; readonly atMs: number; readonly cpuSeconds: number } | undefined
  for (;;) {
    process.check()
    const seen = await progress()
    const { cpuSeconds } = usageOf(process.pid)
    const atMs = performance.now()
    if (seen > 0) firstMs ||= atMs
    if (seen > last.seen) last = { seen, atMs }
    else if (atMs - last.atMs > stallTimeoutMs) throw new Error(`no progress at ${seen} of ${events} events`)
    if (seen >= events * warmUpShare) warm ??= { seen, atMs, cpuSeconds }
    if (seen >= events && warm) {
      const counted = events - warm.seen
      return {
        per_cpu_second: { value: counted / (cpuSeconds - warm.cpuSeconds), unit: 'events/CPU s' },
        per_second: { value: (counted / (atMs - warm.atMs)) * 1000, unit: 'events/s' },
        peak_memory: { value: peakBytes() / 1e6, unit: 'MB' },
        first_record: { value: (firstMs - startedMs) / 1000, unit: 's' },
      }
    }
    await delay(20)
  }
}

/** Waits for all events, and digests their keys, values and ids. */
async function everyEvent(client: KafkaClient, topic: string, events: number): Promise<string> {
  await using consumer = client.consumer()
  consumer.assign([{ topic, partition: 0 }])
  const digest = new Digest()
  const deadlineMs = performance.now() + stallTimeoutMs
  for (let seen = 0; seen < events && performance.now() < deadlineMs; ) {
    for (const fetched of await consumer.poll({ timeoutMs: 1_000 })) {
      for (const { key, value, headers } of decodedRecords(fetched)) {
        digest.add(`${key} ${value} ${headers.find((header) => header.key === 'id')?.value}`)
        seen++
      }
    }
  }
  return `events: ${digest}`
}

async function until(isDone: () => Promise<boolean>, process?: Child): Promise<void> {
  const deadlineMs = performance.now() + stallTimeoutMs
  while (!(await isDone())) {
    process?.check()
    if (performance.now() > deadlineMs) throw new Error('capture did not get going')
    await delay(50)
  }
}

export const captureOutbox: Trial = {
  name: 'capture-outbox',
  summary: 'a backlog of outbox rows of 150 B, committed ten at a time, from PostgreSQL to a topic',
  peers: ['Debezium 3.6'],
  goal: 'three times as many events per CPU second, first event after 1.5 s, a sixth of the memory',
  // Both sides write to Apache Kafka.
  unavailable: javaUnavailable,
  open,
}
