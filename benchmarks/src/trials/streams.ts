import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type RunningBroker, startKafka } from '../support/brokers.ts'
import { type Child, startChild } from '../support/child.ts'
import { Digest, readCommitted } from '../support/digest.ts'
import { benchmarks, temporaryFolder } from '../support/folders.ts'
import { javaPeer, javaUnavailable } from '../support/java.ts'
import { createTopic, loadTopic } from '../support/load.ts'
import { usageOf, watchMemory } from '../support/process-usage.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const partitions = 4
const keys = 100_000
const input = 'bench-orders'
/** Of the input, not counted: programs start, code is compiled, stores come into being. */
const warmUpShare = 0.1
const stallTimeoutMs = 120_000

interface StreamsWork {
  /** Of the topology in both programs. */
  readonly topology: string
  readonly records: number
  /** What the program wrote, as both sides must have written it. */
  result(brokers: string, output: string): Promise<string>
}

function streamsTrial(name: string, summary: string, goal: string, work: StreamsWork): Trial {
  return {
    name,
    summary,
    peers: ['Kafka Streams 4.3'],
    goal,
    // Both sides run on Apache Kafka.
    unavailable: javaUnavailable,
    open: (context) => open(name, work, context),
  }
}

/** One Apache Kafka and one input for all runs; every run is an application of its own with an empty state folder. */
async function open(name: string, work: StreamsWork, context: TrialContext): Promise<Bench> {
  const records = Math.round(work.records * context.scale)
  const classPath = javaPeer('kafka-streams')
  const broker = await startKafka()
  const client = kafkaClient({ brokers: broker.brokers, clientId: 'bench' })
  context.say(`Apache Kafka on ${broker.brokers}; writing ${records} records`)
  await loadTopic(broker.brokers, { topic: input, partitions, records, batchBytes: 65_536, ...orders() })
  let number = 0
  const run = async (side: string): Promise<Outcome> => {
    const applicationId = `${name}-${++number}`
    const output = `${applicationId}-output`
    await createTopic(client, output, partitions)
    await using folder = await temporaryFolder('streams')
    const rest = [work.topology, broker.brokers, applicationId, input, output, folder.path]
    const program = join(benchmarks, 'src/drivers/streams-app.ts')
    const startedMs = performance.now()
    await using app =
      side === ours
        ? startChild(process.execPath, [...context.nodeArguments, '--conditions=source', program, ...rest])
        : startChild('java', ['-Xmx2g', '-cp', classPath, 'StreamsApp', ...rest])
    const metrics = await measure(client, { app, applicationId, records, startedMs })
    await app.close()
    return { metrics, result: await work.result(broker.brokers, output) }
  }
  return { run, [Symbol.asyncDispose]: () => close(client, broker) }
}

async function close(client: KafkaClient, broker: RunningBroker): Promise<void> {
  await client.close()
  await broker[Symbol.asyncDispose]()
}

interface Running {
  readonly app: Child
  readonly applicationId: string
  readonly records: number
  readonly startedMs: number
}

/** Follows what the application has committed; what a commit covers is finished, output and stores included. */
async function measure(client: KafkaClient, running: Running): Promise<Outcome['metrics']> {
  const { app, applicationId, records, startedMs } = running
  const peakBytes = watchMemory(app.pid)
  let firstMs: number | undefined
  let warm: { readonly committed: number; readonly atMs: number; readonly cpuSeconds: number } | undefined
  let last = { committed: 0, atMs: startedMs }
  for (;;) {
    app.check()
    const committed = await committedRecords(client, applicationId)
    const atMs = performance.now()
    if (committed > 0) firstMs ??= atMs
    if (committed > last.committed) last = { committed, atMs }
    else if (atMs - last.atMs > stallTimeoutMs) throw new Error(`no progress at ${committed} of ${records} records`)
    const { cpuSeconds } = usageOf(app.pid)
    if (committed >= records * warmUpShare) warm ??= { committed, atMs, cpuSeconds }
    if (committed >= records && warm) {
      const counted = records - warm.committed
      return {
        per_cpu_second: { value: counted / (cpuSeconds - warm.cpuSeconds), unit: 'records/CPU s' },
        per_second: { value: (counted / (atMs - warm.atMs)) * 1000, unit: 'records/s' },
        peak_memory: { value: peakBytes() / 1e6, unit: 'MB' },
        first_record: { value: ((firstMs ?? atMs) - startedMs) / 1000, unit: 's' },
      }
    }
    await delay(50)
  }
}

async function committedRecords(client: KafkaClient, group: string): Promise<number> {
  const offsets = await client.admin.committedOffsets(group)
  return offsets.reduce((sum, { topic, offset }) => sum + (topic === input ? Math.max(0, offset) : 0), 0)
}

/** Orders of about 150 bytes of JSON; a customer's all lie in one partition. */
function orders(random: Random = seededRandom(1)) {
  let customer = 0
  const record = (index: number) => {
    const customerId = `customer-${String(customer).padStart(6, '0')}`
    const order = {
      orderId: `order-${String(index).padStart(9, '0')}`,
      customerId,
      amountCents: randomInt(random, 100_000),
      currency: 'EUR',
      status: 'placed',
      note: 'leave it at the door',
    }
    return { key: Buffer.from(customerId), value: Buffer.from(JSON.stringify(order)) }
  }
  const partition = (): number => {
    customer = randomInt(random, keys)
    return customer % partitions
  }
  return { record, partition }
}

/** The last value of every key. */
async function finalTotals(brokers: string, output: string): Promise<string> {
  const last = new Map<string, string>()
  await readCommitted(brokers, output, (key, value) => void last.set(String(key), String(value)))
  const digest = new Digest()
  for (const [key, value] of last) {
    const { count, sum } = JSON.parse(value) as { count: number; sum: number }
    digest.add(`${key} ${count} ${sum}`)
  }
  return `final totals per key: ${digest}`
}

async function everyOutput(brokers: string, output: string): Promise<string> {
  const digest = new Digest()
  await readCommitted(brokers, output, (key, value) => digest.add(`${key} ${value}`))
  return `outputs: ${digest}`
}

export const streamsAggregate = streamsTrial(
  'streams-aggregate',
  'count and sum per key of JSON values of 150 B, 100,000 keys, store on disk, changelog, exactly once, 1 thread',
  'twice as many records per CPU second, later five times; a quarter of the memory',
  { topology: 'aggregate', records: 2_000_000, result: finalTotals },
)

export const streamsFilterMap = streamsTrial(
  'streams-filter-map',
  'JSON values of 150 B parsed, 1 in 4 kept, a short string out, exactly once, 1 thread',
  '1.5 times as many records per CPU second; a quarter of the memory',
  { topology: 'filter-map', records: 5_000_000, result: everyOutput },
)
