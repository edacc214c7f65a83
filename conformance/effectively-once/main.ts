// `npm run check:effectively-once -- --schedules N --seed S [--verbose] [--mistake]`: a service's database, outbox, topic, streams, topic,
// another database, with every part killed with SIGKILL, the broker and both PostgreSQL servers included. Nothing may be lost, take
// effect twice, or change places within a key. Ends with status 0 only then; a schedule that fails is told with its seed, which replays
// it. `--mistake` runs streams at least once instead, which has to be found.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Death, startPipeline } from './pipeline.ts'
import { compareAgain, lastSchedule, runSchedule, type ScheduleResult } from './schedule.ts'

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    mistake: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
let wanted = whole('schedules', 1)
const firstSeed = whole('seed', 0)
const keptLines = 40

function whole(name: 'schedules' | 'seed', min: number): number {
  const number = Number(values[name])
  if (Number.isSafeInteger(number) && number >= min) return number
  console.error(`--${name} is a whole number from ${min}`)
  process.exit(2)
}

function told({ victim, moment }: Death): string {
  return moment === undefined ? victim : `${victim} (${moment})`
}

// The schedule under way is finished, and the counts are told; a second time ends at once.
process.once('SIGINT', () => (wanted = 0))

const startedMs = performance.now()
const folder = await mkdtemp(join(tmpdir(), 'millrace-effectively-once-'))
// A part that comes back is compiled already; what it does is the same.
process.env.NODE_COMPILE_CACHE ??= join(folder, 'compiled')
const lines: string[] = []
const results: ScheduleResult[] = []
const problems: string[] = []
/** What plays the failure again: the schedule that failed, or all where something came late. */
let replay = ''
{
  await using pipeline = await startPipeline({
    folder,
    isMistaken: values.mistake,
    onLine(line) {
      lines.push(line)
      if (lines.length > keptLines) lines.shift()
      if (values.verbose) console.log(line)
    },
  })
  while (results.length < wanted && problems.length === 0) {
    const result = await runSchedule(pipeline, results.length, firstSeed + results.length)
    results.push(result)
    const { seed, kills, records } = result
    problems.push(...result.problems)
    replay = `--schedules 1 --seed ${seed}`
    if (values.verbose || !process.stdout.isTTY)
      console.log(`seed ${seed}: ${records} records, killed ${kills.map(told).join(', ')}`)
    else process.stdout.write(`\r\u001b[K${results.length} of ${wanted} schedules, seed ${seed}`)
  }
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K')
  if (problems.length === 0) {
    replay = `--schedules ${results.length} --seed ${firstSeed}`
    const last = results.length
    problems.push(...(await lastSchedule(pipeline, last)), ...(await compareAgain(pipeline, [...results.keys(), last])))
  }
}
await rm(folder, { recursive: true, force: true })

if (problems.length > 0) {
  for (const problem of problems.slice(0, 20)) console.log(problem)
  if (problems.length > 20) console.log(`and ${problems.length - 20} more`)
  if (!values.verbose) for (const line of lines) console.log(`  ${line}`)
  const { seed } = results.at(-1)!
  console.log(`failed at seed ${seed}; replay it with: npm run check:effectively-once -- ${replay} --verbose`)
  process.exitCode = 1
}
const sum = (figure: (result: ScheduleResult) => number): number => results.reduce((total, of) => total + figure(of), 0)
const verdict =
  problems.length === 0 ? 'nothing lost, nothing twice, order per key kept' : `${problems.length} problems`
const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0)
console.log(
  `${results.length} schedules from seed ${firstSeed}, ${sum(({ kills }) => kills.length)} kills, ${sum(({ records }) => records)} records, ${seconds} s: ${verdict}`,
)
process.exit()
