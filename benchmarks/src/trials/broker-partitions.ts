import { setTimeout as delay } from 'node:timers/promises'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type RunningBroker, startKafka } from '../support/brokers.ts'
import { type Child, startChild } from '../support/child.ts'
import { temporaryFolder } from '../support/folders.ts'
import { javaUnavailable } from '../support/java.ts'
import { ageSeconds, residentBytes, usageOf } from '../support/process-usage.ts'
import { millraceProgram } from '../support/published.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const partitions = 10_000
const partitionsPerTopic = 100
const idleMs = 5_000

async function open(context: TrialContext): Promise<Bench> {
  const run = (side: string): Promise<Outcome> => (side === ours ? runEmbedded(context) : runKafka(context))
  return { run, [Symbol.asyncDispose]: () => Promise.resolve() }
}

/** Topics with so many partitions, and a record in each. */
async function fill(brokers: string, scale: number): Promise<number> {
  await using client = kafkaClient({ brokers, clientId: 'bench' })
  const topics = Math.ceil((partitions * scale) / partitionsPerTopic)
  const config = { 'retention.ms': '-1' }
  for (let index = 0; index < topics; index++) {
    await client.admin.createTopics([{ name: `bench-${index}`, partitions: partitionsPerTopic, config }])
  }
  await using producer = client.producer()
  for (let index = 0; index < topics; index++) {
    const sent = Array.from({ length: partitionsPerTopic }, (_, partition) => {
      return producer.send({ topic: `bench-${index}`, partition, key: null, value: Buffer.alloc(100) })
    })
    await Promise.all(sent)
  }
  return topics * partitionsPerTopic
}

async function acknowledged(client: KafkaClient): Promise<void> {
  await using producer = client.producer()
  await producer.send({ topic: 'bench-0', partition: 0, key: null, value: Buffer.alloc(100) })
}

async function runEmbedded({ scale, say, nodeArguments }: TrialContext): Promise<Outcome> {
  await using folder = await temporaryFolder('partitions')
  await using programFolder = await temporaryFolder('program')
  const program = await millraceProgram(programFolder.path)
  const start = async (): Promise<{ child: Child; brokers: string }> => {
    const args = [...nodeArguments, ...program, 'broker', '--port', '0', '--data', folder.path]
    const child = startChild(process.execPath, args)
    const [, brokers = ''] = await child.line(/^listening on (\S+)/)
    return { child, brokers }
  }
  const restarted = async (how: string): Promise<{ seconds: number; anonymousBytes: number }> => {
    const { child, brokers } = await start()
    await using _ = child
    await using client = kafkaClient({ brokers, clientId: 'bench', retryDelayMsMin: 5 })
    await acknowledged(client)
    const seconds = ageSeconds(child.pid)
    await delay(idleMs)
    const residentMb = (residentBytes(child.pid) / 1e6).toFixed(0)
    say(`${ours}, ${how}: first record after ${seconds.toFixed(2)} s, ${residentMb} MB resident when idle`)
    const { rssAnonBytes: anonymousBytes } = usageOf(child.pid)
    if (how === afterStop) process.kill(child.pid, 'SIGKILL')
    return { seconds, anonymousBytes }
  }
  let count: number
  {
    const { child, brokers } = await start()
    await using _ = child
    count = await fill(brokers, scale)
  }
  const clean = await restarted(afterStop)
  const killed = await restarted('started after it was killed')
  return {
    metrics: {
      peak_memory: { value: Math.max(clean.anonymousBytes, killed.anonymousBytes) / 1e6, unit: 'MB' },
      first_record: { value: Math.max(clean.seconds, killed.seconds), unit: 's' },
    },
    result: `${count} partitions`,
  }
}

const afterStop = 'started after a stop'

/** Its data goes with the process, so it is measured in its first life only. */
async function runKafka({ scale, say }: TrialContext): Promise<Outcome> {
  await using broker: RunningBroker = await startKafka()
  const count = await fill(broker.brokers, scale)
  await delay(idleMs)
  say(`Apache Kafka: ${(residentBytes(broker.pid) / 1e6).toFixed(0)} MB resident when idle`)
  return {
    metrics: { peak_memory: { value: usageOf(broker.pid).rssAnonBytes / 1e6, unit: 'MB' } },
    result: `${count} partitions`,
  }
}

export const brokerPartitions: Trial = {
  name: 'broker-partitions',
  summary: '10,000 partitions with a record each: start (ours only), memory when idle',
  peers: ['Apache Kafka 4.3'],
  goal: 'start within 2 s, idle under 200 MB',
  unavailable: (side) => (side === ours ? undefined : javaUnavailable()),
  open,
}
