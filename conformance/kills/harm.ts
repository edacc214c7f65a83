import { setTimeout as delay } from 'node:timers/promises'
import { type Random, randomInt } from '@millrace/base'
import type { Instance } from './instance.ts'
import { moments } from './instance-protocol.ts'

/** What is done to the instances, and how often relative to each other. */
const actions = {
  killOne: 4,
  killTwo: 3,
  killAll: 2,
  killAtMoment: 6,
  killTwice: 3,
  stop: 2,
  end: 1,
  killBroker: 2,
} as const
type Action = keyof typeof actions

/** One kill in so many takes the disk along. */
const wipedOneIn = 5
const longestPauseMs = 1_500
const longestDeathMs = 4_000
/** The first of them finds work under way. */
const leadMs = 2_000
/** After every so many actions everything has to come to rest, and rests. */
const calmEvery = 5
const restMs = 3_000
const restTimeoutMs = 120_000

export interface HarmOptions {
  readonly instances: readonly Instance[]
  readonly random: Random
  /** SIGKILLs of instances. */
  readonly kills: number
  /** How long an instance has to be silent to lose its place. */
  readonly sessionTimeoutMs: number
  /** Where it may die, too. */
  readonly killBroker: (() => Promise<void>) | undefined
  readonly log: (line: string) => void
}

export interface Harm {
  readonly kills: number
  readonly stops: number
  readonly wiped: number
  readonly brokerKills: number
  readonly problems: readonly string[]
}

/** Kills, stops, empties and ends instances, by chance, until there were so many kills; then all run again. */
export async function doHarm(options: HarmOptions): Promise<Harm> {
  const { instances, random, kills, log } = options
  const done = { kills: 0, stops: 0, wiped: 0, brokerKills: 0 }
  const problems: string[] = []
  const killed = (): number => instances.reduce((sum, instance) => sum + instance.kills, 0)
  const before = killed()
  await delay(leadMs)
  for (let count = 1; killed() - before < kills && problems.length === 0; count++) {
    const action = anyAction(random, options.killBroker !== undefined)
    log(action)
    await act(action, options, done)
    if (count % calmEvery === 0) problems.push(...(await comeToRest(instances)))
    else await delay(randomInt(random, longestPauseMs))
    problems.push(...instances.flatMap(({ failures }) => failures))
  }
  if (problems.length === 0) problems.push(...(await comeToRest(instances)))
  return { ...done, kills: killed() - before, problems }
}

/** Waits until every instance has run for a while; returns what stands in the way of it for too long. */
export async function comeToRest(instances: readonly Instance[], forMs = restMs): Promise<string[]> {
  for (let waitedMs = 0; waitedMs < restTimeoutMs; waitedMs += 50) {
    const since = instances.map(({ runningSinceMs }) => runningSinceMs ?? Number.POSITIVE_INFINITY)
    if (Date.now() - Math.max(...since) >= forMs) return []
    const failures = instances.flatMap((instance) => instance.failures)
    if (failures.length > 0) return failures
    await delay(50)
  }
  const states = instances.map(({ name, state }) => `${name} ${state}`)
  return [`the instances do not all run after ${restTimeoutMs} ms: ${states.join(', ')}`]
}

function anyAction(random: Random, mayKillBroker: boolean): Action {
  const bag = (Object.keys(actions) as Action[])
    .filter((action) => mayKillBroker || action !== 'killBroker')
    .flatMap((action) => Array.from({ length: actions[action] }, () => action))
  return bag[randomInt(random, bag.length)]!
}

type Counts = { stops: number; wiped: number; brokerKills: number }

async function act(action: Action, options: HarmOptions, done: Counts): Promise<void> {
  const { instances, random, sessionTimeoutMs, killBroker } = options
  const [one, two, three] = shuffled(instances, random) as [Instance, Instance, Instance]
  const back = (dead: readonly Instance[]): Promise<void> => bringBack(dead, random, done)
  switch (action) {
    case 'killOne':
      await one.kill()
      return back([one])
    case 'killTwo':
      await Promise.all([one.kill(), two.kill()])
      return back([one, two])
    case 'killAll':
      await Promise.all([one.kill(), two.kill(), three.kill()])
      return back([one, two, three])
    case 'killAtMoment': {
      const moment = moments[randomInt(random, moments.length)]!
      // A rebalance comes of another's death, a restoration of a lost disk.
      if (moment === 'rebalancing') await two.kill()
      if (moment === 'restoring' || moment === 'following') await beginFromNothing(one, done)
      await one.killWhile(moment, randomInt(random, 4))
      return back([one, two])
    }
    case 'killTwice':
      // Again while it comes back.
      await one.kill()
      await back([one])
      await delay(randomInt(random, 2_000))
      await one.kill()
      return back([one])
    case 'stop':
      one.stop()
      await delay(sessionTimeoutMs + randomInt(random, 2 * sessionTimeoutMs))
      one.continue()
      done.stops++
      return
    case 'end':
      await one.end()
      return back([one])
    case 'killBroker':
      await killBroker!()
      done.brokerKills++
  }
}

async function beginFromNothing(instance: Instance, done: Counts): Promise<void> {
  await instance.kill()
  instance.wipe()
  done.wiped++
  instance.start()
}

async function bringBack(dead: readonly Instance[], random: Random, done: Counts): Promise<void> {
  for (const instance of dead) {
    if (instance.isAlive) continue
    if (randomInt(random, wipedOneIn) === 0) {
      instance.wipe()
      done.wiped++
    }
    // Half of them are back before anybody has missed them.
    if (randomInt(random, 2) === 0) await delay(randomInt(random, longestDeathMs))
    instance.start()
  }
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  return all
    .map((one) => ({ one, at: randomInt(random, 1_000_000) }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)
}
