import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { apis, type ProduceResponse, RecordBatchBuilder } from '@millrace/protocol'
import { type ApacheKafka, apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'
import { until } from './cases/case.ts'
import { JavaTools, type ToolOutcome } from './java-tools.ts'
import { RawClient } from './raw-client.ts'

const skip = apacheKafkaUnavailable() ?? false
const config = { 'transaction.partition.verification.enable': 'false' }

let kafka: ApacheKafka
let broker: Broker
let folder: string
let kafkas: JavaTools
let ours: JavaTools

before(async () => {
  if (skip) return
  folder = await mkdtemp(join(tmpdir(), 'millrace-operations-'))
  kafka = await startApacheKafka({ config })
  broker = await startBroker({ dataDir: join(folder, 'data'), config: { ...config, 'log.retention.ms': '-1' } })
  kafkas = new JavaTools(kafka.classPath, kafka.brokers)
  ours = new JavaTools(kafka.classPath, broker.brokers)
  await both((tools) => tools.run('TopicCommand', '--create', '--topic', 'order', '--partitions', '2'))
  for (const brokers of [kafka.brokers, broker.brokers]) await fill(brokers)
})

after(async () => {
  kafkas?.[Symbol.dispose]()
  ours?.[Symbol.dispose]()
  await broker?.close()
  await kafka?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** Ten records in partition 0; in partition 1 a transaction of an hour ago that nobody will ever end. */
async function fill(brokers: string): Promise<void> {
  const client = await RawClient.open(brokers)
  const plain = new RecordBatchBuilder()
  for (let number = 0; number < 10; number++) plain.append(1_700_000_000_000 + number, null, Buffer.from('value'))
  const hanging = new RecordBatchBuilder()
  hanging.append(Date.now() - 3_600_000, null, Buffer.from('value'))
  const batches = [
    plain.build(),
    hanging.build({ producerId: 4711, producerEpoch: 0, baseSequence: 0, transactional: true }),
  ]
  for (const [index, records] of batches.entries()) {
    // The topic was created, but Apache Kafka's broker may not have it yet.
    const isWritten = ({ responses }: ProduceResponse): boolean => responses[0]!.partitionResponses[0]!.errorCode === 0
    await client.askUntil(isWritten, apis.Produce, 9, {
      transactionalId: index === 0 ? null : 'lost',
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name: 'order', partitionData: [{ index, records }] }],
    })
  }
  client.close()
}

/** The same with both, Apache Kafka's outcome first. */
function both(ask: (tools: JavaTools) => Promise<ToolOutcome>): Promise<[ToolOutcome, ToolOutcome]> {
  return Promise.all([ask(kafkas), ask(ours)])
}

/** Takes out what no two clusters have in common, how an error is worded, and the stack below it. */
function plain(text: string): string[] {
  return (
    text
      .replaceAll(/127\.0\.0\.1[:\s]+\d+/g, 'HOST')
      .replaceAll(/\b\d{13}\b/g, 'TIME')
      .replaceAll(/(TopicId|Cluster ID): *\S+/g, '$1: ID')
      .replaceAll(/"log_dirs":\["\/[^"]*"\]/g, '"log_dirs":["FOLDER"]')
      .replaceAll(/(org\.apache\.kafka\.common\.errors\.\w+): .*/g, '$1')
      // Apache Kafka has it as a default of all brokers where eligible leader replicas are in force (KIP-966).
      .replaceAll(/min\.insync\.replicas=1,?/g, '')
      .split('\n')
      .map((line) => line.trim().replaceAll(/\s+/g, ' '))
      .filter((line) => line !== '' && !line.startsWith('at ') && !line.startsWith('... '))
      .sort()
  )
}

/** Writes what a tool wants to read from a file. */
async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, JSON.stringify(content))
  return path
}

async function assertSame(ask: (tools: JavaTools) => Promise<ToolOutcome>): Promise<ToolOutcome> {
  const [left, right] = await both(ask)
  assert.deepEqual([right.code, ...plain(right.text)], [left.code, ...plain(left.text)])
  return right
}

