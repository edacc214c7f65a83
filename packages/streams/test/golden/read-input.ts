import { runnable } from '../../src/core/dsl/topology.ts'
import { topology } from '../../src/index.ts'
import type { Scenario } from './scenario.ts'

/** Scenarios without records of topics that their programs do not read, so that programs can share an input. */
export function readInput(scenarios: readonly Scenario[]): Scenario[] {
  return scenarios.map((scenario) => {
    const app = topology('read', scenario.topology)
    scenario.build(app)
    const read = runnable(app).plan().sourceTopics
    return { ...scenario, input: scenario.input.filter((step) => !('topic' in step) || read.includes(step.topic)) }
  })
}
