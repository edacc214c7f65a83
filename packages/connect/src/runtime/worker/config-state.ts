import type { Properties } from '../../config/config-def.ts'
import type { TargetState } from './states.ts'

/** The records of Kafka Connect's config topic (`KafkaConfigBackingStore`), JSON without schemas under these keys. */
export const configKeys = {
  connector: (name: string) => `connector-${name}`,
  target: (name: string) => `target-state-${name}`,
  task: (name: string, task: number) => `task-${name}-${task}`,
  /** Written after a connector's tasks: only then do they count. */
  commit: (name: string) => `commit-${name}`,
  /** How many tasks of a source have to be fenced before others take their place (KIP-618). */
  fencing: (name: string) => `tasks-fencing-${name}`,
  logger: (name: string) => `logger-cluster-${name}`,
} as const

/** What the config topic says, which is what a worker runs. */
export class ConfigState {
  readonly connectors = new Map<string, Properties>()
  readonly #targets = new Map<string, TargetState>()
  readonly loggers = new Map<string, string>()

  target(name: string): TargetState {
    return this.#targets.get(name) ?? 'STARTED'
  }

  /** Takes a record in; one that no worker of this version knows is left to those who do. */
  apply(key: string, value: unknown): void {
    const target = after(key, 'target-state-')
    const connector = after(key, 'connector-')
    const logger = after(key, 'logger-cluster-')
    if (target !== undefined) this.#applyTarget(target, value)
    else if (connector !== undefined) this.#applyConnector(connector, value)
    else if (logger !== undefined && isObject(value)) this.loggers.set(logger, String(value.level))
  }

  #applyTarget(name: string, value: unknown): void {
    if (!isObject(value)) {
      this.#targets.delete(name)
      return
    }
    // Workers before KIP-875 know no STOPPED: for them it is written as PAUSED in the older field.
    const state = value['state.v2'] ?? value.state
    if (state === 'STARTED' || state === 'PAUSED' || state === 'STOPPED') this.#targets.set(name, state)
  }

  #applyConnector(name: string, value: unknown): void {
    if (value === null) this.connectors.delete(name)
    else if (isObject(value) && isObject(value.properties)) this.connectors.set(name, textsOf(value.properties))
  }
}

/** The records that make or change a connector, in the order in which they must be written. */
export function connectorRecords(
  name: string,
  properties: Properties,
  type: 'source' | 'sink',
  target: TargetState,
): Record<string, unknown> {
  return { [configKeys.connector(name)]: { properties }, ...taskRecords(name, properties, type, target) }
}

/** A connector that is stopped has no tasks (KIP-875). */
function taskRecords(
  name: string,
  properties: Properties,
  type: 'source' | 'sink',
  target: TargetState,
): Record<string, unknown> {
  if (target === 'STOPPED') return { [configKeys.commit(name)]: { tasks: 0 } }
  return {
    [configKeys.task(name, 0)]: { properties },
    [configKeys.commit(name)]: { tasks: 1 },
    ...(type === 'source' && { [configKeys.fencing(name)]: { 'task-count': 1 } }),
  }
}

/** The records that change what is wanted of one. */
export function targetRecords(
  name: string,
  properties: Properties,
  type: 'source' | 'sink',
  change: { readonly from: TargetState; readonly to: TargetState },
): Record<string, unknown> {
  const { from, to } = change
  const isAboutTasks = from === 'STOPPED' || to === 'STOPPED'
  return { ...(isAboutTasks && taskRecords(name, properties, type, to)), ...targetRecord(name, to) }
}

/** The records that remove one: as in Java its tasks stay, since without its config nobody starts them. */
export function removalRecords(name: string): Record<string, null> {
  return { [configKeys.connector(name)]: null, [configKeys.target(name)]: null }
}

export function targetRecord(name: string, state: TargetState): Record<string, unknown> {
  return { [configKeys.target(name)]: { state: state === 'STOPPED' ? 'PAUSED' : state, 'state.v2': state } }
}

function after(key: string, prefix: string): string | undefined {
  return key.startsWith(prefix) ? key.slice(prefix.length) : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textsOf(properties: Record<string, unknown>): Properties {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, value === null ? null : String(value)]),
  )
}
