import type { Clock } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import type { ReadOnlyStore } from '../../core/stores/views.ts'
import type { StorePlan, TopologyPlan } from '../../core/topology/plan.ts'
import type { PartitionQueryOptions, PartitionResult } from './partition-query.ts'
import type { FoundCopy } from './state-copy.ts'
import type { StateQuery } from './state-query.ts'
import type { CopyStanding } from './store-lags.ts'

/** Who has the state of a task, by the addresses that instances were told. */
export interface TaskHosts {
  /** Undefined while nobody is known to run it, or when whoever does answers no queries. */
  readonly active: string | undefined
  /** Standby copies, warm-ups included. */
  readonly standby: readonly string[]
}

/** What queries need to know of the runtime, asked anew for every one. */
export interface QuerySource {
  readonly plan: TopologyPlan
  readonly client: KafkaClient
  readonly clock: Clock
  partitionsOf(topic: string): number
  /** The copy of a store's partition in this process. */
  copyOf(store: StorePlan, partition: number): FoundCopy
  /** What another thread of this process has of a task, by its id text: `copyOf` does not find it, `askThread` does. */
  threadHas?(task: string): 'active' | 'standby' | undefined
  /** Asks another thread of this process; undefined where none has the partition. */
  askThread?(
    store: StorePlan,
    partition: number,
    query: StateQuery,
    options: PartitionQueryOptions,
  ): Promise<PartitionResult<unknown>> | undefined
  /** How far a standby copy may be behind that is asked without a bound. */
  readonly acceptableLagRecords: number
  /** Where the copies of this process stand in their changelogs. */
  standings(): Promise<readonly CopyStanding[]>
  /** A global table, which every instance holds whole; undefined until it is loaded. */
  globalStore(name: string): ReadOnlyStore | undefined
  /** By task id text, as the group's leader told. */
  hostsOf(task: string): TaskHosts
}
