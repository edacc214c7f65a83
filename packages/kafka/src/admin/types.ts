import type { PartitionMetadata } from '../client/metadata.ts'
import type { TopicPartition, TopicPartitionOffset } from '../producer/types.ts'

export interface NewTopic {
  readonly name: string
  /** Default: the broker's `num.partitions`. */
  readonly partitions?: number
  /** Default: the broker's `default.replication.factor`. */
  readonly replicationFactor?: number
  /** Topic settings by their dotted names. */
  readonly config?: Readonly<Record<string, string>>
}

export interface TopicDescription {
  readonly name: string
  readonly topicId: string
  readonly isInternal: boolean
  readonly partitions: readonly PartitionMetadata[]
}

export interface ConfigEntry {
  readonly name: string
  /** Null when the broker keeps it secret. */
  readonly value: string | null
  readonly isDefault: boolean
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
}

export type ConfigResource = { readonly topic: string } | { readonly broker: number } | { readonly group: string }

export interface ConfigAlteration {
  readonly resource: ConfigResource
  readonly set?: Readonly<Record<string, string>>
  /** Names to put back to their default. */
  readonly delete?: readonly string[]
}

/** Which offset to ask for: the ends, the record with the largest timestamp, or the first at or after a moment (epoch milliseconds). */
export type OffsetSpec = 'earliest' | 'latest' | 'maxTimestamp' | { readonly timestamp: number }

export interface ListedOffset extends TopicPartition {
  /** -1 when no record matches. */
  readonly offset: number
  /** -1 where the broker gives none. */
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface GroupListing {
  readonly groupId: string
  /** `consumer` for classic consumers, else the protocol of whoever uses it, such as `connect`. */
  readonly protocolType: string
  readonly state: string
  /** `classic`, `consumer`, … (KIP-848); empty from older brokers. */
  readonly groupType: string
}

export interface GroupDescription {
  readonly groupId: string
  readonly state: string
  readonly protocolType: string
  /** The assignor in use. */
  readonly protocol: string
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly clientId: string
    readonly clientHost: string
    readonly assignment: readonly TopicPartition[]
  }[]
}

export interface ClusterDescription {
  readonly clusterId: string
  readonly controllerId: number
  readonly brokers: readonly {
    readonly id: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
  }[]
}

export type { TopicPartition, TopicPartitionOffset }
