import { kafkaClient } from '@millrace/kafka'
import { type RunningBroker, startEmbedded, startKafka } from '../support/brokers.ts'
import { javaUnavailable } from '../support/java.ts'
import { producerPerformance } from '../support/kafka-tools.ts'
import { countRecords, createTopic } from '../support/load.ts'
import { usageOf, watchMemory } from '../support/process-usage.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const topic = 'bench-latency'
const peer = 'Apache Kafka 4.3'
const valueBytes = 1_000
const mostRecords = 1_000_000
const seconds = 15

/** What both can do, found first: half of what the slower one takes is the load of all runs. */
async function open({ scale, say, nodeArguments }: TrialContext): Promise<Bench> {
  const start = (side: string): Promise<RunningBroker> =>
    side === ours ? startEmbedded({ nodeArguments }) : startKafka()
  const most = async (side: string): Promise<number> => {
    await using broker = await start(side)
    await createTopics(broker.brokers)
    const records = Math.round(mostRecords * scale)
    await producerPerformance(broker.brokers, { topic: 'bench-warm-up', valueBytes, records: Math.ceil(records / 4) })
    return (await producerPerformance(broker.brokers, { topic, valueBytes, records })).perSecond
  }
  const rates = { [ours]: await most(ours), [peer]: await most(peer) }
  const perSecond = Math.floor(Math.min(...Object.values(rates)) / 2)
  for (const [side, rate] of Object.entries(rates)) say(`${side}: at most ${Math.round(rate)} records per second`)
  say(`the load: ${perSecond} records per second`)
  const run = async (side: string): Promise<Outcome> => {
    await using broker = await start(side)
    const { brokers, pid } = broker
    await createTopics(brokers)
    const records = Math.ceil(perSecond * seconds * scale)
    const load = { valueBytes, perSecond }
    await producerPerformance(brokers, { ...load, topic: 'bench-warm-up', records: Math.ceil(records / 3) })
    const peakBytes = watchMemory(pid)
    const before = usageOf(pid)
    const report = await producerPerformance(brokers, { ...load, topic, records })
    const cpuSeconds = usageOf(pid).cpuSeconds - before.cpuSeconds
    return {
      metrics: {
        per_cpu_second: { value: records / cpuSeconds, unit: 'records/CPU s' },
        peak_memory: { value: peakBytes() / 1e6, unit: 'MB' },
        latency_p50: { value: report.p50, unit: 'ms' },
        latency_p99: { value: report.p99, unit: 'ms' },
      },
      result: `${await countRecords(brokers, topic)} records`,
    }
  }
  return { run, [Symbol.asyncDispose]: () => Promise.resolve() }
}

async function createTopics(brokers: string): Promise<void> {
  await using client = kafkaClient({ brokers, clientId: 'bench' })
  for (const name of ['bench-warm-up', topic]) await createTopic(client, name, 4)
}

export const brokerLatency: Trial = {
  name: 'broker-latency',
  summary: 'records of 1,000 B, acks=all, from one Java producer at half of the rate that the slower side takes',
  peers: [peer],
  goal: 'a 99th percentile of the latency that is no worse',
  // The load comes from a Java program for both sides.
  unavailable: javaUnavailable,
  open,
}
