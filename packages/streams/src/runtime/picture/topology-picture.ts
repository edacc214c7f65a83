import type { JoinMiss } from '../../core/metrics/join-misses.ts'
import type { StreamsState } from '../instance-state.ts'

/** A count since the instance began, and how fast it grows. */
export interface Flow {
  readonly total: number
  /** Over the last seconds; of the first picture, since the thread began. */
  readonly perSecond: number
}

export interface PictureNode {
  readonly name: string
  readonly kind: 'source' | 'processor' | 'sink'
  readonly stores: readonly string[]
  /** That a source reads or a sink may write. */
  readonly topics: readonly string[]
  /** Records that it took; of processors only with `metricsLevel: 'debug'`. */
  readonly records?: Flow
  /** Records that it left out, by reason. */
  readonly dropped?: Readonly<Record<string, Flow>>
  /** Age of the last records that a source took or a sink wrote, at most, in milliseconds. */
  readonly latencyMs?: number
}

/** Between nodes of a sub-topology, between topics and nodes, and between nodes and their stores. */
export interface PictureEdge {
  readonly from: string
  readonly to: string
  readonly kind: 'forward' | 'read' | 'write' | 'state'
}

export interface PictureStore {
  readonly name: string
  /** Undefined for stores that keep no changelog. */
  readonly changelog?: string
  readonly cacheHits?: Flow
  readonly cacheMisses?: Flow
}

/** A task at work in this instance. */
export interface PictureTask {
  readonly id: string
  /** In the picture of a whole application. While a task moves, two may tell of it. */
  readonly instance?: string
  readonly partition: number
  readonly thread: number
  readonly state: string
  readonly records: Flow
  /** Committed, behind the end. */
  readonly lag: number
  readonly lags: readonly { readonly topic: string; readonly partition: number; readonly lag: number }[]
  readonly bufferedRecords: number
  readonly restoreRemaining: number
  /** Epoch milliseconds; undefined before the first record. */
  readonly streamTimeMs?: number
}

export interface PictureSubtopology {
  readonly id: number
  readonly isGlobal: boolean
  readonly nodes: readonly PictureNode[]
  readonly edges: readonly PictureEdge[]
  readonly stores: readonly PictureStore[]
  /** Those of this instance. */
  readonly tasks: readonly PictureTask[]
}

export interface PictureTopic {
  readonly name: string
  readonly kind: 'external' | 'repartition' | 'changelog'
  /** Undefined until the topic is known to exist. */
  readonly partitions?: number
  /** Sub-topologies. */
  readonly readBy: readonly number[]
  readonly writtenBy: readonly number[]
  /** What this instance has read from it and written to it. */
  readonly read?: Flow
  readonly written?: Flow
  /** Of the partitions that this instance reads. */
  readonly lag?: number
}

/**
 * An application as one instance sees it now: what the program is, and how its tasks are doing. A JSON document; `version` changes
 * when a field goes or changes its meaning, not when one is added.
 */
export interface TopologyPicture {
  readonly version: 1
  readonly application: string
  readonly instance: string
  /** Where its queries are answered, if they are. */
  readonly host?: string
  readonly state: StreamsState
  /** Epoch milliseconds. */
  readonly takenAtMs: number
  /** Seconds that rates were taken over. */
  readonly rateSeconds: number
  readonly subtopologies: readonly PictureSubtopology[]
  readonly topics: readonly PictureTopic[]
  /** The last records that found no row of the table that they are joined with. */
  readonly joinMisses: readonly JoinMiss[]
  /** Who else runs what, as far as instances tell an address: the picture of their tasks is theirs. */
  readonly hosts: readonly {
    readonly host: string
    readonly tasks: readonly string[]
    /** Tasks that it keeps copies of. */
    readonly standby: readonly string[]
  }[]
}

/** An instance as the picture of its whole application knows it. */
export interface PictureInstance {
  readonly host?: string
  /** Undefined of those that have not answered. */
  readonly instance?: string
  readonly state?: StreamsState
  /** Epoch milliseconds. */
  readonly takenAtMs?: number
  readonly isReachable: boolean
  /** Why there is no answer. */
  readonly reason?: string
}

/**
 * The pictures of all instances of an application that answer, as one: flows and lags are sums, tasks say whose they are. An
 * instance without an address is in nobody's picture but its own.
 */
export interface ApplicationPicture extends Omit<TopologyPicture, 'instance' | 'host' | 'state'> {
  /** The one that was asked first. */
  readonly instances: readonly PictureInstance[]
  /** Whether all have answered that are known. */
  readonly isComplete: boolean
}