function same(what: string, tool: string, ...args: readonly string[]): void {
  test(what, { skip, timeout: 180_000 }, async () => {
    await assertSame((tools) => tools.run(tool, ...args))
  })
}

function sameCommand(what: string, tool: string, command: string, ...args: readonly string[]): void {
  test(what, { skip, timeout: 180_000 }, async () => {
    await assertSame((tools) => tools.runCommand(tool, command, ...args))
  })
}

same('kafka-topics describes a topic', 'TopicCommand', '--describe', '--topic', 'order')
same('kafka-topics does not find a topic', 'TopicCommand', '--describe', '--topic', 'missing')

for (const time of ['-1', '-2', '-3', '-4', '-5', '1700000000004', '1900000000000']) {
  same(`kafka-get-offsets at ${time}`, 'GetOffsetShell', '--topic', 'order', '--time', time)
}

test('kafka-delete-records moves the log start', { skip, timeout: 180_000 }, async () => {
  const partitions = [{ topic: 'order', partition: 0, offset: 4 }]
  const path = await file('delete.json', { version: 1, partitions })
  await assertSame((tools) => tools.run('DeleteRecordsCommand', '--offset-json-file', path))
  await assertSame((tools) => tools.run('GetOffsetShell', '--topic', 'order', '--time', '-2'))
  const beyond = await file('beyond.json', { version: 1, partitions: [{ ...partitions[0], offset: 400 }] })
  await assertSame((tools) => tools.run('DeleteRecordsCommand', '--offset-json-file', beyond))
})

const electing = ['LeaderElectionCommand', '--election-type', 'PREFERRED'] as const
same('kafka-leader-election of all partitions', ...electing, '--all-topic-partitions')
same('kafka-leader-election of one partition', ...electing, '--topic', 'order', '--partition', '0')
same('kafka-leader-election of a partition that is not there', ...electing, '--topic', 'order', '--partition', '7')

test('kafka-reassign-partitions', { skip, timeout: 180_000 }, async () => {
  const tool = 'reassign.ReassignPartitionsCommand'
  const move = (replicas: number[]) => ({ version: 1, partitions: [{ topic: 'order', partition: 0, replicas }] })
  const topics = await file('topics.json', { version: 1, topics: [{ topic: 'order' }] })
  await assertSame((tools) => tools.run(tool, '--generate', '--topics-to-move-json-file', topics, '--broker-list', '1'))
  const here = await file('here.json', move([1]))
  const away = await file('away.json', move([7]))
  await assertSame((tools) => tools.run(tool, '--execute', '--reassignment-json-file', here))
  await assertSame((tools) => tools.run(tool, '--verify', '--reassignment-json-file', here))
  await assertSame((tools) => tools.run(tool, '--cancel', '--reassignment-json-file', here))
  await assertSame((tools) => tools.run(tool, '--list'))
  await assertSame((tools) => tools.run(tool, '--execute', '--reassignment-json-file', away))
})

test('kafka-metadata-quorum describes the quorum', { skip, timeout: 180_000 }, async () => {
  const [left, right] = await both((tools) => tools.run('MetadataQuorumCommand', 'describe', '--status'))
  assert.deepEqual([left.code, right.code], [0, 0], right.text)
  const names = (text: string): string[] => text.split('\n').map((line) => line.split(':')[0]!)
  assert.deepEqual(names(right.text), names(left.text))
  assert.match(right.text, /LeaderId:\s+1\n/)
  assert.match(right.text, /CurrentVoters:\s+\[\{"id": 1.*\}\]/)
  const [replication, mine] = await both((tools) => tools.run('MetadataQuorumCommand', 'describe', '--replication'))
  assert.deepEqual([replication.code, mine.code], [0, 0], mine.text)
  assert.match(mine.text, /\n1\s+\S+\s+\d+\s+0\s+\d+\s+\d+\s+Leader/)
})

