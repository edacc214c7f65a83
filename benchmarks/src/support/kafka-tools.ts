import { startChild } from './child.ts'
import { javaPeer } from './java.ts'

/** What a program of Kafka's prints as its first line of figures, or the line itself. */
async function runTool(className: string, args: readonly string[], pattern: RegExp): Promise<RegExpExecArray> {
  const java = ['-Xmx512m', '-XX:+UseSerialGC', '-cp', javaPeer('java-client'), `org.apache.kafka.tools.${className}`]
  await using child = startChild('java', [...java, ...args])
  const found = await child.line(pattern)
  await child.ended()
  return found
}

export interface ProduceLoad {
  readonly topic: string
  readonly valueBytes: number
  readonly records: number
  /** Records per second; as many as go when left out. */
  readonly perSecond?: number
}

export interface ProduceReport {
  readonly perSecond: number
  /** Milliseconds from giving a record to the producer to its acknowledgement. */
  readonly p50: number
  readonly p99: number
}

/** Kafka's own load generator, `kafka-producer-perf-test`: acks=all, batches of 64 KiB, linger 5 ms. */
export async function producerPerformance(brokers: string, load: ProduceLoad): Promise<ProduceReport> {
  const { topic, records, valueBytes, perSecond = -1 } = load
  const size = ['--num-records', `${records}`, '--record-size', `${valueBytes}`, '--throughput', `${perSecond}`]
  const properties = [`bootstrap.servers=${brokers}`, 'acks=all', 'batch.size=65536', 'linger.ms=5']
  const args = ['--topic', topic, ...size, '--producer-props', ...properties]
  const pattern = /^\d+ records sent, ([\d.]+) records\/sec .* (\d+) ms 50th, \d+ ms 95th, (\d+) ms 99th/
  const [, rate, p50, p99] = await runTool('ProducerPerformance', args, pattern)
  return { perSecond: Number(rate), p50: Number(p50), p99: Number(p99) }
}

export interface ConsumeReport {
  readonly records: number
  /** Without the time it took to join the group. */
  readonly fetchSeconds: number
}

/** Kafka's own consumer, `kafka-consumer-perf-test`, at its defaults; a group of its own each time. */
export async function consumerPerformance(brokers: string, topic: string, records: number): Promise<ConsumeReport> {
  const args = ['--bootstrap-server', brokers, '--topic', topic, '--num-records', `${records}`, '--hide-header']
  // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetched MB/s, fetched records/s
  const [line] = await runTool('ConsumerPerformance', args, /^\d{4}-.*(, [\d.]+){8}/)
  const figures = line.split(', ').map(Number)
  return { records: figures[4] ?? 0, fetchSeconds: (figures[7] ?? 0) / 1000 }
}
