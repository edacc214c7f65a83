import { javaUnavailable } from '../support/java.ts'
import { type Load, loadTopic } from '../support/load.ts'
import { customerRows, customers, orders, partitions } from '../support/orders.ts'
import { everyOutput, finalValues, type ReadResult } from '../support/streams-results.ts'
import { type Guarantee, kafkaStreams, StreamsBench } from '../support/streams-run.ts'
import type { Bench, Outcome, Trial, TrialContext } from '../trial.ts'

const input = 'bench-orders'
const table = 'bench-customers'

interface StreamsWork {
  readonly name: string
  readonly summary: string
  readonly goal: string
  /** Of the topology in both programs. */
  readonly topology: string
  readonly records: number
  /** What the program wrote, as both sides must have written it. */
  readonly result: ReadResult
  readonly timestampMs?: Load['timestampMs']
  /** Whether customers are there before their orders. */
  readonly hasTable?: boolean
}

/** The same work under both guarantees. */
function streamsTrials(work: StreamsWork): readonly Trial[] {
  const exactlyOnce = streamsTrial(work.name, work, 'exactly_once', 'exactly once')
  return [exactlyOnce, streamsTrial(`${work.name}-at-least-once`, work, 'at_least_once', 'at least once')]
}

function streamsTrial(name: string, work: StreamsWork, guarantee: Guarantee, guaranteeText: string): Trial {
  return {
    name,
    summary: `${work.summary}, ${guaranteeText}, 1 thread`,
    peers: [kafkaStreams],
    goal: work.goal,
    // Both sides run on Apache Kafka.
    unavailable: javaUnavailable,
    open: (context) => open(name, work, guarantee, context),
  }
}

/** One Apache Kafka and one input for all runs; every run is an application of its own with an empty state folder. */
async function open(name: string, work: StreamsWork, guarantee: Guarantee, context: TrialContext): Promise<Bench> {
  const { topology, timestampMs, result } = work
  const records = Math.round(work.records * context.scale)
  const bench = await StreamsBench.start(name, context)
  const load = { partitions, batchBytes: 65_536 }
  if (work.hasTable) await loadTopic(bench.brokers, { topic: table, ...load, records: customers, ...customerRows() })
  context.say(`writing ${records} records`)
  await loadTopic(bench.brokers, { topic: input, ...load, records, ...orders(), ...(timestampMs && { timestampMs }) })
  const run = (side: string): Promise<Outcome> =>
    bench.running(side, { topology, guarantee, input, table }, async (started) => {
      const metrics = await bench.measure(started, input, records)
      await started.app.close()
      return { metrics, result: await result(bench.brokers, started.output) }
    })
  return { run, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
}

/** Ten thousand records a second, from ten minutes ago on. */
function steadyTimes(): (index: number) => number {
  const startMs = Date.now() - 600_000
  return (index) => startMs + Math.floor(index / 10)
}

export const streamsTrialsOfBothGuarantees: readonly Trial[] = [
  {
    name: 'streams-aggregate',
    summary: 'count and sum per key of JSON values of 150 B, 100,000 keys, store on disk, changelog',
    goal: '3 times as many records per CPU second, then 5 times; a quarter of the memory',
    topology: 'aggregate',
    records: 2_000_000,
    result: finalValues,
  },
  {
    name: 'streams-window',
    summary: 'count per key and minute (tumbling), 100,000 keys, 200 s of records, store on disk, changelog',
    goal: '3 times as many records per CPU second, then 5 times; a quarter of the memory',
    topology: 'window',
    records: 2_000_000,
    result: finalValues,
    timestampMs: steadyTimes(),
  },
  {
    name: 'streams-join',
    summary: 'stream joined with a table of 100,000 keys in a store on disk, JSON in and out',
    goal: '3 times as many records per CPU second, then 5 times; a quarter of the memory',
    topology: 'join',
    records: 3_000_000,
    result: everyOutput,
    hasTable: true,
  },
  {
    name: 'streams-filter-map',
    summary: 'JSON values of 150 B parsed, 1 in 4 kept, a short string out',
    goal: '1.5 times as many records per CPU second; a quarter of the memory',
    topology: 'filter-map',
    records: 5_000_000,
    result: everyOutput,
  },
  {
    name: 'streams-passthrough',
    summary: 'from topic to topic as bytes, values of 150 B',
    goal: '4 times as many records per CPU second; a quarter of the memory',
    topology: 'pass-through',
    records: 5_000_000,
    result: everyOutput,
  },
].flatMap(streamsTrials)
