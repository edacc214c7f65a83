import { pathToFileURL } from 'node:url'
import { runnable } from '../../../core/dsl/topology.ts'
import type { Topology } from '../../../core/dsl/types-topology.ts'
import type { FailureHandlers } from '../../../core/handlers.ts'
import type { PlanOptions, TopologyPlan } from '../../../core/topology/plan.ts'
import type { TaskAssignor } from '../../assignment/group-model.ts'

/** A topology, a function that makes one, or the module whose default export is such a function. */
export type TopologySource = Topology | ((args?: unknown) => Topology) | URL | string

/** What a module of an application exports. */
export interface ApplicationModule {
  readonly default: (args?: unknown) => Topology
  /** What becomes of records that fail; those not named fail loudly. */
  readonly handlers?: Partial<FailureHandlers>
  readonly taskAssignor?: TaskAssignor
}

export interface Application {
  readonly plan: TopologyPlan
  readonly handlers: Partial<FailureHandlers>
  readonly taskAssignor: TaskAssignor | undefined
}

/**
 * Builds the topology; of a module also what it exports beside it. What threads share are the module and its arguments.
 *
 * @throws TypeError where the module makes no topology
 */
export async function loadApplication(
  source: TopologySource,
  args: unknown,
  options: PlanOptions,
): Promise<Application> {
  const url = moduleUrl(source)
  const module = url === undefined ? undefined : await importApplication(url)
  const built = module ? module.default(args) : typeof source === 'function' ? source(args) : (source as Topology)
  return {
    plan: runnable(built).plan(options),
    handlers: module?.handlers ?? {},
    taskAssignor: module?.taskAssignor,
  }
}

/** The URL of a topology that is a module; undefined for one that is given as it is. */
export function moduleUrl(source: TopologySource): string | undefined {
  if (typeof source !== 'string' && !(source instanceof URL)) return undefined
  return source instanceof URL || /^[a-z][a-z+.-]+:/i.test(source) ? String(source) : pathToFileURL(source).href
}

async function importApplication(url: string): Promise<ApplicationModule> {
  const loaded = (await import(url)) as Partial<ApplicationModule>
  if (typeof loaded.default !== 'function') throw new TypeError(`${url} has no default export that is a function`)
  return loaded as ApplicationModule
}
