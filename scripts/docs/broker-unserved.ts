const shareGroups = 'Later: share groups (KIP-932) are not built yet'
const streamsGroups = 'Later: streams groups (KIP-1071) are not built yet'
const quotas = 'Later: quotas are not built yet'
const tokens = 'Later: delegation tokens (KIP-48) are not built yet'
const telemetry =
  'Later: client metrics (KIP-714) are not collected yet. Apache Kafka lists it only with a plugin that takes them'
const quorum = 'Cluster only: there is no quorum whose voters could change'

/** Why an API that Kafka 4.3 has on a broker's listener is not served here, by name; nothing else may be missing. */
export const unservedApis: Readonly<Record<string, string>> = {
  AddRaftVoter: quorum,
  RemoveRaftVoter: quorum,
  AlterClientQuotas: quotas,
  DescribeClientQuotas: quotas,
  CreateDelegationToken: tokens,
  RenewDelegationToken: tokens,
  ExpireDelegationToken: tokens,
  DescribeDelegationToken: tokens,
  GetTelemetrySubscriptions: telemetry,
  PushTelemetry: telemetry,
  ShareGroupHeartbeat: shareGroups,
  ShareGroupDescribe: shareGroups,
  ShareFetch: shareGroups,
  ShareAcknowledge: shareGroups,
  InitializeShareGroupState: shareGroups,
  ReadShareGroupState: shareGroups,
  WriteShareGroupState: shareGroups,
  DeleteShareGroupState: shareGroups,
  ReadShareGroupStateSummary: shareGroups,
  DescribeShareGroupOffsets: shareGroups,
  AlterShareGroupOffsets: shareGroups,
  DeleteShareGroupOffsets: shareGroups,
  StreamsGroupHeartbeat: streamsGroups,
  StreamsGroupDescribe: streamsGroups,
}

/** What Kafka 4.3 has for controllers only, and what it has taken out. */
export const controllerApis: readonly (readonly [number, string])[] = [
  [52, 'Vote'],
  [53, 'BeginQuorumEpoch'],
  [54, 'EndQuorumEpoch'],
  [56, 'AlterPartition'],
  [58, 'Envelope'],
  [59, 'FetchSnapshot'],
  [62, 'BrokerRegistration'],
  [63, 'BrokerHeartbeat'],
  [67, 'AllocateProducerIds'],
  [70, 'ControllerRegistration'],
  [73, 'AssignReplicasToDirs'],
  [82, 'UpdateRaftVoter'],
]
