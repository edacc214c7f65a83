import { type RunningBroker, startEmbedded, startKafka } from '../support/brokers.ts'
import { javaUnavailable } from '../support/java.ts'
import { consumerPerformance } from '../support/kafka-tools.ts'
import { loadTopic, noise } from '../support/load.ts'
import { usageOf, watchMemory } from '../support/process-usage.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const topic = 'bench-consume'

interface ConsumeWork {
  readonly valueBytes: number
  readonly records: number
}

/** Both brokers hold the same records; Kafka's own tool reads them, a first time to warm up and then for the figures. */
async function open(work: ConsumeWork, { scale, say, nodeArguments }: TrialContext): Promise<Bench> {
  const records = Math.round(work.records * scale)
  const run = async (side: string): Promise<Outcome> => {
    await using broker: RunningBroker = await (side === ours ? startEmbedded({ nodeArguments }) : startKafka())
    const { brokers, pid } = broker
    await loadTopic(brokers, { topic, partitions: 4, records, batchBytes: 65_536, record: noise(work.valueBytes) })
    await consumerPerformance(brokers, topic, records)
    const peakBytes = watchMemory(pid)
    const before = usageOf(pid)
    const report = await consumerPerformance(brokers, topic, records)
    const cpuSeconds = usageOf(pid).cpuSeconds - before.cpuSeconds
    const megabytes = (records * work.valueBytes) / 1e6
    say(`${side}: ${(records / report.fetchSeconds / 1e6).toFixed(2)} M records per second`)
    return {
      metrics: {
        per_cpu_second: { value: megabytes / cpuSeconds, unit: 'MB/CPU s' },
        per_second: { value: megabytes / report.fetchSeconds, unit: 'MB/s' },
        peak_memory: { value: peakBytes() / 1e6, unit: 'MB' },
      },
      result: `${report.records} records`,
    }
  }
  return { run, [Symbol.asyncDispose]: () => Promise.resolve() }
}

function consumeTrial(name: string, summary: string, work: ConsumeWork): Trial {
  return {
    name,
    summary,
    peers: ['Apache Kafka 4.3'],
    goal: 'as many bytes per second, three times as many per CPU second, a fifth of the memory',
    // The load comes from a Java program for both sides.
    unavailable: javaUnavailable,
    open: (context) => open(work, context),
  }
}

export const brokerConsume = consumeTrial(
  'broker-consume',
  'records of 100 B that the page cache holds, to one Java consumer; 4 partitions; figures of the broker',
  { valueBytes: 100, records: 10_000_000 },
)

export const brokerConsumeLarge = consumeTrial('broker-consume-1k', 'the same with records of 1,000 B', {
  valueBytes: 1_000,
  records: 2_000_000,
})
