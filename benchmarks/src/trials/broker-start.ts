import { setTimeout as delay } from 'node:timers/promises'
import { kafkaClient } from '@millrace/kafka'
import { startEmbedded, startKafka } from '../support/brokers.ts'
import { startChild } from '../support/child.ts'
import { temporaryFolder } from '../support/folders.ts'
import { javaUnavailable } from '../support/java.ts'
import { ageSeconds, residentBytes, usageOf } from '../support/process-usage.ts'
import { asPublished, millraceBin, unbuilt } from '../support/published.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const idleMs = 3_000

/** The published form and the sources, both with everything in memory; the figures are those of the published form. */
async function open({ say }: TrialContext): Promise<Bench> {
  const folder = await temporaryFolder('start')
  const published = await asPublished(folder.path)
  {
    // The client's own code is compiled before the clock runs.
    await using broker = await startEmbedded({ memory: true })
    for (let i = 0; i < 5; i++) await firstRecord(broker.brokers, `warm-up-${i}`)
  }
  const run = async (side: string): Promise<Outcome> => {
    if (side !== ours) return startApacheKafka()
    const figures = await startMillrace([published], folder.path)
    const source = await startMillrace(['--conditions=source', millraceBin], folder.path)
    const text = ({ seconds, rssBytes }: Figures): string =>
      `${(seconds * 1000).toFixed(0)} ms to the first record, ${(rssBytes / 1e6).toFixed(0)} MB resident when idle`
    say(`published form: ${text(figures)}; from source: ${text(source)}`)
    return outcome(figures)
  }
  return { run, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

interface Figures {
  readonly seconds: number
  readonly rssBytes: number
  readonly anonymousBytes: number
}

async function startMillrace(program: readonly string[], cwd: string): Promise<Figures> {
  await using child = startChild(process.execPath, [...program, 'broker', '--memory', '--port', '0'], { cwd })
  const [, brokers = ''] = await child.line(/^listening on (\S+)/)
  return await figuresOf(child.pid, brokers)
}

async function startApacheKafka(): Promise<Outcome> {
  await using kafka = await startKafka()
  return outcome(await figuresOf(kafka.pid, kafka.brokers))
}

async function figuresOf(pid: number, brokers: string): Promise<Figures> {
  await firstRecord(brokers, 'first')
  const seconds = ageSeconds(pid)
  await delay(idleMs)
  return { seconds, rssBytes: residentBytes(pid), anonymousBytes: usageOf(pid).rssAnonBytes }
}

function outcome({ seconds, anonymousBytes }: Figures): Outcome {
  return {
    metrics: {
      peak_memory: { value: anonymousBytes / 1e6, unit: 'MB' },
      first_record: { value: seconds, unit: 's' },
    },
    result: 'one record there and back',
  }
}

/** Creates a topic, writes a record and reads it back. */
async function firstRecord(brokers: string, topic: string): Promise<void> {
  await using client = kafkaClient({ brokers, clientId: 'bench', retryDelayMsMin: 5 })
  await client.admin.createTopics([{ name: topic, partitions: 1 }])
  await using producer = client.producer()
  await producer.send({ topic, key: null, value: Buffer.from('first') })
  await using consumer = client.consumer()
  consumer.assign([{ topic, partition: 0 }])
  const [fetched] = await consumer.poll({ timeoutMs: 10_000 })
  if (fetched === undefined) throw new Error('the first record did not come back')
}

export const brokerStart: Trial = {
  name: 'broker-start',
  summary: 'from the start of the process to the first record written and read; memory when idle afterwards',
  peers: ['Apache Kafka 4.3'],
  goal: 'first record within 0.3 s, a fifth of the memory, under 100 MB resident',
  unavailable: (side) => (side === ours ? unbuilt() : javaUnavailable()),
  open,
}
