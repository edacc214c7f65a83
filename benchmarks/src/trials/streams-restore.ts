import { javaUnavailable } from '../support/java.ts'
import { loadTopic } from '../support/load.ts'
import { orders, partitions, totalsOf } from '../support/orders.ts'
import { usageOf, watchMemory } from '../support/process-usage.ts'
import { finalValues } from '../support/streams-results.ts'
import { kafkaStreams, type StartedApplication, StreamsBench } from '../support/streams-run.ts'
import type { Bench, Outcome, Trial, TrialContext } from '../trial.ts'

const input = 'bench-orders'
/** Of the changelog: a third of its records are the last of their key. */
const keys = 1_000_000
/** What is processed after the restore, and shows what was restored. */
const recordsAfter = 10_000

async function open(context: TrialContext): Promise<Bench> {
  const records = Math.round(3_000_000 * context.scale)
  const bench = await StreamsBench.start('streams-restore', context)
  const load = { partitions, batchBytes: 65_536 }
  await loadTopic(bench.brokers, { topic: input, ...load, records: recordsAfter, ...orders(keys) })
  const run = async (side: string): Promise<Outcome> => {
    const applicationId = bench.nextApplicationId()
    context.say(`writing a changelog of ${records} records`)
    const topic = `${applicationId}-totals-changelog`
    const config = { 'cleanup.policy': 'compact', 'segment.bytes': '1073741824' }
    await loadTopic(bench.brokers, { topic, ...load, records, ...totalsOf(keys), config })
    const application = { topology: 'aggregate', guarantee: 'exactly_once', input } as const
    return await bench.running(side, application, (started) => follow(bench, started, records), applicationId)
  }
  return { run, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
}

/** From the first changelog that begins to the last that is complete. */
async function follow(bench: StreamsBench, started: StartedApplication, records: number): Promise<Outcome> {
  const { app, output, startedMs } = started
  const peakBytes = watchMemory(app.pid)
  await app.line(/^restoring /)
  const before = { cpuSeconds: usageOf(app.pid).cpuSeconds, atMs: performance.now() }
  for (let complete = 0; complete < partitions; complete++) await app.line(/^restored /)
  const cpuSeconds = usageOf(app.pid).cpuSeconds - before.cpuSeconds
  const seconds = (performance.now() - before.atMs) / 1000
  const peak = peakBytes()
  const { first_record } = await bench.measure(started, input, recordsAfter)
  await app.close()
  return {
    metrics: {
      per_cpu_second: { value: records / cpuSeconds, unit: 'records/CPU s' },
      per_second: { value: records / seconds, unit: 'records/s' },
      peak_memory: { value: peak / 1e6, unit: 'MB' },
      first_record: first_record ?? { value: (performance.now() - startedMs) / 1000, unit: 's' },
    },
    result: await finalValues(bench.brokers, output),
  }
}

export const streamsRestore: Trial = {
  name: 'streams-restore',
  summary: 'a store of a million keys restored from its changelog of 3,000,000 records, on an empty disk, exactly once',
  peers: [kafkaStreams],
  goal: '5 times as many records per second of time, 3 times as many per CPU second; a quarter of the memory',
  unavailable: javaUnavailable,
  open,
}
