import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import type { Outcome, TrialContext } from '../trial.ts'
import { type RunningBroker, startKafka } from './brokers.ts'
import { type Child, startChild } from './child.ts'
import { benchmarks, temporaryFolder } from './folders.ts'
import { javaPeer } from './java.ts'
import { createTopic } from './load.ts'
import { partitions } from './orders.ts'
import { usageOf, watchMemory } from './process-usage.ts'

/** Of the input, not counted: programs start, code is compiled, stores come into being. */
const warmUpShare = 0.1
const stallTimeoutMs = 120_000
/** As the README of the streams package recommends where memory counts. */
const youngGeneration = '--max-semi-space-size=16'

export type Guarantee = 'exactly_once' | 'at_least_once'

export interface Application {
  /** Of the topology in both programs. */
  readonly topology: string
  readonly guarantee: Guarantee
  readonly input: string
  readonly table?: string
  readonly threads?: number
}

export interface StartedApplication {
  readonly app: Child
  readonly applicationId: string
  readonly output: string
  readonly startedMs: number
}

/** An Apache Kafka for all runs of a trial, and applications on it with an empty state folder each. */
export class StreamsBench implements AsyncDisposable {
  readonly #name: string
  readonly #context: TrialContext
  readonly #broker: RunningBroker
  readonly #classPath: string
  readonly client: KafkaClient
  #number = 0

  private constructor(name: string, context: TrialContext, broker: RunningBroker, classPath: string) {
    this.#name = name
    this.#context = context
    this.#broker = broker
    this.#classPath = classPath
    this.client = kafkaClient({ brokers: broker.brokers, clientId: 'bench' })
  }

  static async start(name: string, context: TrialContext): Promise<StreamsBench> {
    const classPath = javaPeer('kafka-streams')
    const broker = await startKafka()
    context.say(`Apache Kafka on ${broker.brokers}`)
    return new StreamsBench(name, context, broker, classPath)
  }

  get brokers(): string {
    return this.#broker.brokers
  }

  nextApplicationId(): string {
    return `${this.#name}-${++this.#number}`
  }

  /** Runs the application while `work` looks on. */
  async running(
    side: string,
    application: Application,
    work: (started: StartedApplication) => Promise<Outcome>,
    applicationId = this.nextApplicationId(),
  ): Promise<Outcome> {
    const { topology, guarantee, input, table = '', threads = 1 } = application
    const output = `${applicationId}-output`
    await createTopic(this.client, output, partitions)
    await using folder = await temporaryFolder('streams')
    const args = [topology, guarantee, this.brokers, applicationId, input, output, table, folder.path]
    const program = join(benchmarks, 'src/drivers/streams-app.ts')
    const nodeArguments = [youngGeneration, ...this.#context.nodeArguments, '--conditions=source', program, ...args]
    const startedMs = performance.now()
    await using app =
      side === kafkaStreams
        ? startChild('java', ['-Xmx2g', '-cp', this.#classPath, 'StreamsApp', ...args])
        : startChild(process.execPath, [...nodeArguments, String(threads)])
    return await work({ app, applicationId, output, startedMs })
  }

  /** How many records of the topic the application has committed. */
  async committed(group: string, input: string): Promise<number> {
    const offsets = await this.client.admin.committedOffsets(group)
    return offsets.reduce((sum, { topic, offset }) => sum + (topic === input ? Math.max(0, offset) : 0), 0)
  }

  /** Follows what the application has committed; what a commit covers is finished, output and stores included. */
  async measure(started: StartedApplication, input: string, records: number): Promise<Outcome['metrics']> {
    const { app, applicationId, startedMs } = started
    const peakBytes = watchMemory(app.pid)
    let firstMs: number | undefined
    let warm: { readonly committed: number; readonly atMs: number; readonly cpuSeconds: number } | undefined
    let last = { committed: 0, atMs: startedMs }
    for (;;) {
      app.check()
      const committed = await this.committed(applicationId, input)
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    await this.#broker[Symbol.asyncDispose]()
  }
}

export const kafkaStreams = 'Kafka Streams 4.3'
