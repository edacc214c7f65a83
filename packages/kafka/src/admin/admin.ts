import type { Cluster } from '../client/cluster.ts'
import { createAcls, deleteAcls, describeAcls } from './acls.ts'
import { alterConfigs, describeConfigs } from './configs.ts'
import { committedOffsets, deleteGroups, describeGroups, listGroups } from './groups.ts'
import { deleteRecords, listOffsets } from './offsets.ts'
import { alterScramUsers, describeScramUsers } from './scram-users.ts'
import type { AclBinding, AclFilter, ScramAlteration, ScramUser } from './security-types.ts'
import { createPartitions, createTopics, deleteTopics, describeCluster, describeTopics, listTopics } from './topics.ts'
import type {
  ClusterDescription,
  ConfigAlteration,
  ConfigEntry,
  ConfigResource,
  GroupDescription,
  GroupListing,
  ListedOffset,
  NewTopic,
  OffsetSpec,
  TopicDescription,
  TopicPartition,
  TopicPartitionOffset,
} from './types.ts'

/**
 * Administration. Every call retries what is retriable within `operationTimeoutMs`, and fails with
 * `KAFKA_<Kafka's error name>` for the first object that failed.
 */
export interface Admin {
  /** Creates topics and waits until every partition has a leader. `ifNotExists` accepts a topic that is already there. */
  createTopics(topics: readonly NewTopic[], options?: { readonly ifNotExists?: boolean }): Promise<void>
  /** `ifExists` accepts a topic that is not there. */
  deleteTopics(names: readonly string[], options?: { readonly ifExists?: boolean }): Promise<void>
  /** Raises the number of partitions to `count`. */
  createPartitions(topics: readonly { readonly topic: string; readonly count: number }[]): Promise<void>
  /** Fails with KAFKA_UNKNOWN_TOPIC_OR_PARTITION when one is missing; `ifExists` leaves those out. */
  describeTopics(names: readonly string[], options?: { readonly ifExists?: boolean }): Promise<TopicDescription[]>
  /** Without Kafka's own (`__consumer_offsets` …) unless asked for. */
  listTopics(options?: { readonly internal?: boolean }): Promise<TopicDescription[]>
  describeConfigs(resource: ConfigResource, names?: readonly string[]): Promise<ConfigEntry[]>
  /** Changes only what is named (KIP-339). */
  alterConfigs(alterations: readonly ConfigAlteration[]): Promise<void>
  listOffsets(
    partitions: readonly (TopicPartition & { readonly at: OffsetSpec })[],
    options?: { readonly isolation?: 'read_committed' | 'read_uncommitted' },
  ): Promise<ListedOffset[]>
  /** Deletes what lies below each offset (-1: below the high watermark); returns the new log start offsets. */
  deleteRecords(offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<TopicPartitionOffset[]>
  listGroups(): Promise<GroupListing[]>
  describeGroups(groupIds: readonly string[]): Promise<GroupDescription[]>
  /** All offsets that a group has committed; waits for those that an open transaction may still change. */
  committedOffsets(groupId: string): Promise<TopicPartitionOffset[]>
  deleteGroups(groupIds: readonly string[]): Promise<void>
  describeCluster(): Promise<ClusterDescription>
  /**
   * The ACLs that a filter means (KIP-140); without one all. Fails with KAFKA_SECURITY_DISABLED where the broker has no
   * authorizer, with KAFKA_CLUSTER_AUTHORIZATION_FAILED without DESCRIBE on the cluster.
   */
  describeAcls(filter?: AclFilter): Promise<AclBinding[]>
  /**
   * Adds ACLs; one that is there already is no error. Fails as `describeAcls` does, without ALTER on the cluster.
   *
   * @example
   * const order = { resourceType: 'TOPIC', resourceName: 'order', patternType: 'LITERAL' } as const
   * await admin.createAcls([{ ...order, principal: 'User:billing', host: '*', operation: 'READ', permission: 'ALLOW' }])
   */
  createAcls(bindings: readonly AclBinding[]): Promise<void>
  /**
   * Deletes what any of the filters means, and returns it. An empty filter means all ACLs. Fails as `createAcls` does.
   *
   * @example
   * await admin.deleteAcls([{ principal: 'User:billing', resourceType: 'TOPIC' }])
   */
  deleteAcls(filters: readonly AclFilter[]): Promise<AclBinding[]>
  /**
   * Users with SCRAM credentials (KIP-554); without names all, else those named that have any. Fails with
   * KAFKA_CLUSTER_AUTHORIZATION_FAILED without DESCRIBE on the cluster.
   */
  describeScramUsers(users?: readonly string[]): Promise<ScramUser[]>
  /**
   * Sets passwords, or takes them away. They are salted and hashed here: brokers never see them. Fails with
   * KAFKA_RESOURCE_NOT_FOUND for a password to be taken away that is not there, with KAFKA_CLUSTER_AUTHORIZATION_FAILED
   * without ALTER on the cluster.
   *
   * @example
   * await admin.alterScramUsers([{ user: 'carol', mechanism: 'SCRAM-SHA-512', password: process.env.CAROL_PASSWORD! }])
   */
  alterScramUsers(alterations: readonly ScramAlteration[]): Promise<void>
}

export function createAdmin(cluster: Cluster): Admin {
  return {
    createTopics: (topics, options) => createTopics(cluster, topics, options?.ifNotExists ?? false),
    deleteTopics: (names, options) => deleteTopics(cluster, names, options?.ifExists ?? false),
    createPartitions: (topics) => createPartitions(cluster, topics),
    describeTopics: (names, options) => describeTopics(cluster, names, options?.ifExists ?? false),
    listTopics: (options) => listTopics(cluster, options?.internal ?? false),
    describeConfigs: (resource, names) => describeConfigs(cluster, resource, names),
    alterConfigs: (alterations) => alterConfigs(cluster, alterations),
    listOffsets: (partitions, options) => listOffsets(cluster, partitions, options?.isolation ?? 'read_uncommitted'),
    deleteRecords: (offsets) => deleteRecords(cluster, offsets),
    listGroups: () => listGroups(cluster),
    describeGroups: (groupIds) => describeGroups(cluster, groupIds),
    committedOffsets: (groupId) => committedOffsets(cluster, groupId),
    deleteGroups: (groupIds) => deleteGroups(cluster, groupIds),
    describeCluster: () => describeCluster(cluster),
    describeAcls: (filter) => describeAcls(cluster, filter ?? {}),
    createAcls: (bindings) => createAcls(cluster, bindings),
    deleteAcls: (filters) => deleteAcls(cluster, filters),
    describeScramUsers: (users) => describeScramUsers(cluster, users),
    alterScramUsers: (alterations) => alterScramUsers(cluster, alterations),
  }
}
