// Two instances of the bank under steady load and queries: `npm run soak -- --minutes 60 [--per-second 1000] [--kafka] [--out FILE]`.
// Looks at memory, open files and disks all the time; at the end says of each figure whether it grows. Ends with status 1 if one does,
// or if payments were counted wrongly.
import { appendFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { kafkaClient } from '@millrace/kafka'
import { keyValueStore, queryClient } from '@millrace/query'
import { bankTopics } from '../kills/bank-app.ts'
import { apacheKafka, embeddedBroker } from '../kills/brokers.ts'
import { percentile } from '../kills/calm-times.ts'
import { comeToRest } from '../kills/harm.ts'
import { Instance } from '../kills/instance.ts'
import { createBankTopics } from '../kills/writer.ts'
import { freePort } from '../support/free-port.ts'
import { Load } from './load.ts'
import { diskUse, processFigures } from './samples.ts'
import { type Bound, type Series, type Trend, trendOf } from './trend.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    'per-second': { type: 'string', default: '1000' },
    kafka: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})

const name = 'bank-soak'
const token = 'a-token-of-the-bank'
const sampleEveryMs = 10_000
const askEveryMs = 20
/** Everything that is kept by time is kept for minutes, so that an hour sees it come and go. */
const retention = { 'retention.ms': '600000', 'segment.ms': '60000', 'segment.bytes': '8388608' }
const compaction = {
  'segment.ms': '60000',
  'segment.bytes': '8388608',
  'min.cleanable.dirty.ratio': '0.2',
  'delete.retention.ms': '60000',
}
const brokerSettings = {
  'log.retention.check.interval.ms': '5000',
  'log.cleaner.backoff.ms': '5000',
  // Of the topics that the broker keeps for itself: markers of transactions stay for a day otherwise.
  'log.cleaner.delete.retention.ms': '60000',
}
const graceMs = 20_000
/** Full within minutes: by default a cache grows for longer than some soaks last. */
const limits = { cacheMaxBytes: 8 * 1024 * 1024 }

