import { join } from 'node:path'
import { startEmbedded } from '../support/brokers.ts'
import { runDriver } from '../support/child.ts'
import { benchmarks } from '../support/folders.ts'
import { javaPeer, javaUnavailable } from '../support/java.ts'
import { loadTopic, noise } from '../support/load.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const topic = 'bench-consume'
const valueBytes = 100

const programs: Readonly<Record<string, string>> = {
  kafkajs: 'peers/kafkajs/consume.ts',
  '@platformatic/kafka': 'peers/platformatic/consume.ts',
}

function consumeTrial(name: string, driver: string, summary: string, goal: string): Trial {
  return {
    name,
    summary,
    peers: ['kafkajs', '@platformatic/kafka', 'Java client 4.3'],
    goal,
    unavailable: (side) => (side.startsWith('Java') ? javaUnavailable() : undefined),
    open: (context) => open(driver, context),
  }
}

/** One broker and one topic for all sides: 4 partitions, batches of 64 KiB, no compression. */
async function open(driver: string, { scale, say, nodeArguments }: TrialContext): Promise<Bench> {
  const records = Math.round(5_000_000 * scale)
  const broker = await startEmbedded()
  say(`embedded broker on ${broker.brokers}; writing ${records} records`)
  const load = { topic, partitions: 4, records, batchBytes: 65_536, record: noise(valueBytes) }
  await loadTopic(broker.brokers, load)
  const rest = [broker.brokers, topic, String(records)]
  const run = async (side: string): Promise<Outcome> => {
    const program = join(benchmarks, side === ours ? driver : (programs[side] ?? ''))
    const node = [...(side === ours ? nodeArguments : []), '--conditions=source', program, ...rest]
    const { result, seconds, cpuSeconds, peakBytes } =
      programs[side] === undefined && side !== ours
        ? await runDriver('java', ['-cp', javaPeer('java-client'), 'Consume', ...rest])
        : await runDriver(process.execPath, node)
    return {
      metrics: {
        per_cpu_second: { value: records / cpuSeconds, unit: 'records/CPU s' },
        per_second: { value: records / seconds, unit: 'records/s' },
        peak_memory: { value: peakBytes / 1e6, unit: 'MB' },
      },
      result: JSON.stringify(result),
    }
  }
  return { run, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() }
}

export const clientConsume = consumeTrial(
  'client-consume',
  'src/drivers/consume.ts',
  'records of 100 B from the embedded broker, every offset and value looked at',
  '3 M records per CPU second',
)

export const clientConsumeRecords = consumeTrial(
  'client-consume-records',
  'src/drivers/consume-records.ts',
  'the same with an object per record and every field copied',
  'ahead of every peer',
)
