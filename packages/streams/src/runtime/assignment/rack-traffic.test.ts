import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { AssignmentTask, RackAwareStrategy } from './group-model.ts'
import { moveStandbysToRacks } from './place-by-racks.ts'
import type { GroupProcess } from './processes.ts'
import { type Costs, costOf, optimizeTraffic, type Racks } from './rack-traffic.ts'

/** What Java's RackAwareTaskAssignor was given, and made of it; see conformance/streams/facts/RackAssignments.java. */
interface Scenario {
  readonly strategy: RackAwareStrategy
  readonly trafficCost: number
  readonly nonOverlapCost: number
  /** By process: its rack. */
  readonly processes: Readonly<Record<string, string>>
  /** By task: racks of its inputs, and of its changelogs. */
  readonly tasks: Readonly<Record<string, string>>
  /** By process: its active tasks, and its copies; before, and after each step. */
  readonly before: Readonly<Record<string, string>>
  readonly active: Readonly<Record<string, string>>
  readonly activeCost: number
  readonly standbyCost: number
}

const path = new URL('../../../test/fixtures/kafka-streams-racks.json', import.meta.url)
const scenarios = JSON.parse(readFileSync(path, 'utf8')) as readonly Scenario[]

const racksIn = (text: string): Racks => text.split(', ').map((one) => one.split(' '))
const tasksOf = ({ tasks }: Scenario): AssignmentTask[] =>
  Object.entries(tasks).map(([task, text]) => {
    const [inputs, changelogs] = text.split(' | ') as [string, string]
    return { task, isStateful: true, inputRacks: racksIn(inputs), changelogRacks: racksIn(changelogs) }
  })
/** By process: what stands in front of the bar, or behind it. */
const placed = (places: Readonly<Record<string, string>>, side: 0 | 1): [process: string, task: string][] =>
  Object.entries(places).flatMap(([process, text]) =>
    text
      .split('|')
      [side]!.trim()
      .split(' ')
      .filter((task) => task !== '')
      .map((task) => [process, task] as [string, string]),
  )
const activeIn = (places: Readonly<Record<string, string>>): Map<string, string> =>
  new Map(placed(places, 0).map(([process, task]) => [task, process]))
const costsOf = ({ trafficCost: traffic, nonOverlapCost: nonOverlap }: Scenario): Costs => ({ traffic, nonOverlap })

function optimized(scenario: Scenario): ReadonlyMap<string, string> {
  return optimizeTraffic({
    tasks: tasksOf(scenario),
    processes: Object.keys(scenario.processes).sort(),
    rackOf: new Map(Object.entries(scenario.processes)),
    current: activeIn(scenario.before),
    racksOf: ({ inputRacks }) => inputRacks!,
    costs: costsOf(scenario),
    balancesSubtopologies: scenario.strategy === 'balance_subtopology',
  })
}

test('active tasks are placed at the cost that Java comes to, everybody keeping as many, and with no more moves', () => {
  let moved = 0
  for (const [index, scenario] of scenarios.entries()) {
    const before = activeIn(scenario.before)
    const java = activeIn(scenario.active)
    const now = optimized(scenario)
    const count = (where: ReadonlyMap<string, string>): Record<string, number> =>
      Object.fromEntries(
        Object.keys(scenario.processes).map((id) => [id, [...where.values()].filter((at) => at === id).length]),
      )
    const cost = tasksOf(scenario).reduce((sum, { task, inputRacks }) => {
      const at = now.get(task)!
      return sum + costOf(inputRacks!, scenario.processes[at]!, at === before.get(task), costsOf(scenario))
    }, 0)
    assert.equal(cost, scenario.activeCost, `scenario ${index}`)
    assert.deepEqual(count(now), count(before), `scenario ${index}`)
    const moves = (where: ReadonlyMap<string, string>): number =>
      [...before].filter(([task, at]) => where.get(task) !== at).length
    assert.ok(moves(now) <= moves(java), `scenario ${index}: ${moves(now)} moves, Java's are ${moves(java)}`)
    moved += moves(now)
  }
  assert.ok(moved > 50, `only ${moved} tasks moved`)
})

test('copies are exchanged as far as Java exchanges them', () => {
  let [ours, javas] = [0, 0]
  for (const scenario of scenarios) {
    const tasks = tasksOf(scenario)
    const { processes: racks, trafficCost, nonOverlapCost } = scenario
    const on = new Map<string, string[]>()
    for (const [process, task] of placed(scenario.active, 1)) on.set(task, [...(on.get(task) ?? []), process])
    const config = {
      ...{ numStandbyReplicas: 1, acceptableRecoveryLag: 0, maxWarmupReplicas: 2, rackAwareAssignmentTags: [] },
      rackAwareAssignmentTrafficCost: trafficCost,
      rackAwareAssignmentNonOverlapCost: nonOverlapCost,
    }
    const moved = moveStandbysToRacks({
      input: { tasks, members: [], config },
      processes: new Map(Object.keys(racks).map((id) => [id, { id, tags: {} } as GroupProcess])),
      rackOf: new Map(Object.entries(racks)),
      activeOn: activeIn(scenario.active),
      warmupOn: new Map(),
      placed: on,
    })
    const traffic = { traffic: trafficCost, nonOverlap: 0 }
    for (const { task, changelogRacks } of tasks) {
      for (const at of moved.get(task) ?? []) ours += costOf(changelogRacks!, racks[at]!, true, traffic)
    }
    javas += scenario.standbyCost
  }
  assert.ok(javas > 0)
  // Which of several exchanges of the same cost is made first decides what is left to exchange.
  assert.ok(ours <= javas * 1.02, `a cost of ${ours}, Java's is ${javas}`)
})
