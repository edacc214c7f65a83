export type { Admin } from './admin/admin.ts'
export type {
  AclBinding,
  AclFilter,
  AclOperation,
  AclResourceType,
  ScramAlteration,
  ScramMechanism,
  ScramUser,
} from './admin/security-types.ts'
export type {
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
} from './admin/types.ts'
export { type KafkaClient, kafkaClient } from './client/client.ts'
export type { Destination } from './client/cluster.ts'
export type { PartitionMetadata } from './client/metadata.ts'
export { type KafkaClientOptions, parseBrokers } from './client/options.ts'
export type { Consumer } from './consumer/consumer.ts'
export type {
  AssignorInput,
  AssignorMember,
  GroupAssignor,
  MemberAssignment,
  RebalanceProtocol,
} from './consumer/group/assignor.ts'
export { cooperativeStickyAssignor } from './consumer/group/cooperative-sticky-assignor.ts'
export { rangeAssignor } from './consumer/group/range-assignor.ts'
export { roundRobinAssignor } from './consumer/group/round-robin-assignor.ts'
export { decodedRecords } from './consumer/records.ts'
export { type ScanOptions, scanTopic } from './consumer/scan-topic.ts'
export type {
  CloseOptions,
  ConsumedRecord,
  ConsumerOptions,
  FetchedPartition,
  RebalanceListener,
} from './consumer/types.ts'
export {
  type ConnectionEvent,
  diagnostics,
  type RebalanceEvent,
  type RequestEvent,
  type RetryEvent,
  type TransactionEvent,
} from './diagnostics.ts'
export { brokerError, errorCodeOf, kafkaErrors } from './errors.ts'
export { type MemoryHandler, memoryTransport } from './memory-transport.ts'
export { type NetworkTransportOptions, networkTransport } from './network/network-transport.ts'
export type { SaslOptions } from './network/sasl.ts'
export type { Producer } from './producer/producer.ts'
export type {
  CompressionType,
  GroupMetadata,
  ProducerIdentity,
  ProducerOptions,
  ProducerRecord,
  RecordPosition,
  TopicPartition,
  TopicPartitionOffset,
} from './producer/types.ts'
export type { Connection, SendOptions, Target, Transport } from './transport.ts'
