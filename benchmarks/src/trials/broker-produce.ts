import { kafkaClient } from '@millrace/kafka'
import { startEmbedded, startKafka } from '../support/brokers.ts'
import { javaUnavailable } from '../support/java.ts'
import { producerPerformance } from '../support/kafka-tools.ts'
import { countRecords, createTopic } from '../support/load.ts'
import { usageOf, watchMemory } from '../support/process-usage.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const partitions = 4

interface ProduceWork {
  readonly valueBytes: number
  readonly records: number
}

function produceTrial(name: string, summary: string, work: ProduceWork): Trial {
  return {
    name,
    summary,
    peers: ['Apache Kafka 4.3'],
    goal: 'as many records per second, three times as many per CPU second of the broker',
    // The load comes from a Java program for both sides.
    unavailable: javaUnavailable,
    open: (context) => open(work, context),
  }
}

/** Each run has a broker of its own with its log on disk, which takes a tenth of the load first to warm up. */
async function open(work: ProduceWork, { scale, say, nodeArguments }: TrialContext): Promise<Bench> {
  const records = Math.round(work.records * scale)
  const run = async (side: string): Promise<Outcome> => {
    await using broker = await (side === ours ? startEmbedded({ nodeArguments }) : startKafka())
    const { brokers, pid } = broker
    {
      await using client = kafkaClient({ brokers, clientId: 'bench' })
      await createTopic(client, 'bench-warm-up', partitions)
      await createTopic(client, 'bench-produce', partitions)
    }
    await producerPerformance(brokers, { ...work, topic: 'bench-warm-up', records: Math.ceil(records / 10) })
    const peakBytes = watchMemory(pid)
    const before = usageOf(pid)
    const report = await producerPerformance(brokers, { ...work, topic: 'bench-produce', records })
    const cpuSeconds = usageOf(pid).cpuSeconds - before.cpuSeconds
    const megabytes = (records * work.valueBytes) / 1e6
    say(`${side}: ${(megabytes / cpuSeconds).toFixed(0)} MB per CPU second of the broker`)
    return {
      metrics: {
        per_cpu_second: { value: records / cpuSeconds, unit: 'records/CPU s' },
        per_second: { value: report.perSecond, unit: 'records/s' },
        peak_memory: { value: peakBytes() / 1e6, unit: 'MB' },
        latency_p50: { value: report.p50, unit: 'ms' },
        latency_p99: { value: report.p99, unit: 'ms' },
      },
      result: `${await countRecords(brokers, 'bench-produce')} records`,
    }
  }
  return { run, [Symbol.asyncDispose]: () => Promise.resolve() }
}

export const brokerProduce = produceTrial(
  'broker-produce',
  'records of 100 B, acks=all, batches of 64 KiB, from one Java producer to 4 partitions on disk',
  { valueBytes: 100, records: 5_000_000 },
)

export const brokerProduceLarge = produceTrial('broker-produce-1k', 'the same with records of 1,000 B', {
  valueBytes: 1_000,
  records: 1_500_000,
})