test('kafka-features shows, lowers and raises levels', { skip, timeout: 180_000 }, async () => {
  const levels = async (): Promise<string[][]> => {
    const outcomes = await both((tools) => tools.run('FeatureCommand', 'describe'))
    return outcomes.map(({ code, text }) => {
      assert.equal(code, 0, text)
      return text
        .split('\n')
        .filter((line) => /^Feature: (group|metadata|transaction)\.version/.test(line))
        .map((line) => line.replace(/Epoch.*/, ''))
        .sort()
    })
  }
  const [before, ours] = await levels()
  assert.equal(before!.length, 3)
  assert.deepEqual(ours, before)
  const change = (...args: string[]) => assertSame((tools) => tools.run('FeatureCommand', ...args))
  assert.equal((await change('downgrade', '--feature', 'transaction.version=1')).code, 0)
  // Brokers hear of new levels a moment after the answer.
  const isLowered = (one: string[]): boolean => one.join() !== before!.join()
  const lowered = await until(levels, (both) => both.every(isLowered))
  assert.ok(isLowered(lowered[0]!))
  assert.deepEqual(lowered[1], lowered[0])
  assert.equal((await change('upgrade', '--feature', 'transaction.version=2')).code, 0)
  for (const args of [
    ['upgrade', '--feature', 'transaction.version=9'],
    ['upgrade', '--feature', 'unheard.of=1'],
    ['downgrade', '--feature', 'metadata.version=25'],
  ]) {
    const outcomes = await both((tools) => tools.run('FeatureCommand', ...args))
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      [1, 1],
      args.join(' '),
    )
  }
})

test('kafka-log-dirs tells the bytes of every partition', { skip, timeout: 180_000 }, async () => {
  const outcomes = await both((tools) => tools.run('LogDirsCommand', '--describe', '--topic-list', 'order'))
  const [theirs, mine] = outcomes.map(({ text }) => {
    const json = text.split('\n').find((line) => line.startsWith('{'))
    const { brokers } = JSON.parse(json ?? '{}') as { brokers: { broker: number; logDirs: LogDir[] }[] }
    return brokers.map(({ broker: id, logDirs }) => ({
      id,
      directories: logDirs.map(({ error, partitions }) => ({ error, partitions: partitions.sort(byPartition) })),
    }))
  })
  assert.ok(mine![0]!.directories[0]!.partitions[0]!.size > 0)
  assert.deepEqual(mine, theirs)
})

interface LogDir {
  readonly error: string | null
  readonly partitions: { readonly partition: string; readonly size: number }[]
}

const byPartition = (a: { partition: string }, b: { partition: string }): number => (a.partition < b.partition ? -1 : 1)

sameCommand('kafka-cluster tells the id', 'ClusterTool', 'cluster-id')
sameCommand('kafka-cluster lists brokers', 'ClusterTool', 'list-endpoints')
sameCommand('kafka-cluster unregisters nobody', 'ClusterTool', 'unregister', '--id', '7')

test('kafka-transactions finds the transaction that hangs, and ends it', { skip, timeout: 180_000 }, async () => {
  const find = () => assertSame((tools) => tools.run('TransactionsCommand', 'find-hanging', '--broker-id', '1'))
  assert.match((await find()).text, /order\s+1\s+4711\s+0\s+/)
  const open = ['--topic', 'order', '--partition', '1']
  await assertSame((tools) => tools.run('TransactionsCommand', 'describe-producers', ...open))
  const ended = await assertSame((tools) => tools.run('TransactionsCommand', 'abort', ...open, '--start-offset', '0'))
  assert.equal(ended.code, 0)
  assert.doesNotMatch((await find()).text, /4711/)
})

same('kafka-transactions lists none', 'TransactionsCommand', 'list')

test('kafka-broker-api-versions reads the list', { skip, timeout: 180_000 }, async () => {
  const [left, right] = await both((tools) => tools.run('BrokerApiVersionsCommand'))
  assert.deepEqual([left.code, right.code], [0, 0], right.text)
  const usable = (text: string): string[] => text.split('\n').filter((line) => /\(\d+\): .*usable/.test(line))
  const known = new Set(usable(left.text).map((line) => line.replace(/,$/, '').trim()))
  for (const line of usable(right.text)) assert.ok(known.has(line.replace(/,$/, '').trim()), line)
  assert.ok(usable(right.text).length > 50)
})
