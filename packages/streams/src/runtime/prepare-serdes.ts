import { type Clock, type Random, sleep } from '@millrace/base'
import { backoffMs } from '@millrace/base/internal'
import type { AnySerde } from '../core/topology/physical.ts'
import type { TopologyPlan } from '../core/topology/plan.ts'
import { orAborted } from './abortable.ts'
import type { RuntimeConfig } from './config.ts'
import { classifyFailure } from './failures.ts'

export interface PrepareSerdesOptions {
  readonly plan: TopologyPlan
  readonly config: RuntimeConfig
  readonly clock: Clock
  readonly random: Random
  readonly onFailure: (error: unknown) => void
  readonly signal: AbortSignal
}

/**
 * Has the schemas of everything that the application writes registered or looked up before it takes a record: what the
 * registry refuses ends it at once, and no record waits later. A registry that is away is waited for without limit. False where
 * the signal ended it.
 */
export async function prepareSerdes(options: PrepareSerdesOptions): Promise<boolean> {
  const { plan, clock, random, config, onFailure, signal } = options
  const serdes = toPrepare(plan)
  const backoff = { delayMsMin: config.retryDelayMsMin, delayMsMax: config.retryDelayMsMax }
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      await orAborted(Promise.all(serdes.map((serde) => serde.prepare!())), signal)
      return true
    } catch (error) {
      if (signal.aborted) break
      if (classifyFailure(error) === 'fatal') throw error
      onFailure(error)
      await sleep(clock, backoffMs(failures, backoff, random), signal).catch(() => undefined)
    }
  }
  return false
}

/** Whether there is anything to prepare. */
export function writesSchemas(plan: TopologyPlan): boolean {
  return toPrepare(plan).length > 0
}

function toPrepare(plan: TopologyPlan): AnySerde[] {
  return [...new Set(writtenUnder(plan))].filter((serde) => serde.prepare !== undefined)
}

/** Topics that are only read get no schema from us. */
function* writtenUnder({ subtopologies, stores }: TopologyPlan): Generator<AnySerde> {
  for (const { nodes } of subtopologies) {
    for (const node of nodes) {
      if (node.kind !== 'sink') continue
      for (const { keySerde, valueSerde } of node.choice?.targets ?? [node]) yield* [keySerde, valueSerde]
    }
  }
  for (const store of stores.values()) {
    if (store.restoresFrom !== undefined) continue
    yield* [store.keySerde, store.valueSerde]
    if (store.kind === 'outerJoin') yield* [store.leftSerde, store.rightSerde]
  }
}
