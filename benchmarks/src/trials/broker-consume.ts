import { join } from 'node:path'
import { type RunningBroker, startEmbedded, startKafka } from '../support/brokers.ts'
import { runDriver } from '../support/child.ts'
import { benchmarks } from '../support/folders.ts'
import { javaUnavailable } from '../support/java.ts'
import { loadTopic, noise } from '../support/load.ts'
import { usageOf, watchMemory } from '../support/process-usage.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const topic = 'bench-consume'
const driver = join(benchmarks, 'src/drivers/consume.ts')

interface ConsumeWork {
  readonly valueBytes: number
  readonly records: number
}

/** Both brokers hold the same records; one of our consumers reads them, a first time to warm up and then for the figures. */
async function open(work: ConsumeWork, { scale, say, nodeArguments }: TrialContext): Promise<Bench> {
  const records = Math.round(work.records * scale)
  const run = async (side: string): Promise<Outcome> => {
    await using broker: RunningBroker = await (side === ours ? startEmbedded({ nodeArguments }) : startKafka())
    const { brokers, pid } = broker
    await loadTopic(brokers, { topic, partitions: 4, records, batchBytes: 65_536, record: noise(work.valueBytes) })
    const read = () => runDriver(process.execPath, ['--conditions=source', driver, brokers, topic, String(records)])
    await read()
    const peakBytes = watchMemory(pid)
    const before = usageOf(pid)
    const { result, seconds } = await read()
    const cpuSeconds = usageOf(pid).cpuSeconds - before.cpuSeconds
    const megabytes = (records * work.valueBytes) / 1e6
    say(`${side}: ${(records / seconds / 1e6).toFixed(2)} M records per second`)
    return {
      metrics: {
        per_cpu_second: { value: megabytes / cpuSeconds, unit: 'MB/CPU s' },
        per_second: { value: megabytes / seconds, unit: 'MB/s' },
        peak_memory: { value: peakBytes() / 1e6, unit: 'MB' },
      },
      result: JSON.stringify(result),
    }
  }
  return { run, [Symbol.asyncDispose]: () => Promise.resolve() }
}

function consumeTrial(name: string, summary: string, work: ConsumeWork): Trial {
  return {
    name,
    summary,
    peers: ['Apache Kafka 4.3'],
    goal: 'as many bytes per second',
    unavailable: (side) => (side === ours ? undefined : javaUnavailable()),
    open: (context) => open(work, context),
  }
}

export const brokerConsume = consumeTrial(
  'broker-consume',
  'records of 100 B that the page cache holds, to one consumer; 4 partitions; figures of the broker',
  { valueBytes: 100, records: 10_000_000 },
)

export const brokerConsumeLarge = consumeTrial('broker-consume-1k', 'the same with records of 1,000 B', {
  valueBytes: 1_000,
  records: 2_000_000,
})
