import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type Broker, startBroker } from '@millrace/broker'
import { apacheKafkaClassPath, apacheKafkaUnavailable } from '../kafka/apache-kafka.ts'
import { waitFor } from '../support/wait-for.ts'

const run = promisify(execFile)
const skip = apacheKafkaUnavailable() ?? false

let broker: Broker
let classPath: string

before(async () => {
  if (skip) return
  classPath = apacheKafkaClassPath()
  broker = await startBroker({ memory: true })
})

after(async () => {
  await broker?.close()
})

/** Runs one of Kafka's tools against the broker and returns what it prints. */
async function tool(name: string, ...args: string[]): Promise<string> {
  const java = ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', classPath, `org.apache.kafka.tools.${name}`]
  const options = { timeout: 120_000, maxBuffer: 1 << 26 }
  const { stdout } = await run('java', [...java, '--bootstrap-server', broker.brokers, ...args], options)
  return stdout
}

/** The records of an internal topic, as Kafka's own formatter reads them. */
async function records(topic: string, formatter: string, count: number): Promise<Record<string, Data>[]> {
  const stdout = await tool(
    'consumer.ConsoleConsumer',
    ...['--topic', topic, '--from-beginning', '--max-messages', String(count)],
    ...['--formatter', `org.apache.kafka.tools.consumer.${formatter}`, '--timeout-ms', '15000'],
  )
  const lines = stdout.replaceAll('}{"key"', '}\n{"key"').split('\n')
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, Data>)
}

interface Data {
  readonly version?: number
  readonly type?: number
  readonly data: Record<string, unknown>
}

test("Kafka's producer, consumer and tools run transactions and a group", { skip, timeout: 300_000 }, async () => {
  await tool('TopicCommand', '--create', '--topic', 'order', '--partitions', '2')
  const load = ['--topic', 'order', '--num-records', '2000', '--record-size', '100', '--throughput', '-1']
  await tool('ProducerPerformance', ...load, '--transactional-id', 'perf', '--transaction-duration-ms', '50')

  const consumed = await tool(
    'consumer.ConsoleConsumer',
    ...['--topic', 'order', '--group', 'readers', '--from-beginning', '--max-messages', '2000'],
    ...['--isolation-level', 'read_committed', '--timeout-ms', '15000'],
  )
  assert.equal(consumed.split('\n').filter((line) => line.length === 100).length, 2000)

  const group = await tool('consumer.group.ConsumerGroupCommand', '--describe', '--group', 'readers')
  const partitions = group.split('\n').filter((line) => /^readers\s+order\s+[01]/.test(line))
  assert.equal(partitions.length, 2, group)

  const described = await tool('TransactionsCommand', 'describe', '--transactional-id', 'perf')
  assert.match(described, /perf\s+0\s+\d+\s+CompleteCommit/)
  assert.match(await tool('TransactionsCommand', 'list'), /perf\s+1\s+0\s+CompleteCommit/)
  const producers = await tool('TransactionsCommand', 'describe-producers', '--topic', 'order', '--partition', '0')
  assert.match(producers, /\n0\s+\d+\s+0\s+-1\s+\d+\s+None/)

  const [offset] = await records('__consumer_offsets', 'OffsetsMessageFormatter', 2)
  assert.deepEqual(offset!.key, { type: 1, data: { group: 'readers', topic: 'order', partition: 0 } })
  assert.equal(offset!.value!.version, 4)
  const states = await records('__transaction_state', 'TransactionLogMessageFormatter', 4)
  assert.deepEqual([...new Set(states.map((state) => state.value!.version))], [1])
  // Empty, Ongoing, PrepareCommit, CompleteCommit; Ongoing is written again for every partition that joins by itself.
  const statuses = states.map((state) => state.value!.data.transactionStatus)
  const distinct = statuses.filter((status, index) => status !== statuses[index - 1])
  assert.deepEqual(distinct, [0, 1, 2, 4].slice(0, distinct.length))
  assert.ok(distinct.length >= 3, `only ${distinct.join(', ')}`)
})

/** A consumer of Kafka's own that tells what it is assigned. */
class JavaConsumer implements Disposable {
  readonly owned = new Set<number>()
  readonly process: ChildProcess

  constructor(topic: string, group: string) {
    const java = ['-XX:TieredStopAtLevel=1', '-Xmx128m', '-cp', classPath, 'org.apache.kafka.tools.VerifiableConsumer']
    const strategy = 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor'
    const consumer = ['--topic', topic, '--group-id', group, '--session-timeout', '6000']
    const args = [...java, ...consumer, '--assignment-strategy', strategy, '--bootstrap-server', broker.brokers]
    this.process = spawn('java', args, { stdio: ['ignore', 'pipe', 'ignore'] })
    createInterface(this.process.stdout!).on('line', (line) => {
      if (!line.startsWith('{')) return
      const { name, partitions } = JSON.parse(line) as { name: string; partitions?: { partition: number }[] }
      for (const { partition } of partitions ?? []) {
        if (name === 'partitions_assigned') this.owned.add(partition)
        if (name === 'partitions_revoked') this.owned.delete(partition)
      }
    })
  }

  [Symbol.dispose](): void {
    this.process.kill('SIGKILL')
  }
}

test('a Java group with the cooperative assignor survives the death of a member', {
  skip,
  timeout: 240_000,
}, async () => {
  await tool('TopicCommand', '--create', '--topic', 'cooperative', '--partitions', '4')
  using stays = new JavaConsumer('cooperative', 'cooperative-readers')
  await waitFor('the first to own all', () => stays.owned.size === 4, 60_000)
  using dies = new JavaConsumer('cooperative', 'cooperative-readers')
  await waitFor('both to own two', () => stays.owned.size === 2 && dies.owned.size === 2, 60_000)
  assert.deepEqual([...stays.owned, ...dies.owned].sort(), [0, 1, 2, 3])
  dies.process.kill('SIGKILL')
  // The session timeout of 6 s, and a rebalance.
  await waitFor('the survivor to own all', () => stays.owned.size === 4, 60_000)
})
