import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { kafkaClient } from '@millrace/kafka'
import { startEmbedded, startKafka } from '../support/brokers.ts'
import { startChild } from '../support/child.ts'
import { benchmarks } from '../support/folders.ts'
import { javaUnavailable } from '../support/java.ts'
import { createTopic } from '../support/load.ts'
import { usageOf, watchMemory } from '../support/process-usage.ts'
import { type Bench, type Outcome, ours, type Trial, type TrialContext } from '../trial.ts'

const topic = 'bench-idle'
const partitions = 100
const consumers = 1_000
const seconds = 20
/** Until compilers have seen it. */
const settleMs = 5_000
const driver = join(benchmarks, 'src/drivers/idle-consumers.ts')

async function open({ scale, say, nodeArguments }: TrialContext): Promise<Bench> {
  const count = Math.round(consumers * scale)
  const run = async (side: string): Promise<Outcome> => {
    await using broker = await (side === ours ? startEmbedded({ nodeArguments }) : startKafka())
    const { brokers, pid } = broker
    {
      await using client = kafkaClient({ brokers, clientId: 'bench' })
      await createTopic(client, topic, partitions)
    }
    const args = [brokers, topic, `${count}`, `${partitions}`, `${seconds}`]
    await using load = startChild(process.execPath, ['--conditions=source', driver, ...args])
    await load.line(/^ready$/)
    await delay(settleMs)
    const peakBytes = watchMemory(pid)
    const before = usageOf(pid)
    load.send('go')
    const [text] = await load.line(/^\{.*\}$/)
    const cores = (usageOf(pid).cpuSeconds - before.cpuSeconds) / seconds
    const { fetches, heartbeats, unexpected } = JSON.parse(text) as Record<string, number>
    say(`${side}: ${(cores * 100).toFixed(1)} % of a core; ${fetches} polls, ${heartbeats} heartbeats`)
    return {
      metrics: {
        per_cpu_second: { value: count / cores, unit: 'consumers/core' },
        peak_memory: { value: peakBytes() / 1e6, unit: 'MB' },
      },
      result: `${count} consumers, ${unexpected} unexpected answers`,
    }
  }
  return { run, [Symbol.asyncDispose]: () => Promise.resolve() }
}

export const brokerIdleConsumers: Trial = {
  name: 'broker-idle-consumers',
  summary: '1,000 consumers with nothing to read: long polls of 500 ms in fetch sessions, a heartbeat every 3 s each',
  peers: ['Apache Kafka 4.3'],
  goal: 'under a tenth of a core: more than 10,000 consumers per core',
  unavailable: (side) => (side === ours ? undefined : javaUnavailable()),
  open,
}
