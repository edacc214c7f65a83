import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type PlacementInput, placeAtLeastCost } from './min-cost-placement.ts'

const groupOf = ({ groups }: PlacementInput, task: string): number =>
  groups.findIndex(({ tasks }) => tasks.includes(task))

function costOf({ costOf }: PlacementInput, placed: ReadonlyMap<string, number>): number {
  return [...placed].reduce((sum, [task, place]) => sum + costOf(task, place), 0)
}

/** Tries everything. */
function leastCost(input: PlacementInput): number {
  const tasks = input.groups.flatMap(({ tasks }) => [...tasks])
  const used = new Map<string, number>()
  const take = (name: string, by: number): number => {
    used.set(name, (used.get(name) ?? 0) + by)
    return used.get(name)!
  }
  const from = (index: number): number => {
    const task = tasks[index]
    if (task === undefined) return 0
    const group = groupOf(input, task)
    let best = Number.POSITIVE_INFINITY
    for (const [place, capacity] of input.capacities.entries()) {
      const fits = take(`${place}`, 1) <= capacity
      const fitsGroup = take(`${place}/${group}`, 1) <= input.groups[group]!.capacities[place]!
      if (fits && fitsGroup) best = Math.min(best, input.costOf(task, place) + from(index + 1))
      take(`${place}`, -1)
      take(`${place}/${group}`, -1)
    }
    return best
  }
  return from(0)
}

const arbitraryInput = fc
  .record({
    places: fc.integer({ min: 1, max: 4 }),
    groups: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 2 }),
    capacities: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 20, maxLength: 20 }),
    costs: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 40, maxLength: 40 }),
  })
  .map(({ places, groups, capacities, costs }): PlacementInput => {
    const tasks = groups.map((count, group) => Array.from({ length: count }, (_, task) => `${group}_${task}`))
    const all = tasks.flat()
    return {
      groups: tasks.map((own, group) => ({
        tasks: own,
        capacities: capacities.slice(4 * (group + 1), 4 * (group + 1) + places),
      })),
      capacities: capacities.slice(0, places),
      costOf: (task, place) => costs[all.indexOf(task) * 4 + place]!,
    }
  })

test('tasks are placed at the lowest cost there is, within what places and groups take', () => {
  let placeable = 0
  fc.assert(
    fc.property(arbitraryInput, (input) => {
      const least = leastCost(input)
      if (least === Number.POSITIVE_INFINITY) {
        assert.throws(() => placeAtLeastCost(input), RangeError)
        return
      }
      placeable++
      const placed = placeAtLeastCost(input)
      assert.deepEqual([...placed.keys()].sort(), input.groups.flatMap(({ tasks }) => [...tasks]).sort())
      for (const [place, capacity] of input.capacities.entries()) {
        const own = [...placed].filter(([, at]) => at === place).map(([task]) => task)
        assert.ok(own.length <= capacity)
        for (const [group, { capacities }] of input.groups.entries()) {
          assert.ok(own.filter((task) => groupOf(input, task) === group).length <= capacities[place]!)
        }
      }
      assert.equal(costOf(input, placed), least)
    }),
    { seed: 1, numRuns: 1_000 },
  )
  assert.ok(placeable > 300, `only ${placeable} could be placed at all`)
})

test('a thousand tasks are placed within seconds', () => {
  const tasks = Array.from({ length: 1_000 }, (_, i) => `0_${i}`)
  const beganMs = performance.now()
  const placed = placeAtLeastCost({
    groups: [{ tasks, capacities: Array.from({ length: 20 }, () => 50) }],
    capacities: Array.from({ length: 20 }, () => 50),
    costOf: (task, place) => (Number(task.slice(2)) * 7 + place * 13) % 31,
  })
  const tookMs = performance.now() - beganMs
  assert.equal(placed.size, 1_000)
  assert.ok(tookMs < 5_000, `it took ${tookMs} ms`)
})
