import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { freePort } from '../support/free-port.ts'
import { Asker } from './asker.ts'
import { type BankArgs, bankTopics } from './bank-app.ts'
import { CalmTimes } from './calm-times.ts'
import { comeToRest, doHarm, type Harm } from './harm.ts'
import { Instance } from './instance.ts'
import type { InstanceOptions } from './instance-protocol.ts'
import { readOutputs, readStores } from './read-bank.ts'
import { Tail } from './tail.ts'
import { type BankOutputs, lossesOf, problemsOfOutputs, problemsOfRead, problemsOfStores } from './verdict.ts'
import { createBankTopics, Writer } from './writer.ts'

export interface RoundOptions {
  readonly brokers: string
  /** Decides what happens to whom, and names the application. */
  readonly seed: number
  readonly kills: number
  /** For state and logs. */
  readonly folder: string
  readonly killBroker?: (() => Promise<void>) | undefined
  readonly paymentsPerSecond?: number
  readonly processingGuarantee?: InstanceOptions['streams']['processingGuarantee']
  readonly log?: (line: string) => void
}

export interface RoundResult extends Omit<Harm, 'problems'> {
  readonly problems: readonly string[]
  /** Those of them that are losses: at least once must not have any either. */
  readonly losses: readonly string[]
  readonly payments: number
  readonly outputs: number
  readonly answers: number
  readonly refusals: number
  /** Of questions while nothing was wrong, in milliseconds, ascending. */
  readonly calmTimesMs: readonly number[]
  /** How long some of them were refused at most. */
  readonly calmRefusedMs: number
  readonly setup: string
}

const token = 'a-token-of-the-bank'
const sessionTimeoutMs = 3_000
const limits = {
  sessionTimeoutMs,
  heartbeatIntervalMs: 500,
  rebalanceTimeoutMs: 8_000,
  transactionTimeoutMs: 4_000,
  probingRebalanceIntervalMs: 1_500,
  retryDelayMsMax: 1_000,
}
const silenceMs = 60_000
/** Long enough that most kills hit what has been written and not committed. */
const atLeastOnceCommitMs = 5_000
/** The last results go through so many caches, and each is written down by a commit. */
const cachesOnTheWay = 2

/**
 * Three instances of the bank, one of them with two threads, while payments come in and everybody is asked all the time, and while
 * they are killed, stopped and emptied; then everything is compared with what the payments come to: the outputs, the
 * stores, and the stores once more after all disks were lost.
 */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  await using client = kafkaClient({ brokers: options.brokers })
  await using scene = await setScene(client, options)
  const { instances, writer, setup, log } = scene
  const harm = await harmInstances(scene, options)
  const problems = [...harm.problems]
  await writer.end()
  const isAtLeastOnce = options.processingGuarantee === 'at_least_once'
  const lastMs = 3_000 + (isAtLeastOnce ? cachesOnTheWay * atLeastOnceCommitMs : 0)
  if (problems.length === 0) await untilSilent(scene.tail, writer, lastMs)
  await scene.endAskers()
  problems.push(...scene.askers.flatMap((asker) => asker.problems))
  const outputs = await readOutputs(client, setup.args)
  // Instances that failed or hang have not come to the end of it.
  if (harm.problems.length === 0) problems.push(...problemsOfOutputs(outputs, writer.ledger, setup.isCached))
  const read = scene.askers.flatMap((asker) => asker.read)
  problems.push(...problemsOfRead(read, outputs))
  const losses = harm.problems.length === 0 ? lossesOf(outputs, writer.ledger) : []
  if (problems.length === 0) problems.push(...(await compareStores(scene, outputs, 'at the end')))
  if (problems.length === 0) problems.push(...(await loseAllDisks(instances)))
  if (problems.length === 0) problems.push(...(await compareStores(scene, outputs, 'from the changelogs')))
  const asked = scene.askers.flatMap((asker) => asker.asked)
  const judged = scene.calm.judge(asked)
  problems.push(...judged.problems)
  for (const instance of instances) await instance.end()
  const failures = instances.flatMap((instance) => instance.failures)
  problems.push(...failures.filter((failure) => !problems.includes(failure)))
  for (const problem of problems) log(`PROBLEM ${problem}`)
  if (problems.length === 0) await deleteTopics(client, setup.args)
  const refusals = asked.filter(({ refusal }) => refusal !== undefined).length
  return {
    ...harm,
    kills: instances.reduce((sum, instance) => sum + instance.kills, 0),
    problems,
    losses,
    payments: writer.ledger.paymentCount,
    outputs: Object.values(outputs).reduce((sum, all) => sum + [...all.values()].flat().length, 0),
    answers: asked.length - refusals,
    refusals,
    calmTimesMs: judged.timesMs,
    calmRefusedMs: judged.refusedMs,
    setup: setup.text,
  }
}

interface Scene extends AsyncDisposable {
  readonly setup: Setup
  readonly instances: readonly Instance[]
  readonly writer: Writer
  readonly tail: Tail
  readonly askers: readonly Asker[]
  readonly calm: CalmTimes
  readonly random: Random
  readonly log: (line: string) => void
  endAskers(): Promise<void>
}