const bounds: Readonly<Record<string, Bound>> = {
  heap: { perHour: 4, share: 0.05 },
  external: { perHour: 4, share: 0.05 },
  anonymous: { perHour: 16, share: 0.1 },
  resident: { perHour: 24, share: 0.1 },
  disk: { perHour: 24, share: 0.1 },
  'open files': { perHour: 2, share: 0 },
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-soak-'))
const broker = values.kafka ? await apacheKafka() : await embeddedBroker(folder, brokerSettings)
await using client = kafkaClient({ brokers: broker.brokers })
await createBankTopics(client, name, retention)

async function makeInstance(called: string, threads: number): Promise<Instance> {
  const streams = {
    brokers: broker.brokers,
    threads,
    numStandbyReplicas: 1,
    windowChangelogExtraMs: 30_000,
    internalTopicConfig: compaction,
    limits,
  }
  const args = { name, graceMs }
  // The young generation as `millrace run` bounds it: V8 doubles it now and then over hours otherwise.
  const nodeArguments = ['--expose-gc', '--max-semi-space-size=16']
  return new Instance(called, folder, { args, port: await freePort(), token, streams }, nodeArguments)
}

const instances = await Promise.all([makeInstance('one', 2), makeInstance('two', 1)])
const series = new Map<
  string,
  { name: string; unit: 'MB' | ''; bound: Bound; points: { atMs: number; value: number }[] }
>()

function note(of: string, figure: string, value: number, unit: 'MB' | '' = 'MB'): void {
  const called = `${of} ${figure}`
  const known = series.get(called) ?? { name: called, unit, bound: bounds[figure]!, points: [] }
  series.set(called, known)
  known.points.push({ atMs: Date.now(), value: unit === 'MB' ? value / 1_048_576 : value })
}

function noteProcess(of: string, pid: number): void {
  const { anonymous, resident, openFiles } = processFigures(pid)
  note(of, 'anonymous', anonymous)
  note(of, 'resident', resident)
  note(of, 'open files', openFiles, '')
}

async function sample(): Promise<void> {
  for (const instance of instances) {
    const { heapUsed, external } = await instance.memory()
    note(instance.name, 'heap', heapUsed)
    note(instance.name, 'external', external)
    note(instance.name, 'disk', diskUse(instance.stateDir))
    noteProcess(instance.name, instance.pid!)
  }
  noteProcess('broker', broker.pid)
  if (!values.kafka) note('broker', 'disk', diskUse(join(folder, 'broker')))
}

const state = queryClient({
  urls: instances.map(({ url }) => url),
  stores: { totals: keyValueStore(bankTopics(name).totals) },
  token,
})
const times: number[] = []
let unanswered = 0
const ending = new AbortController()

async function ask(): Promise<void> {
  while (!ending.signal.aborted) {
    const beganMs = performance.now()
    // Where the machine stands still for a while there is none to be had.
    const isAnswered = await state.totals.get(`a${Math.floor(Math.random() * 2_000)}`).then(
      () => true,
      () => false,
    )
    if (isAnswered) times.push(performance.now() - beganMs)
    else unanswered++
    if (times.length > 100_000) times.splice(0, 50_000)
    await delay(askEveryMs)
  }
}

function report(): Trend[] {
  const trends = [...series.values()].map(({ bound, ...one }) => trendOf(one satisfies Series, bound))
  console.log(
    `${'figure'.padEnd(20)} ${'mean'.padStart(9)} ${'highest'.padStart(9)} ${'per hour'.padStart(10)} ${'bound'.padStart(9)}`,
  )
  for (const { name: called, unit, mean, highest, growthPerHour, boundPerHour, isFlat } of trends) {
    const [at, most, growth, bound] = [mean, highest, growthPerHour, boundPerHour].map((value) => value.toFixed(1))
    const line = `${called.padEnd(20)} ${at!.padStart(9)} ${most!.padStart(9)} ${growth!.padStart(10)} ${bound!.padStart(9)}`
    console.log(`${line} ${unit}${isFlat ? '' : ' GROWS'}`)
  }
  return trends
}

/** How many accounts have another count than they were paid, once everything is through. */
async function wrongCounts(load: Load): Promise<number> {
  let wrong = load.counts.size
  for (let tries = 0; tries < 120 && wrong > 0; tries++) {
    await delay(500)
    const found = new Map<string, number>()
    for await (const { key, value } of state.totals.range()) found.set(key, value.count)
    wrong = [...load.counts].filter(([account, count]) => found.get(account) !== count).length
  }
  return wrong
}

const load = new Load(client, name, Number(values['per-second']))
const problems: string[] = []
try {
  for (const instance of instances) instance.start()
  problems.push(...(await comeToRest(instances)))
  await load.begin()
  const asking = ask()
  const endMs = performance.now() + Number(values.minutes) * 60_000
  while (performance.now() < endMs && problems.length === 0) {
    await sample()
    const latest = Object.fromEntries(
      [...series.values()].map(({ name: called, points }) => [called, points.at(-1)!.value]),
    )
    const line = JSON.stringify({ at: new Date().toISOString(), sent: load.sent, asked: times.length, ...latest })
    if (values.out !== undefined) appendFileSync(values.out, `${line}\n`)
    await delay(sampleEveryMs)
    problems.push(...instances.flatMap(({ failures }) => failures))
  }
  ending.abort()
  await asking
  await load.end()
  if (problems.length === 0) {
    const wrong = await wrongCounts(load)
    if (wrong > 0) problems.push(`${wrong} accounts were not counted right`)
  }
} finally {
  for (const instance of instances) await instance.end()
  await broker[Symbol.asyncDispose]()
}
const trends = report()
problems.push(...trends.filter(({ isFlat }) => !isFlat).map((trend) => `${trend.name} grows`))
const sorted = times.sort((a, b) => a - b)
console.log(
  `${values.minutes} minutes, ${load.sent} payments: ${problems.length === 0 ? 'flat' : problems.join('; ')}; ` +
    `${unanswered} queries without answer, p50 ${percentile(sorted, 0.5).toFixed(1)} ms, p99 ${percentile(sorted, 0.99).toFixed(1)} ms`,
)
if (problems.length === 0) await rm(folder, { recursive: true, force: true })
else console.log(`state and logs are kept in ${folder}`)
process.exitCode = problems.length === 0 ? 0 : 1
