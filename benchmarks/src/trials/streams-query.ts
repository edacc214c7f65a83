import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { kafkaClient } from '@millrace/kafka'
import { partitionForKey } from '@millrace/protocol'
import { startKafka } from '../support/brokers.ts'
import { type Child, startChild } from '../support/child.ts'
import { benchmarks, temporaryFolder } from '../support/folders.ts'
import { javaUnavailable } from '../support/java.ts'
import { createTopic, type Load, loadTopic } from '../support/load.ts'
import { customerId, customers as keys, orders, partitions } from '../support/orders.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const input = 'bench-orders'
const idle = 'the same, with nothing to process'
/** Of the requests, not counted: code is compiled, connections are made. */
const warmUps = 500

/** Asked key by key, one at a time, while records are processed as fast as they can be; or with nothing to do. */
function queryTrial(where: 'local' | 'remote', goalMs: number): Trial {
  return {
    name: `streams-query-${where}`,
    summary:
      where === 'local'
        ? 'a key of a store with 100k keys on disk, asked by a call in the process that aggregates at full rate'
        : 'the same over HTTP on loopback, from another process',
    peers: [idle],
    goal: `a 99th percentile under ${goalMs} ms`,
    unavailable: javaUnavailable,
    open: (context) => open(where, context),
  }
}

async function open(where: 'local' | 'remote', context: TrialContext): Promise<Bench> {
  const records = Math.round(6_000_000 * context.scale)
  const requests = Math.round(5_000 * context.scale)
  const broker = await startKafka()
  const client = kafkaClient({ brokers: broker.brokers, clientId: 'bench' })
  context.say(`Apache Kafka on ${broker.brokers}; writing ${records} records`)
  await loadTopic(broker.brokers, { topic: input, partitions, records, batchBytes: 65_536, ...ordersByKey() })
  // Every key once, for the side that has nothing else to do.
  const few = { topic: `${input}-few`, partitions, records: keys, batchBytes: 65_536 }
  await loadTopic(broker.brokers, { ...few, ...ordersByKey() })
  let number = 0
  const run = async (side: string): Promise<Outcome> => {
    const applicationId = `streams-query-${where}-${++number}`
    const output = `${applicationId}-output`
    await createTopic(client, output, partitions)
    await using folder = await temporaryFolder('query')
    const program = join(benchmarks, 'src/drivers/query-app.ts')
    const topics = [side === ours ? input : `${input}-few`, output]
    const args = [...context.nodeArguments, '--conditions=source', program, broker.brokers, applicationId, ...topics]
    await using app = startChild(process.execPath, [...args, folder.path])
    const [, url = ''] = await app.line(/^serving (\S+)/)
    const lag = async (): Promise<number> => {
      const read = (await client.admin.committedOffsets(applicationId)).reduce((sum, { offset }) => sum + offset, 0)
      return (side === ours ? records : keys) - read
    }
    // Until most keys have a row.
    const most = side === ours ? Math.max(0, records - 2 * keys) : 0
    while ((await lag()) > most) await new Promise((resolve) => setTimeout(resolve, 100))
    const took = where === 'remote' ? await askRemotely(url, requests) : await askInside(app, requests)
    // Otherwise it was not asked while it worked.
    if (side === ours && (await lag()) <= 0) throw new Error('everything was processed before the last answer')
    const sorted = took.sort((a, b) => a - b)
    const at = (share: number) => ({ value: sorted[Math.floor(sorted.length * share)] ?? Number.NaN, unit: 'ms' })
    return { metrics: { latency_p50: at(0.5), latency_p99: at(0.99) }, result: `${requests} answers` }
  }
  const close = async (): Promise<void> => {
    await client.close()
    await broker[Symbol.asyncDispose]()
  }
  return { run, [Symbol.asyncDispose]: close }
}

/** Orders where the key says that they are: there a question looks for them. */
function ordersByKey(): Pick<Load, 'record' | 'partition'> {
  const { record, partition } = orders()
  let next: ReturnType<typeof record>
  return {
    partition(index) {
      partition?.(index)
      next = record(index)
      return partitionForKey(next.key!, partitions)
    },
    record: () => next,
  }
}

async function askRemotely(url: string, requests: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const took: number[] = []
  let found = 0
  try {
    for (let i = 0; i < warmUps + requests; i++) {
      const startedMs = performance.now()
      const isFound = await ask(`${url}/stores/totals/${customerId((i * 7_919) % keys)}`, agent)
      if (i < warmUps) continue
      took.push(performance.now() - startedMs)
      if (isFound) found++
    }
    if (found < requests / 4) throw new Error(`${requests - found} of ${requests} questions were for nothing`)
  } finally {
    agent.destroy()
  }
  return took
}

/** Whether there was a row: none for a customer that has ordered nothing yet. */
function ask(url: string, agent: Agent): Promise<boolean> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode === 200))
      if (response.statusCode !== 200 && response.statusCode !== 404)
        reject(new Error(`${url}: ${response.statusCode}`))
    }).once('error', reject)
  })
}

async function askInside(app: Child, requests: number): Promise<number[]> {
  const took: number[] = []
  for (let skipped = 0; took.length < requests; ) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    app.send('')
    const [, text = '[]'] = await app.line(/^took (.*)/)
    const some = JSON.parse(text) as number[]
    const fresh = some.slice(Math.max(0, warmUps - skipped))
    skipped += some.length
    took.push(...fresh)
  }
  return took.slice(0, requests)
}

export const streamsQueryLocal = queryTrial('local', 0.2)
export const streamsQueryRemote = queryTrial('remote', 2)
