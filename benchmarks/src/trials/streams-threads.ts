import { javaUnavailable } from '../support/java.ts'
import { loadTopic } from '../support/load.ts'
import { orders, partitions } from '../support/orders.ts'
import { finalValues } from '../support/streams-results.ts'
import { StreamsBench } from '../support/streams-run.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const input = 'bench-orders'

async function open(context: TrialContext): Promise<Bench> {
  const records = Math.round(3_000_000 * context.scale)
  const bench = await StreamsBench.start('streams-threads', context)
  context.say(`writing ${records} records`)
  await loadTopic(bench.brokers, { topic: input, partitions, batchBytes: 65_536, records, ...orders() })
  const run = (side: string): Promise<Outcome> => {
    const threads = side === ours ? 2 : 1
    const application = { topology: 'aggregate', guarantee: 'exactly_once', input, threads } as const
    return bench.running(side, application, async (started) => {
      const metrics = await bench.measure(started, input, records)
      await started.app.close()
      return { metrics, result: await finalValues(bench.brokers, started.output) }
    })
  }
  return { run, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
}

export const streamsThreads: Trial = {
  name: 'streams-threads',
  summary: 'the work of streams-aggregate in two threads, beside one',
  peers: ['millrace, one thread'],
  goal: 'at most 1.15 times the CPU time of one thread: a ratio of at least 0.87 in records per CPU second',
  unavailable: javaUnavailable,
  open,
}
