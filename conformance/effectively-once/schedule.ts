import { setTimeout as delay } from 'node:timers/promises'
import { randomInt, seededRandom } from '@millrace/base'
import { type Death, hasMoments, type Pipeline, type Victim, victims } from './pipeline.ts'
import type { Wanted } from './service.ts'
import { type EffectRow, type LedgerRow, problemsOf, type StepRow, type Total } from './verdict.ts'

export interface ScheduleResult {
  readonly seed: number
  readonly kills: readonly Death[]
  /** Movements that the service has committed. */
  readonly records: number
  readonly problems: readonly string[]
}

const drainTimeoutMs = 60_000
const pollMs = 50

/** Has the service move money while parts are killed as the seed says, waits until all has arrived, and compares. */
export async function runSchedule(pipeline: Pipeline, id: number, seed: number): Promise<ScheduleResult> {
  const random = seededRandom(seed)
  const movements = 60 + randomInt(random, 180)
  const accounts = 3 + randomInt(random, 8)
  await ask(pipeline, { id, seed, movements, accounts })
  const kills = await killThem(pipeline, random)
  return { seed, kills, ...(await arrived(pipeline, id, movements)) }
}

/**
 * One without deaths, which reaches every partition: what it brings is behind everything that came before, and whatever
 * came twice, in however long a time, has come when it is there.
 */
export async function lastSchedule(pipeline: Pipeline, id: number): Promise<readonly string[]> {
  const wanted = { id, seed: id, movements: 300, accounts: 60 }
  await ask(pipeline, wanted)
  return (await arrived(pipeline, id, wanted.movements)).problems
}

async function ask(pipeline: Pipeline, { id, seed, movements, accounts }: Wanted): Promise<void> {
  const insert = 'insert into schedules (id, seed, movements, accounts) values ($1, $2, $3, $4)'
  await pipeline.source(insert, [id, seed, movements, accounts])
}

async function arrived(
  pipeline: Pipeline,
  id: number,
  movements: number,
): Promise<{ records: number; problems: readonly string[] }> {
  const deadlineMs = Date.now() + drainTimeoutMs
  for (;;) {
    const { records, problems } = await compare(pipeline, id)
    const isDone = records >= movements && problems.length === 0
    if (isDone || Date.now() > deadlineMs) {
      const missing = records < movements ? [`the service has committed ${records} of ${movements} movements`] : []
      return { records, problems: [...missing, ...problems] }
    }
    await delay(pollMs)
  }
}

/** Two to five deaths, some while another part is still down; resolves when everything is back. */
async function killThem(pipeline: Pipeline, random: { next(): number }): Promise<Death[]> {
  const deaths: Death[] = []
  const down = new Map<Victim, Promise<void>>()
  const count = 2 + randomInt(random, 4)
  for (let i = 0; i < count; i++) {
    await delay(randomInt(random, 350))
    const victim = victims[randomInt(random, victims.length)]!
    const moment = [undefined, 'committing', 'committed'] as const
    const chosen = moment[randomInt(random, moment.length)]
    const downMs = randomInt(random, 200)
    const death = { victim, downMs, ...(chosen && hasMoments(victim) && { moment: chosen }) }
    // One that is down already comes back first, and dies again.
    await down.get(victim)
    deaths.push(death)
    down.set(victim, pipeline.kill(death))
  }
  await Promise.all(down.values())
  return deaths
}

/** The ledger first: what is committed later must not be missed at the other end. */
async function compare(pipeline: Pipeline, id: number): Promise<{ records: number; problems: string[] }> {
  const ledger = await pipeline.source<LedgerRow>('select id, account, seq, amount from ledger where schedule = $1', [
    id,
  ])
  const accounts = [...new Set(ledger.map(({ account }) => account))]
  const of = <Row extends object>(text: string): Promise<Row[]> => pipeline.target<Row>(text, [id])
  const steps = 'select id, account, seq, count, sum::float8 as sum from steps where schedule = $1 order by arrival'
  const handled = 'select id, account, seq from handled where schedule = $1 order by arrival'
  const balances = 'select account, count::int, sum::float8 as sum from balances where schedule = $1'
  const paid = 'select account, count::int, sum::float8 as sum from paid where account = any($1)'
  const problems = problemsOf({
    ledger,
    steps: await of<StepRow>(steps),
    handled: await of<EffectRow>(handled),
    balances: await of<Total>(balances),
    paid: await pipeline.target<Total>(paid, [accounts]),
  })
  return { records: ledger.length, problems }
}

/** Compares everything once more, long after: nothing may have come twice since. */
export async function compareAgain(pipeline: Pipeline, ids: readonly number[]): Promise<string[]> {
  const problems: string[] = []
  for (const id of ids)
    problems.push(...(await compare(pipeline, id)).problems.map((text) => `schedule ${id}: ${text}`))
  return problems
}
