import type { CreateProcessor } from '../processor.ts'
import type { TimestampExtractor } from '../time/timestamp-extractors.ts'
import type { AnySerde, PhysicalNode } from './physical.ts'
import type { StoreFormat } from './store-format.ts'
import type { StoreSpec } from './store-kinds.ts'

/** A sub-topology's work for one partition number. */
export interface TaskId {
  readonly subtopology: number
  readonly partition: number
}

/** As Kafka Streams writes it: `0_1`. */
export function taskIdText(id: TaskId): string {
  return `${id.subtopology}_${id.partition}`
}

/** A topic that the application creates for itself. */
export interface InternalTopicPlan {
  /** Full name, with the application id in front. */
  readonly name: string
  readonly kind: 'repartition' | 'changelog'
  /** Said by the program (`repartition({ partitions })`); undefined follows from the inputs, see `resolvePartitions`. */
  readonly partitions: number | undefined
  /** Topic settings under Kafka's dotted names, as Kafka Streams sets them. */
  readonly config: Readonly<Record<string, string>>
  /** Changelogs: the store whose writes go there. */
  readonly store: string | undefined
}

/** A topic of the user's as its contract describes it: what it is created with. */
export interface TopicSpec {
  readonly name: string
  readonly partitions?: number
  /** Under Kafka's dotted names. */
  readonly config?: Readonly<Record<string, string>>
}

/** A state store as the planner knows it; every task of its sub-topology has one. */
export type StorePlan = StoreSpec & {
  readonly subtopology: number
  /** Full name of the changelog topic; undefined for stores that keep none. */
  readonly changelogTopic: string | undefined
}

/** A topic that every instance reads whole, and the store that holds its rows. */
export interface GlobalStorePlan {
  readonly topic: string
  /** Name of the node that reads it. */
  readonly sourceName: string
  /** Name of the node that keeps the store. */
  readonly nodeName: string
  /** How the topic is read; the store's own serdes unless a processor fills it. */
  readonly keySerde: AnySerde
  readonly valueSerde: AnySerde
  /** What fills the store, where it is not simply given the rows. */
  readonly process: CreateProcessor | undefined
  readonly store: StorePlan
}

export interface SubtopologyPlan {
  readonly id: number
  /** That of a global table: it reads nothing as a task does, and makes none. */
  readonly isGlobal: boolean
  /** Everything it reads: the user's topics and repartition topics. */
  readonly sourceTopics: readonly string[]
  /** Those of `sourceTopics` that are the application's own: their records may be deleted once consumed and committed. */
  readonly repartitionTopics: readonly string[]
  /** Everything it writes, the user's topics and repartition topics, changelogs left out. */
  readonly sinkTopics: readonly string[]
  readonly stores: readonly StorePlan[]
  /** Topics that must have the same number of partitions, group by group. */
  readonly copartitionGroups: readonly (readonly string[])[]
  /** In topological order. */
  readonly nodes: readonly PhysicalNode[]
}

/** A topology made ready to run under an application id: what tasks, assignment and internal topics follow from. */
export interface TopologyPlan {
  readonly applicationId: string
  readonly subtopologies: readonly SubtopologyPlan[]
  readonly internalTopics: readonly InternalTopicPlan[]
  /** The user's topics that are read, global tables' included; they must exist before the application starts. */
  readonly sourceTopics: readonly string[]
  /** What contracts say of the user's topics, by name. */
  readonly contractedTopics: ReadonlyMap<string, TopicSpec>
  /** Stores of tasks, by name. */
  readonly stores: ReadonlyMap<string, StorePlan>
  /** Stores of instances, which all tasks may read. */
  readonly globalStores: readonly GlobalStorePlan[]
  /** The text that Java's `Topology#describe` prints for the same topology. */
  describe(): string
}

/** What `topology(name)` returns, as the runtime sees it. */
export interface RunnableTopology {
  /** The application id unless the runtime is told another. */
  readonly name: string
  /** @throws STREAMS_TOPOLOGY_INVALID */
  plan(options?: PlanOptions): TopologyPlan
}

/** What is known only where a topology is run. */
export interface PlanOptions {
  readonly applicationId?: string
  /** For topics whose program says nothing of times. */
  readonly timestamp?: TimestampExtractor
  /** As in `TopologyOptions`; the stricter of the two counts. */
  readonly explicitNames?: boolean
  /** For a topology that says nothing of it. */
  readonly storeFormat?: StoreFormat
}
