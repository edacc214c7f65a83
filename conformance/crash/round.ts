import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { type KafkaClient, kafkaClient, scanTopic } from '@millrace/kafka'
import { waitFor } from '../support/wait-for.ts'
import { Copier } from './copier.ts'
import { JavaTool, type ToolEvent } from './java-tools.ts'
import type { MortalBroker } from './mortal-broker.ts'
import { type Placed, place, problemsOfCopied, problemsOfProduced } from './verdict.ts'

export interface RoundOptions {
  readonly broker: MortalBroker
  /** Decides the moments of the kills; also names the topics. */
  readonly seed: number
  readonly kills: number
  readonly classPath: string
  readonly log?: (line: string) => void
}

export interface RoundResult {
  readonly problems: readonly string[]
  readonly acknowledged: number
  readonly consumed: number
  readonly copied: number
  /** Copiers that were killed or gave up, and were started again. */
  readonly copierRestarts: number
}

const longestLifeMs = 1_500
/** One kill in so many hits the broker that is just starting as well. */
const duringStartOneIn = 6
const copierKilledOneIn = 10
const firstSignsMs = 60_000
/** Without any progress, after the kills. */
const silenceMs = 60_000
const inputPartitions = 2

/**
 * Idempotent producers, a consumer and transactional copiers with random aborts, all of them Kafka's own, while the broker
 * is killed at random moments; then everything is read and compared with what was acknowledged.
 */
export async function runRound({ broker, seed, kills, classPath, log = () => {} }: RoundOptions): Promise<RoundResult> {
  const random = seededRandom(seed)
  const topics = { produced: `produced-${seed}`, input: `input-${seed}`, output: `output-${seed}` }
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([
    { name: topics.produced, partitions: 3 },
    { name: topics.input, partitions: inputPartitions },
    { name: topics.output, partitions: inputPartitions },
  ])
  await using tools = await startTools(broker, classPath, seed, topics)
  const { producers, consumed, acknowledged, copiers } = tools
  await waitFor('records to flow', () => consumed.length > 0 && acknowledged.input.length > 0, firstSignsMs)
  await killAtRandom(broker, random, kills, copiers, log)

  await Promise.all(producers.map((producer) => producer.stop()))
  log(`producers stopped after ${acknowledged.produced.length + acknowledged.input.length} acknowledgements`)
  const stuck = await Promise.all(copiers.map((copier) => copier.finish(silenceMs)))
  const produced = await placed(client, topics.produced)
  await untilSilent(() => new Set(consumed.map(place)).size >= produced.length, consumed)
  const input = await placed(client, topics.input)
  const output = await placed(client, topics.output)
  const problems = [
    ...stuck.flat(),
    ...problemsOfProduced({ topic: topics.produced, acknowledged: acknowledged.produced, consumed, log: produced }),
    // The copiers are the input's consumers.
    ...problemsOfProduced({ topic: topics.input, acknowledged: acknowledged.input, consumed: input, log: input }),
    ...problemsOfCopied(topics.output, input, output),
  ]
  const copierRestarts = copiers.reduce((sum, copier) => sum + copier.restarts, 0)
  for (const complaint of new Set(copiers.flatMap((copier) => copier.complaints))) log(`a copier gave up: ${complaint}`)
  const total = acknowledged.produced.length + acknowledged.input.length
  if (problems.length === 0) await client.admin.deleteTopics(Object.values(topics))
  return { problems, acknowledged: total, consumed: consumed.length, copied: output.length, copierRestarts }
}

interface Tools extends AsyncDisposable {
  readonly producers: readonly JavaTool[]
  readonly copiers: readonly Copier[]
  readonly acknowledged: { readonly produced: Placed[]; readonly input: Placed[] }
  readonly consumed: Placed[]
}

async function startTools(
  broker: MortalBroker,
  classPath: string,
  seed: number,
  topics: { produced: string; input: string; output: string },
): Promise<Tools> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-crash-'))
  const config = join(folder, 'producer.properties')
  // The tool switches retries off unless told otherwise; an idempotent producer lives by them.
  await writeFile(config, 'enable.idempotence=true\nretries=2147483647\nreconnect.backoff.max.ms=200\n')
  const server = ['--bootstrap-server', broker.brokers]
  const acknowledged = { produced: [] as Placed[], input: [] as Placed[] }
  const consumed: Placed[] = []
  const producer = (topic: string, prefix: number, throughput: number, to: Placed[]): JavaTool => {
    const what = ['--topic', topic, '--value-prefix', String(prefix), '--throughput', String(throughput)]
    return new JavaTool(classPath, 'VerifiableProducer', [...server, ...what, '--command-config', config], (event) => {
      if (event.name === 'producer_send_success') to.push(asPlaced(event))
    })
  }
  const producers = [
    producer(topics.produced, 1, 400, acknowledged.produced),
    producer(topics.produced, 2, 400, acknowledged.produced),
    producer(topics.input, 3, 500, acknowledged.input),
  ]
  const group = ['--topic', topics.produced, '--group-id', `readers-${seed}`, '--verbose']
  const consumer = new JavaTool(classPath, 'VerifiableConsumer', [...server, ...group], (event) => {
    if (event.name === 'record_data') consumed.push(asPlaced(event))
  })
  const copiers = Array.from({ length: inputPartitions }, (_, partition) => {
    return new Copier({ classPath, brokers: broker.brokers, name: `copier-${seed}-${partition}`, partition, ...topics })
  })
  return {
    producers,
    copiers,
    acknowledged,
    consumed,
    async [Symbol.asyncDispose]() {
      for (const tool of [...producers, consumer, ...copiers]) await tool[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function killAtRandom(
  broker: MortalBroker,
  random: Random,
  kills: number,
  copiers: readonly Copier[],
  log: (line: string) => void,
): Promise<void> {
  const until = broker.kills + kills
  while (broker.kills < until) {
    await delay(randomInt(random, longestLifeMs))
    if (randomInt(random, copierKilledOneIn) === 0) copiers[randomInt(random, copiers.length)]!.kill()
    const duringStart = broker.kills + 1 < until && randomInt(random, duringStartOneIn) === 0
    await broker.kill(duringStart ? randomInt(random, 400) : undefined)
    if (broker.kills % 10 === 0) log(`${broker.kills} kills`)
  }
}

function asPlaced({ partition, offset, value }: ToolEvent): Placed {
  return { partition: Number(partition), offset: Number(offset), value: String(value) }
}

/** Waits until it holds, or until nothing has been consumed for long: what is missing then is the verdict's to tell. */
async function untilSilent(holds: () => boolean, consumed: readonly Placed[]): Promise<void> {
  let count = -1
  for (let sinceMs = performance.now(); performance.now() - sinceMs < silenceMs && !holds(); ) {
    if (consumed.length !== count) sinceMs = performance.now()
    count = consumed.length
    await delay(200)
  }
}

async function placed(client: KafkaClient, topic: string): Promise<Placed[]> {
  const records: Placed[] = []
  for await (const { partition, offset, value } of scanTopic(client, { topic })) {
    records.push({ partition, offset, value: String(value) })
  }
  return records
}
