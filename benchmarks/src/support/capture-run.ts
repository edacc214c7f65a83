import { join } from 'node:path'
import { startPostgres } from '@millrace/conformance/postgres'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type Bench, type Outcome, ours, type TrialContext } from '../trial.ts'
import { startEmbedded, startKafka } from './brokers.ts'
import { type Child, startChild } from './child.ts'
import { debeziumArguments } from './debezium.ts'
import { benchmarks, temporaryFolder } from './folders.ts'
import { javaPeer } from './java.ts'
import { createTopic } from './load.ts'

/** One run of one side, with a database and a topic of its own. */
export interface CaptureRun {
  readonly client: KafkaClient
  readonly brokers: string
  readonly url: string
  /** Of the publication, and of the connector. */
  readonly name: string
  readonly slot: string
  readonly topic: string
  readonly side: string
  /** The capturing process. */
  start(): Promise<Child>
}

export interface CaptureTask {
  /** Of `src/drivers`; its arguments are brokers, name, topic and the database. */
  readonly driver: string
  readonly topic: (name: string) => string
  /** Of Debezium beside what every connector has. */
  readonly properties: Readonly<Record<string, string>>
}

/** The side that is ours, with our broker in the place of Apache Kafka. */
export const onOwnBroker = 'on our broker'

/** PostgreSQL and Apache Kafka for all runs of a trial. */
export async function captureBench(
  task: CaptureTask,
  context: TrialContext,
  measure: (run: CaptureRun) => Promise<Outcome>,
): Promise<Bench> {
  const classPath = javaPeer('debezium')
  const postgres = await startPostgres()
  const kafka = await startKafka()
  let number = 0
  const run = async (side: string): Promise<Outcome> => {
    if (side !== onOwnBroker) return runOn(kafka.brokers, side)
    await using embedded = await startEmbedded({ nodeArguments: context.nodeArguments })
    return await runOn(embedded.brokers, ours)
  }
  const runOn = async (brokers: string, side: string): Promise<Outcome> => {
    const name = `bench_${++number}`
    await using client = kafkaClient({ brokers, clientId: 'bench' })
    const url = await postgres.createDatabase(name)
    await using folder = await temporaryFolder('debezium')
    const topic = task.topic(name)
    await createTopic(client, topic, 1)
    const program = join(benchmarks, 'src/drivers', task.driver)
    const node = [...context.nodeArguments, '--conditions=source', program, brokers, name, topic, url]
    const theirs = { brokers, name, database: new URL(url), folder: folder.path, properties: task.properties }
    const start = async (): Promise<Child> =>
      side === ours
        ? startChild(process.execPath, node)
        : startChild('java', await debeziumArguments(classPath, theirs))
    const slot = side === ours ? `millrace_${name}` : name
    return await measure({ client, brokers, url, name, slot, topic, side, start })
  }
  const close = async (): Promise<void> => {
    await kafka[Symbol.asyncDispose]()
    await postgres.close()
  }
  return { run, [Symbol.asyncDispose]: close }
}
