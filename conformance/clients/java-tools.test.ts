import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type Broker, startBroker } from '@millrace/broker'
import { apacheKafkaClassPath, apacheKafkaUnavailable } from '../kafka/apache-kafka.ts'
import { codecs } from './cases/records.ts'

const run = promisify(execFile)
const skip = apacheKafkaUnavailable() ?? false
const recordsEach = 500

let broker: Broker

before(async () => {
  if (!skip) broker = await startBroker({ memory: true })
})
after(async () => {
  await broker?.close()
})

async function tool(name: string, ...args: string[]): Promise<string> {
  const java = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m', '-cp', apacheKafkaClassPath()]
  const options = { timeout: 120_000, maxBuffer: 1 << 26 }
  const { stdout, stderr } = await run('java', [...java, `org.apache.kafka.tools.${name}`, ...args], options)
  return stdout + stderr
}

test("Kafka's perf tools write with each codec and acks value, and read it all", {
  skip,
  timeout: 400_000,
}, async () => {
  const at = ['--bootstrap-server', broker.brokers]
  await tool('TopicCommand', ...at, '--create', '--topic', 'perf', '--partitions', '1')
  const write = (codec: string, acks: string): Promise<string> =>
    tool(
      'ProducerPerformance',
      ...['--topic', 'perf', '--num-records', String(recordsEach), '--record-size', '100', '--throughput', '-1'],
      ...['--producer-props', `bootstrap.servers=${broker.brokers}`, `compression.type=${codec}`, `acks=${acks}`],
    )
  for (const codec of codecs) {
    const said = await Promise.all(['0', '1', 'all'].map((acks) => write(codec, acks)))
    for (const text of said) assert.match(text, new RegExp(`${recordsEach} records sent`), codec)
  }
  const expected = codecs.length * 3 * recordsEach
  const offsets = await tool('GetOffsetShell', ...at, '--topic', 'perf')
  assert.match(offsets, new RegExp(`perf:0:${expected}\\b`))
  const read = await tool('ConsumerPerformance', ...at, '--topic', 'perf', '--num-records', String(expected))
  assert.match(read, new RegExp(`, ${expected}, `), read)
})
