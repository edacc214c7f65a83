import type { MetricSample } from '@millrace/base'
import type { JoinMiss } from '../../core/metrics/join-misses.ts'
import type { TaskConfig } from '../../core/task.ts'
import type { HostMap } from '../assignment/user-data.ts'
import type { RuntimeConfig } from '../config.ts'
import type { BrokerSecurity } from '../edge/broker-security.ts'
import type { PartitionAnswer, PartitionFailure, PartitionQueryOptions } from '../queries/partition-query.ts'
import type { Position } from '../queries/position.ts'
import type { StateQuery } from '../queries/state-query.ts'
import type { CopyStanding } from '../queries/store-lags.ts'
import type { RestoreEvent } from '../restore-events.ts'
import type { PortableError } from './portable-error.ts'
import type { Leaving } from './thread-handle.ts'

/** A ready-made failure handler by its name. */
export type HandlerName = 'fail' | 'continue' | 'deadLetter'

/** Everything that a worker needs to build the application again and run one thread of it. */
export interface ThreadSeed {
  readonly index: number
  readonly endsApplication: boolean
  /** URL of the module whose default export makes the topology. */
  readonly module: string
  /** What that function is called with. */
  readonly args: unknown
  readonly applicationId: string
  readonly instanceId: string
  readonly brokers: string | readonly string[]
  readonly security: BrokerSecurity | undefined
  /** Settings under Kafka's names, which connections may need. */
  readonly settings: Readonly<Record<string, unknown>> | undefined
  /** `memory`, or the directory of the application, which the main thread has locked. */
  readonly directory: string
  readonly applicationServer: string | undefined
  readonly config: RuntimeConfig
  readonly taskConfig: Pick<TaskConfig, 'maxTaskIdleMs' | 'retryDelayMs' | 'strict'>
  readonly metricsLevel: 'info' | 'debug'
  /** Undefined: what the module exports as `handlers`. */
  readonly handlers: Readonly<Record<'deserialize' | 'process' | 'processGlobal' | 'produce', HandlerName>> | undefined
  readonly counts: ReadonlyMap<string, number>
  readonly isPaused: boolean
  readonly niceness: number
  /** See `ThreadStanding`. */
  readonly standing: SharedArrayBuffer
}

export type ToThread =
  | { readonly kind: 'stop'; readonly leaving: Leaving }
  | { readonly kind: 'pause'; readonly isPaused: boolean }
  | { readonly kind: 'endApplication' }
  | { readonly kind: 'tellStandings'; readonly call: number }
  | {
      readonly kind: 'ask'
      readonly call: number
      readonly store: string
      readonly partition: number
      readonly query: StateQuery
      readonly options: PartitionQueryOptions
    }

/** The tasks that a thread has: those that it runs, and copies. */
export interface ThreadTasks {
  readonly active: readonly string[]
  readonly standby: readonly string[]
}

/** A task whose stores others may read beside the thread. */
export interface ReadableTask {
  readonly task: string
  /** Another number whenever it is opened anew. */
  readonly incarnation: number
  readonly state: TaskState
}

/** What the stores of a task hold: told when they are written. */
export type TaskState = ActiveState | StandbyState

export interface ActiveState {
  readonly role: 'active'
  /** What is committed. */
  readonly position: Position
  /** See `StreamTask.latestTimes`. */
  readonly times: ReadonlyMap<string, number>
}

export interface StandbyState {
  readonly role: 'standby'
  /** With the next offset that is read of each; undefined until that is known. */
  readonly changelogs: readonly FollowedChangelog[]
  readonly times: ReadonlyMap<string, number>
  readonly lagRecords: number | undefined
}

interface FollowedChangelog {
  readonly store: string
  readonly topic: string
  readonly partition: number
  readonly isSource: boolean
  readonly reached: number | undefined
}

export type FromThread =
  | {
      readonly kind: 'changed'
      readonly isReady: boolean
      readonly hosts: HostMap
      readonly tasks: ThreadTasks
      readonly readable: readonly ReadableTask[]
      /** Of the thread's standing. */
      readonly version: number
    }
  /** By task: the stores are written by now. */
  | { readonly kind: 'written'; readonly states: ReadonlyMap<string, TaskState> }
  | { readonly kind: 'metrics'; readonly samples: readonly MetricSample[]; readonly misses: readonly JoinMiss[] }
  | { readonly kind: 'restore'; readonly event: RestoreEvent }
  | { readonly kind: 'survived'; readonly error: PortableError }
  | { readonly kind: 'shutdownRequested' }
  | { readonly kind: 'standings'; readonly call: number; readonly standings: readonly CopyStanding[] }
  | { readonly kind: 'answered'; readonly call: number; readonly answer: PartitionAnswer<unknown> }
  | {
      readonly kind: 'refused'
      readonly call: number
      readonly reason: PartitionFailure['reason']
      readonly error: PortableError
    }
  | { readonly kind: 'ended'; readonly failure: PortableError | undefined }