/** Everybody is there, and nobody has begun. */
async function setScene(client: KafkaClient, options: RoundOptions): Promise<Scene> {
  const { folder, seed, paymentsPerSecond = 150 } = options
  mkdirSync(folder, { recursive: true })
  const log = (line: string): void => {
    appendFileSync(join(folder, 'round.log'), `${new Date().toISOString()} ${line}\n`)
    options.log?.(line)
  }
  const random = seededRandom(seed)
  const setup = anySetup(seed, random)
  log(setup.text)
  await createBankTopics(client, setup.args.name)
  const instances = await makeInstances(setup, options)
  // Whoever draws in the order of events has chance of its own: the order of what is done to instances is the seed's.
  const chance = seededRandom(seed + 1_000_000)
  const writer = new Writer({ client, random: chance, paymentsPerSecond, ...setup.args })
  await writer.begin()
  const tail = new Tail(client, bankTopics(setup.args.name).totals)
  const calm = new CalmTimes(instances)
  const urls = instances.map(({ url }) => url)
  const askers = [1, 2, 3].map(() => new Asker({ ...setup, writer, tail, urls, token, random: chance }))
  const endAskers = async (): Promise<void> => {
    calm.end()
    await Promise.all(askers.map((asker) => asker.end()))
  }
  return {
    ...{ setup, instances, writer, tail, askers, calm, random, log, endAskers },
    async [Symbol.asyncDispose]() {
      writer.abandon()
      await endAskers()
      for (const instance of instances) await instance[Symbol.asyncDispose]()
      await tail[Symbol.asyncDispose]()
    },
  }
}

async function harmInstances(scene: Scene, { kills, killBroker }: RoundOptions): Promise<Harm> {
  const { instances, random, log, calm } = scene
  for (const instance of instances) instance.start()
  const problems = await comeToRest(instances)
  if (problems.length > 0) return { kills: 0, stops: 0, wiped: 0, brokerKills: 0, problems }
  scene.writer.run()
  for (const asker of scene.askers) asker.run()
  const killAndWait = killBroker && (() => calm.disturbedBy(killBroker()))
  return doHarm({ instances, random, kills, sessionTimeoutMs, killBroker: killAndWait, log })
}

async function compareStores(
  { instances, setup, random }: Scene,
  outputs: BankOutputs,
  when: string,
): Promise<string[]> {
  const { url } = instances[randomInt(random, instances.length)]!
  const problems = problemsOfStores(await readStores(url, token, setup.args), outputs)
  return problems.map((problem) => `${when}: ${problem}`)
}

interface Setup {
  readonly args: BankArgs
  readonly isCached: boolean
  readonly standbys: number
  readonly isStatic: boolean
  readonly text: string
}

/** Rounds differ in what instances are told; the seed says how. */
function anySetup(seed: number, random: Random): Setup {
  const isCached = randomInt(random, 3) === 0
  const standbys = randomInt(random, 3) === 0 ? 0 : 1
  const isStatic = randomInt(random, 4) === 0
  const optimize = randomInt(random, 3) === 0
  const words = [`${standbys} standby copies`]
  if (isCached) words.push('with a cache')
  if (isStatic) words.push('static members')
  if (optimize) words.push('optimised')
  return { args: { name: `bank-${seed}`, optimize }, isCached, standbys, isStatic, text: words.join(', ') }
}

function makeInstances(setup: Setup, { brokers, folder, processingGuarantee }: RoundOptions): Promise<Instance[]> {
  const make = async (name: string, threads: number): Promise<Instance> =>
    new Instance(name, folder, {
      args: setup.args,
      port: await freePort(),
      token,
      streams: {
        brokers,
        threads,
        numStandbyReplicas: setup.standbys,
        ...(processingGuarantee && { processingGuarantee }),
        ...(processingGuarantee === 'at_least_once' && { commitIntervalMs: atLeastOnceCommitMs }),
        ...(setup.isStatic && { groupInstanceId: name }),
        limits: { ...limits, ...(!setup.isCached && { cacheMaxBytes: 0 }) },
      },
    })
  return Promise.all([make('one', 2), make('two', 1), make('three', 1)])
}

/** Waits until every payment has been counted, or until nothing has been for long: what is missing then is the verdict's to tell. */
async function untilSilent(tail: Tail, writer: Writer, lastMs: number): Promise<void> {
  const isThrough = (): boolean =>
    [...writer.ledger.sums].every(([account, steps]) => tail.countBy(account, Number.MAX_VALUE) >= steps.length)
  while (!isThrough() && Date.now() - tail.lastAtMs < silenceMs) await delay(100)
  // The other results come with other transactions.
  await delay(lastMs)
}

async function loseAllDisks(instances: readonly Instance[]): Promise<string[]> {
  await Promise.all(instances.map((instance) => instance.kill()))
  for (const instance of instances) {
    instance.wipe()
    instance.start()
  }
  return comeToRest(instances)
}

async function deleteTopics(client: KafkaClient, { name }: BankArgs): Promise<void> {
  const topics = await client.admin.listTopics()
  const own = topics
    .map((topic) => topic.name)
    .filter((topic) => topic.startsWith(`${name}.`) || topic.startsWith(`${name}-`))
  await client.admin.deleteTopics(own)
}
