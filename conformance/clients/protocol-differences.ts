const delegationTokens = 'Later: delegation tokens (KIP-48) are not built yet'
const quotas = 'Later: quotas are not built yet'
const shareGroups = 'Later: share groups (KIP-932) are not built yet'
const streamsGroups = 'Later: streams groups (KIP-1071) are not built yet'
const oneVoter = 'Cluster only: there is no quorum whose voters could change'

/** APIs that Apache Kafka lists and this broker does not; the broker's reference page gives the same reasons. */
export const unservedApis: Readonly<Record<string, string>> = {
  CreateDelegationToken: delegationTokens,
  RenewDelegationToken: delegationTokens,
  ExpireDelegationToken: delegationTokens,
  DescribeDelegationToken: delegationTokens,
  DescribeClientQuotas: quotas,
  AlterClientQuotas: quotas,
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
  AddRaftVoter: oneVoter,
  RemoveRaftVoter: oneVoter,
}

export const allowedFeatures: Readonly<Record<string, string>> = {
  'eligible.leader.replicas.version finalized': 'one replica is all there is',
  'eligible.leader.replicas.version supported': 'one replica is all there is',
  'kraft.version supported': oneVoter,
  'share.version finalized': shareGroups,
  'share.version supported': shareGroups,
  'streams.version finalized': streamsGroups,
  'streams.version supported': streamsGroups,
}

const replicas = 'Kafka sets a default of all brokers for it where eligible leader replicas are in force'

export const allowedTopicConfigs: Readonly<Record<string, string>> = { 'min.insync.replicas': replicas }

const atStart = 'read once at the start'
const noneIsEmpty = 'empty where Kafka has none'
const pem = 'PEM and PKCS12 instead of JKS, read once at the start'
const ownSetting = 'a limit of ours'
const smallSegments = 'small, and alterable, because the segment being written is never compacted'

export const allowedBrokerConfigs: Readonly<Record<string, string>> = {
  'advertised.listeners': 'empty unless given',
  'allow.everyone.if.no.acl.found': 'a setting of the authorizer, which Kafka does not list',
  'connection.authentication.timeout.ms': ownSetting,
  'group.consumer.regex.refresh.interval.ms': 'internal in Kafka, which does not list it',
  'group.coordinator.rebalance.protocols': streamsGroups,
  'group.initial.rebalance.delay.ms': 'nobody should wait in development',
  'inter.broker.listener.name': 'there is one node',
  listeners: 'loopback unless told otherwise, read once at the start',
  'listener.security.protocol.map': atStart,
  'max.broker.partitions': ownSetting,
  'max.connections': 'a limit by default',
  'max.connections.per.ip.overrides': atStart,
  'offsets.topic.segment.bytes': smallSegments,
  'queued.max.bytes': ownSetting,
  'sasl.enabled.mechanisms': 'GSSAPI is not served',
  'sasl.mechanism.inter.broker.protocol': 'there is one node',
  'sasl.oauthbearer.expected.issuer': noneIsEmpty,
  'sasl.oauthbearer.jwks.endpoint.url': noneIsEmpty,
  'sasl.server.callback.handler.class': noneIsEmpty,
  'ssl.cipher.suites': atStart,
  'ssl.client.auth': atStart,
  'ssl.enabled.protocols': atStart,
  'ssl.key.password': atStart,
  'ssl.keystore.certificate.chain': atStart,
  'ssl.keystore.key': atStart,
  'ssl.keystore.location': pem,
  'ssl.keystore.password': atStart,
  'ssl.keystore.type': pem,
  'ssl.protocol': atStart,
  'ssl.truststore.certificates': atStart,
  'ssl.truststore.location': pem,
  'ssl.truststore.password': atStart,
  'ssl.truststore.type': pem,
  'super.users': 'a setting of the authorizer, which Kafka does not list',
  'transaction.state.log.segment.bytes': smallSegments,
}

/** Questions, and why the answers differ. */
export const allowedAnswers: Readonly<Record<string, string>> = {
  'describe min.insync.replicas after that': replicas,
  "alter 2 'order': min.cleanable.dirty.ratio 0 NaN": 'Kafka takes what is not a number for a ratio',
  "alter 2 'order': segment.bytes 0 1048575": 'small segments are allowed, for tests of retention and compaction',
  "alter 2 'order': segment.bytes 0 14": 'small segments are allowed, for tests of retention and compaction',
  "alter 2 'order': retention.ms 9 1": 'Kafka answers an operation that is none with UNKNOWN_SERVER_ERROR',
  "alter 4 '1': nope 0 2": 'Kafka keeps settings that it does not know; here a mistyped name is refused',
}
