import type { AnyTopicContract } from '@millrace/contracts'
import { partitionForKey } from '@millrace/protocol'
import { testDriver } from '@millrace/streams/testing'
import { inputs } from './contracts.ts'
import { isCloser, type Placed } from './events.ts'
import type { Comparison, Output, SimulatedApplication } from './simulated-application.ts'

/** The end of all punctuations by the clock, that called last most often: for every order. */
const restMs = 60_000
const stepMs = 500

/** What the application says of the events where nothing ever goes wrong: in the test driver. */
function crashFree(app: SimulatedApplication, events: readonly Placed[]): Output[] {
  using driver = testDriver(app.topology({}), { strict: false })
  const inputOf = new Map(
    inputs.filter(({ name }) => app.inputs.includes(name)).map((contract) => [contract.name, driver.input(contract)]),
  )
  for (const { topic, key, value, timestampMs: timestamp } of events) {
    inputOf.get(topic as never)!.pipe(key, value as never, { timestamp })
  }
  for (let ms = 0; ms < restMs; ms += stepMs) driver.advanceTime(stepMs)
  return app.outputs.flatMap(({ contract }) =>
    driver
      .output(contract as AnyTopicContract)
      .readAll()
      .map(([key, value]) => ({ topic: contract.name, key: String(key), value })),
  )
}

function expectedOf(app: SimulatedApplication, events: readonly Placed[]): Output[] {
  if (app.reference === 'whole') return crashFree(app, events)
  const byPartition = Map.groupBy(events, ({ key }) => partitionForKey(Buffer.from(key), 2))
  return [...byPartition.values()].flatMap((own) => crashFree(app, own))
}

/** Finds everything in which outputs differ from a run without crashes over the same events. */
export function differencesFrom(
  app: SimulatedApplication,
  events: readonly Placed[],
): (outputs: readonly Output[]) => string[] {
  const isOwn = app.outputs.every(({ compared }) => compared === 'own')
  const expected = isOwn ? [] : expectedOf(app, events)
  return (outputs) => [...(app.check?.(outputs, events) ?? []), ...compareAll(app, outputs, expected)]
}

function compareAll(app: SimulatedApplication, outputs: readonly Output[], expected: readonly Output[]): string[] {
  const problems: string[] = []
  for (const { contract, compared } of app.outputs) {
    const of = (all: readonly Output[]): Output[] =>
      all.filter(({ topic, key }) => topic === contract.name && !isCloser(key))
    problems.push(...compare[compared](of(outputs), of(expected)))
  }
  return problems
}

type Compare = (found: readonly Output[], expected: readonly Output[]) => string[]

const compare: Readonly<Record<Comparison, Compare>> = {
  own: () => [],
  exactly: (found, expected) => byCount(found, expected, (times, wanted) => times === wanted),
  atLeastOnce: (found, expected) => byCount(found, expected, (times, wanted) => wanted > 0 && times >= 1),
  last(found, expected) {
    const [last, wanted] = [lastOf(found), lastOf(expected)]
    return [...new Set([...last.keys(), ...wanted.keys()])].flatMap((key) => {
      const [is, should] = [last.get(key) ?? 'null', wanted.get(key) ?? 'null']
      return is === should ? [] : [`${key} ends at ${is}, not ${should}`]
    })
  },
}

function byCount(
  found: readonly Output[],
  expected: readonly Output[],
  isRight: (times: number, wanted: number) => boolean,
): string[] {
  const [counts, wanted] = [countsOf(found), countsOf(expected)]
  return [...new Set([...counts.keys(), ...wanted.keys()])].flatMap((text) => {
    const [times, should] = [counts.get(text) ?? 0, wanted.get(text) ?? 0]
    return isRight(times, should) ? [] : [`${text} was written ${times} times, not ${should}`]
  })
}

function countsOf(outputs: readonly Output[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { topic, key, value } of outputs) {
    const text = `${topic}: ${key} ${JSON.stringify(value)}`
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return counts
}

function lastOf(outputs: readonly Output[]): Map<string, string> {
  return new Map(outputs.map(({ topic, key, value }) => [`${topic}: ${key}`, JSON.stringify(value)]))
}
