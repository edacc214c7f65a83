import { defineMessage, type MessageType } from '../message-type.ts'
import type { AddOffsetsToTxnRequest as AddOffsetsToTxnRequestFields } from './add-offsets-to-txn-request.ts'
import type { AddOffsetsToTxnResponse as AddOffsetsToTxnResponseFields } from './add-offsets-to-txn-response.ts'
import type { AddPartitionsToTxnRequest as AddPartitionsToTxnRequestFields } from './add-partitions-to-txn-request.ts'
import type { AddPartitionsToTxnResponse as AddPartitionsToTxnResponseFields } from './add-partitions-to-txn-response.ts'
import type { AddRaftVoterRequest as AddRaftVoterRequestFields } from './add-raft-voter-request.ts'
import type { AddRaftVoterResponse as AddRaftVoterResponseFields } from './add-raft-voter-response.ts'
import type { AlterClientQuotasRequest as AlterClientQuotasRequestFields } from './alter-client-quotas-request.ts'
import type { AlterClientQuotasResponse as AlterClientQuotasResponseFields } from './alter-client-quotas-response.ts'
import type { AlterConfigsRequest as AlterConfigsRequestFields } from './alter-configs-request.ts'
import type { AlterConfigsResponse as AlterConfigsResponseFields } from './alter-configs-response.ts'
import type { AlterPartitionReassignmentsRequest as AlterPartitionReassignmentsRequestFields } from './alter-partition-reassignments-request.ts'
import type { AlterPartitionReassignmentsResponse as AlterPartitionReassignmentsResponseFields } from './alter-partition-reassignments-response.ts'
import type { AlterReplicaLogDirsRequest as AlterReplicaLogDirsRequestFields } from './alter-replica-log-dirs-request.ts'
import type { AlterReplicaLogDirsResponse as AlterReplicaLogDirsResponseFields } from './alter-replica-log-dirs-response.ts'
import type { AlterShareGroupOffsetsRequest as AlterShareGroupOffsetsRequestFields } from './alter-share-group-offsets-request.ts'
import type { AlterShareGroupOffsetsResponse as AlterShareGroupOffsetsResponseFields } from './alter-share-group-offsets-response.ts'
import type { AlterUserScramCredentialsRequest as AlterUserScramCredentialsRequestFields } from './alter-user-scram-credentials-request.ts'
import type { AlterUserScramCredentialsResponse as AlterUserScramCredentialsResponseFields } from './alter-user-scram-credentials-response.ts'
import type { ApiVersionsRequest as ApiVersionsRequestFields } from './api-versions-request.ts'
import type { ApiVersionsResponse as ApiVersionsResponseFields } from './api-versions-response.ts'
import type { ConsumerGroupCurrentMemberAssignmentKey as ConsumerGroupCurrentMemberAssignmentKeyFields } from './consumer-group-current-member-assignment-key.ts'
import type { ConsumerGroupCurrentMemberAssignmentValue as ConsumerGroupCurrentMemberAssignmentValueFields } from './consumer-group-current-member-assignment-value.ts'
import type { ConsumerGroupDescribeRequest as ConsumerGroupDescribeRequestFields } from './consumer-group-describe-request.ts'
import type { ConsumerGroupDescribeResponse as ConsumerGroupDescribeResponseFields } from './consumer-group-describe-response.ts'
import type { ConsumerGroupHeartbeatRequest as ConsumerGroupHeartbeatRequestFields } from './consumer-group-heartbeat-request.ts'
import type { ConsumerGroupHeartbeatResponse as ConsumerGroupHeartbeatResponseFields } from './consumer-group-heartbeat-response.ts'
import type { ConsumerGroupMemberMetadataKey as ConsumerGroupMemberMetadataKeyFields } from './consumer-group-member-metadata-key.ts'
import type { ConsumerGroupMemberMetadataValue as ConsumerGroupMemberMetadataValueFields } from './consumer-group-member-metadata-value.ts'
import type { ConsumerGroupMetadataKey as ConsumerGroupMetadataKeyFields } from './consumer-group-metadata-key.ts'
import type { ConsumerGroupMetadataValue as ConsumerGroupMetadataValueFields } from './consumer-group-metadata-value.ts'
import type { ConsumerGroupPartitionMetadataKey as ConsumerGroupPartitionMetadataKeyFields } from './consumer-group-partition-metadata-key.ts'
import type { ConsumerGroupPartitionMetadataValue as ConsumerGroupPartitionMetadataValueFields } from './consumer-group-partition-metadata-value.ts'
import type { ConsumerGroupRegularExpressionKey as ConsumerGroupRegularExpressionKeyFields } from './consumer-group-regular-expression-key.ts'
import type { ConsumerGroupRegularExpressionValue as ConsumerGroupRegularExpressionValueFields } from './consumer-group-regular-expression-value.ts'
import type { ConsumerGroupTargetAssignmentMemberKey as ConsumerGroupTargetAssignmentMemberKeyFields } from './consumer-group-target-assignment-member-key.ts'
import type { ConsumerGroupTargetAssignmentMemberValue as ConsumerGroupTargetAssignmentMemberValueFields } from './consumer-group-target-assignment-member-value.ts'
import type { ConsumerGroupTargetAssignmentMetadataKey as ConsumerGroupTargetAssignmentMetadataKeyFields } from './consumer-group-target-assignment-metadata-key.ts'
import type { ConsumerGroupTargetAssignmentMetadataValue as ConsumerGroupTargetAssignmentMetadataValueFields } from './consumer-group-target-assignment-metadata-value.ts'
import type { ConsumerProtocolAssignment as ConsumerProtocolAssignmentFields } from './consumer-protocol-assignment.ts'
import type { ConsumerProtocolSubscription as ConsumerProtocolSubscriptionFields } from './consumer-protocol-subscription.ts'
import type { ControlRecordTypeSchema as ControlRecordTypeSchemaFields } from './control-record-type-schema.ts'
import type { CreateAclsRequest as CreateAclsRequestFields } from './create-acls-request.ts'
import type { CreateAclsResponse as CreateAclsResponseFields } from './create-acls-response.ts'
import type { CreateDelegationTokenRequest as CreateDelegationTokenRequestFields } from './create-delegation-token-request.ts'
import type { CreateDelegationTokenResponse as CreateDelegationTokenResponseFields } from './create-delegation-token-response.ts'
import type { CreatePartitionsRequest as CreatePartitionsRequestFields } from './create-partitions-request.ts'
import type { CreatePartitionsResponse as CreatePartitionsResponseFields } from './create-partitions-response.ts'
import type { CreateTopicsRequest as CreateTopicsRequestFields } from './create-topics-request.ts'
import type { CreateTopicsResponse as CreateTopicsResponseFields } from './create-topics-response.ts'
import type { DeleteAclsRequest as DeleteAclsRequestFields } from './delete-acls-request.ts'
import type { DeleteAclsResponse as DeleteAclsResponseFields } from './delete-acls-response.ts'
import type { DeleteGroupsRequest as DeleteGroupsRequestFields } from './delete-groups-request.ts'
import type { DeleteGroupsResponse as DeleteGroupsResponseFields } from './delete-groups-response.ts'
import type { DeleteRecordsRequest as DeleteRecordsRequestFields } from './delete-records-request.ts'
import type { DeleteRecordsResponse as DeleteRecordsResponseFields } from './delete-records-response.ts'
import type { DeleteShareGroupOffsetsRequest as DeleteShareGroupOffsetsRequestFields } from './delete-share-group-offsets-request.ts'
import type { DeleteShareGroupOffsetsResponse as DeleteShareGroupOffsetsResponseFields } from './delete-share-group-offsets-response.ts'
import type { DeleteShareGroupStateRequest as DeleteShareGroupStateRequestFields } from './delete-share-group-state-request.ts'
import type { DeleteShareGroupStateResponse as DeleteShareGroupStateResponseFields } from './delete-share-group-state-response.ts'
import type { DeleteTopicsRequest as DeleteTopicsRequestFields } from './delete-topics-request.ts'
import type { DeleteTopicsResponse as DeleteTopicsResponseFields } from './delete-topics-response.ts'
import type { DescribeAclsRequest as DescribeAclsRequestFields } from './describe-acls-request.ts'
import type { DescribeAclsResponse as DescribeAclsResponseFields } from './describe-acls-response.ts'
import type { DescribeClientQuotasRequest as DescribeClientQuotasRequestFields } from './describe-client-quotas-request.ts'
import type { DescribeClientQuotasResponse as DescribeClientQuotasResponseFields } from './describe-client-quotas-response.ts'
import type { DescribeClusterRequest as DescribeClusterRequestFields } from './describe-cluster-request.ts'
import type { DescribeClusterResponse as DescribeClusterResponseFields } from './describe-cluster-response.ts'
import type { DescribeConfigsRequest as DescribeConfigsRequestFields } from './describe-configs-request.ts'
import type { DescribeConfigsResponse as DescribeConfigsResponseFields } from './describe-configs-response.ts'
import type { DescribeDelegationTokenRequest as DescribeDelegationTokenRequestFields } from './describe-delegation-token-request.ts'
import type { DescribeDelegationTokenResponse as DescribeDelegationTokenResponseFields } from './describe-delegation-token-response.ts'
import type { DescribeGroupsRequest as DescribeGroupsRequestFields } from './describe-groups-request.ts'
import type { DescribeGroupsResponse as DescribeGroupsResponseFields } from './describe-groups-response.ts'
import type { DescribeLogDirsRequest as DescribeLogDirsRequestFields } from './describe-log-dirs-request.ts'
import type { DescribeLogDirsResponse as DescribeLogDirsResponseFields } from './describe-log-dirs-response.ts'
import type { DescribeProducersRequest as DescribeProducersRequestFields } from './describe-producers-request.ts'
import type { DescribeProducersResponse as DescribeProducersResponseFields } from './describe-producers-response.ts'
import type { DescribeQuorumRequest as DescribeQuorumRequestFields } from './describe-quorum-request.ts'
import type { DescribeQuorumResponse as DescribeQuorumResponseFields } from './describe-quorum-response.ts'
import type { DescribeShareGroupOffsetsRequest as DescribeShareGroupOffsetsRequestFields } from './describe-share-group-offsets-request.ts'
import type { DescribeShareGroupOffsetsResponse as DescribeShareGroupOffsetsResponseFields } from './describe-share-group-offsets-response.ts'
import type { DescribeTopicPartitionsRequest as DescribeTopicPartitionsRequestFields } from './describe-topic-partitions-request.ts'
import type { DescribeTopicPartitionsResponse as DescribeTopicPartitionsResponseFields } from './describe-topic-partitions-response.ts'
import type { DescribeTransactionsRequest as DescribeTransactionsRequestFields } from './describe-transactions-request.ts'
import type { DescribeTransactionsResponse as DescribeTransactionsResponseFields } from './describe-transactions-response.ts'
import type { DescribeUserScramCredentialsRequest as DescribeUserScramCredentialsRequestFields } from './describe-user-scram-credentials-request.ts'
import type { DescribeUserScramCredentialsResponse as DescribeUserScramCredentialsResponseFields } from './describe-user-scram-credentials-response.ts'
import type { ElectLeadersRequest as ElectLeadersRequestFields } from './elect-leaders-request.ts'
import type { ElectLeadersResponse as ElectLeadersResponseFields } from './elect-leaders-response.ts'
import type { EndTxnMarker as EndTxnMarkerFields } from './end-txn-marker.ts'
import type { EndTxnRequest as EndTxnRequestFields } from './end-txn-request.ts'
import type { EndTxnResponse as EndTxnResponseFields } from './end-txn-response.ts'
import type { ExpireDelegationTokenRequest as ExpireDelegationTokenRequestFields } from './expire-delegation-token-request.ts'
import type { ExpireDelegationTokenResponse as ExpireDelegationTokenResponseFields } from './expire-delegation-token-response.ts'
import type { FetchRequest as FetchRequestFields } from './fetch-request.ts'
import type { FetchResponse as FetchResponseFields } from './fetch-response.ts'
import type { FindCoordinatorRequest as FindCoordinatorRequestFields } from './find-coordinator-request.ts'
import type { FindCoordinatorResponse as FindCoordinatorResponseFields } from './find-coordinator-response.ts'
import type { GetTelemetrySubscriptionsRequest as GetTelemetrySubscriptionsRequestFields } from './get-telemetry-subscriptions-request.ts'
import type { GetTelemetrySubscriptionsResponse as GetTelemetrySubscriptionsResponseFields } from './get-telemetry-subscriptions-response.ts'
import type { GroupMetadataKey as GroupMetadataKeyFields } from './group-metadata-key.ts'
import type { GroupMetadataValue as GroupMetadataValueFields } from './group-metadata-value.ts'
import type { HeartbeatRequest as HeartbeatRequestFields } from './heartbeat-request.ts'
import type { HeartbeatResponse as HeartbeatResponseFields } from './heartbeat-response.ts'
import type { IncrementalAlterConfigsRequest as IncrementalAlterConfigsRequestFields } from './incremental-alter-configs-request.ts'
import type { IncrementalAlterConfigsResponse as IncrementalAlterConfigsResponseFields } from './incremental-alter-configs-response.ts'
import type { InitProducerIdRequest as InitProducerIdRequestFields } from './init-producer-id-request.ts'
import type { InitProducerIdResponse as InitProducerIdResponseFields } from './init-producer-id-response.ts'
import type { InitializeShareGroupStateRequest as InitializeShareGroupStateRequestFields } from './initialize-share-group-state-request.ts'
import type { InitializeShareGroupStateResponse as InitializeShareGroupStateResponseFields } from './initialize-share-group-state-response.ts'
import type { JoinGroupRequest as JoinGroupRequestFields } from './join-group-request.ts'
import type { JoinGroupResponse as JoinGroupResponseFields } from './join-group-response.ts'
import type { LeaveGroupRequest as LeaveGroupRequestFields } from './leave-group-request.ts'
import type { LeaveGroupResponse as LeaveGroupResponseFields } from './leave-group-response.ts'
import type { LegacyOffsetCommitKey as LegacyOffsetCommitKeyFields } from './legacy-offset-commit-key.ts'
import type { LegacyOffsetCommitValue as LegacyOffsetCommitValueFields } from './legacy-offset-commit-value.ts'
import type { ListConfigResourcesRequest as ListConfigResourcesRequestFields } from './list-config-resources-request.ts'
import type { ListConfigResourcesResponse as ListConfigResourcesResponseFields } from './list-config-resources-response.ts'
import type { ListGroupsRequest as ListGroupsRequestFields } from './list-groups-request.ts'
import type { ListGroupsResponse as ListGroupsResponseFields } from './list-groups-response.ts'
import type { ListOffsetsRequest as ListOffsetsRequestFields } from './list-offsets-request.ts'
import type { ListOffsetsResponse as ListOffsetsResponseFields } from './list-offsets-response.ts'
import type { ListPartitionReassignmentsRequest as ListPartitionReassignmentsRequestFields } from './list-partition-reassignments-request.ts'
import type { ListPartitionReassignmentsResponse as ListPartitionReassignmentsResponseFields } from './list-partition-reassignments-response.ts'
import type { ListTransactionsRequest as ListTransactionsRequestFields } from './list-transactions-request.ts'
import type { ListTransactionsResponse as ListTransactionsResponseFields } from './list-transactions-response.ts'
import type { MetadataRequest as MetadataRequestFields } from './metadata-request.ts'
import type { MetadataResponse as MetadataResponseFields } from './metadata-response.ts'
import type { OffsetCommitKey as OffsetCommitKeyFields } from './offset-commit-key.ts'
import type { OffsetCommitRequest as OffsetCommitRequestFields } from './offset-commit-request.ts'
import type { OffsetCommitResponse as OffsetCommitResponseFields } from './offset-commit-response.ts'
import type { OffsetCommitValue as OffsetCommitValueFields } from './offset-commit-value.ts'
import type { OffsetDeleteRequest as OffsetDeleteRequestFields } from './offset-delete-request.ts'
import type { OffsetDeleteResponse as OffsetDeleteResponseFields } from './offset-delete-response.ts'
import type { OffsetFetchRequest as OffsetFetchRequestFields } from './offset-fetch-request.ts'
import type { OffsetFetchResponse as OffsetFetchResponseFields } from './offset-fetch-response.ts'
import type { OffsetForLeaderEpochRequest as OffsetForLeaderEpochRequestFields } from './offset-for-leader-epoch-request.ts'
import type { OffsetForLeaderEpochResponse as OffsetForLeaderEpochResponseFields } from './offset-for-leader-epoch-response.ts'
import type { ProduceRequest as ProduceRequestFields } from './produce-request.ts'
import type { ProduceResponse as ProduceResponseFields } from './produce-response.ts'
import type { PushTelemetryRequest as PushTelemetryRequestFields } from './push-telemetry-request.ts'
import type { PushTelemetryResponse as PushTelemetryResponseFields } from './push-telemetry-response.ts'
import type { ReadShareGroupStateRequest as ReadShareGroupStateRequestFields } from './read-share-group-state-request.ts'
import type { ReadShareGroupStateResponse as ReadShareGroupStateResponseFields } from './read-share-group-state-response.ts'
import type { ReadShareGroupStateSummaryRequest as ReadShareGroupStateSummaryRequestFields } from './read-share-group-state-summary-request.ts'
import type { ReadShareGroupStateSummaryResponse as ReadShareGroupStateSummaryResponseFields } from './read-share-group-state-summary-response.ts'
import type { RemoveRaftVoterRequest as RemoveRaftVoterRequestFields } from './remove-raft-voter-request.ts'
import type { RemoveRaftVoterResponse as RemoveRaftVoterResponseFields } from './remove-raft-voter-response.ts'
import type { RenewDelegationTokenRequest as RenewDelegationTokenRequestFields } from './renew-delegation-token-request.ts'
import type { RenewDelegationTokenResponse as RenewDelegationTokenResponseFields } from './renew-delegation-token-response.ts'
import type { RequestHeader as RequestHeaderFields } from './request-header.ts'
import type { ResponseHeader as ResponseHeaderFields } from './response-header.ts'
import type { SaslAuthenticateRequest as SaslAuthenticateRequestFields } from './sasl-authenticate-request.ts'
import type { SaslAuthenticateResponse as SaslAuthenticateResponseFields } from './sasl-authenticate-response.ts'
import type { SaslHandshakeRequest as SaslHandshakeRequestFields } from './sasl-handshake-request.ts'
import type { SaslHandshakeResponse as SaslHandshakeResponseFields } from './sasl-handshake-response.ts'
import type { ShareAcknowledgeRequest as ShareAcknowledgeRequestFields } from './share-acknowledge-request.ts'
import type { ShareAcknowledgeResponse as ShareAcknowledgeResponseFields } from './share-acknowledge-response.ts'
import type { ShareFetchRequest as ShareFetchRequestFields } from './share-fetch-request.ts'
import type { ShareFetchResponse as ShareFetchResponseFields } from './share-fetch-response.ts'
import type { ShareGroupDescribeRequest as ShareGroupDescribeRequestFields } from './share-group-describe-request.ts'
import type { ShareGroupDescribeResponse as ShareGroupDescribeResponseFields } from './share-group-describe-response.ts'
import type { ShareGroupHeartbeatRequest as ShareGroupHeartbeatRequestFields } from './share-group-heartbeat-request.ts'
import type { ShareGroupHeartbeatResponse as ShareGroupHeartbeatResponseFields } from './share-group-heartbeat-response.ts'
import type { StreamsGroupDescribeRequest as StreamsGroupDescribeRequestFields } from './streams-group-describe-request.ts'
import type { StreamsGroupDescribeResponse as StreamsGroupDescribeResponseFields } from './streams-group-describe-response.ts'
import type { StreamsGroupHeartbeatRequest as StreamsGroupHeartbeatRequestFields } from './streams-group-heartbeat-request.ts'
import type { StreamsGroupHeartbeatResponse as StreamsGroupHeartbeatResponseFields } from './streams-group-heartbeat-response.ts'
import type { SyncGroupRequest as SyncGroupRequestFields } from './sync-group-request.ts'
import type { SyncGroupResponse as SyncGroupResponseFields } from './sync-group-response.ts'
import type { TransactionLogKey as TransactionLogKeyFields } from './transaction-log-key.ts'
import type { TransactionLogValue as TransactionLogValueFields } from './transaction-log-value.ts'
import type { TxnOffsetCommitRequest as TxnOffsetCommitRequestFields } from './txn-offset-commit-request.ts'
import type { TxnOffsetCommitResponse as TxnOffsetCommitResponseFields } from './txn-offset-commit-response.ts'
import type { UnregisterBrokerRequest as UnregisterBrokerRequestFields } from './unregister-broker-request.ts'
import type { UnregisterBrokerResponse as UnregisterBrokerResponseFields } from './unregister-broker-response.ts'
import type { UpdateFeaturesRequest as UpdateFeaturesRequestFields } from './update-features-request.ts'
import type { UpdateFeaturesResponse as UpdateFeaturesResponseFields } from './update-features-response.ts'
import type { WriteShareGroupStateRequest as WriteShareGroupStateRequestFields } from './write-share-group-state-request.ts'
import type { WriteShareGroupStateResponse as WriteShareGroupStateResponseFields } from './write-share-group-state-response.ts'
import type { WriteTxnMarkersRequest as WriteTxnMarkersRequestFields } from './write-txn-markers-request.ts'
import type { WriteTxnMarkersResponse as WriteTxnMarkersResponseFields } from './write-txn-markers-response.ts'

export type AddOffsetsToTxnRequest = AddOffsetsToTxnRequestFields
export const AddOffsetsToTxnRequest: MessageType<AddOffsetsToTxnRequest> = defineMessage('AddOffsetsToTxnRequest', 'request', 25, '0-4', '3+', `
transactionalId string 0+
producerId int64 0+
producerEpoch int16 0+
groupId string 0+`)

export type AddOffsetsToTxnResponse = AddOffsetsToTxnResponseFields
export const AddOffsetsToTxnResponse: MessageType<AddOffsetsToTxnResponse> = defineMessage('AddOffsetsToTxnResponse', 'response', 25, '0-4', '3+', `
throttleTimeMs int32 0+
errorCode int16 0+`)

export type AddPartitionsToTxnRequest = AddPartitionsToTxnRequestFields
export const AddPartitionsToTxnRequest: MessageType<AddPartitionsToTxnRequest> = defineMessage('AddPartitionsToTxnRequest', 'request', 24, '0-5', '3+', `
transactions []{} 4+
 transactionalId string 4+
 producerId int64 4+
 producerEpoch int16 4+
 verifyOnly bool 4+ =false
 topics []{} 4+
  name string 0+
  partitions []int32 0+
v3AndBelowTransactionalId string 0-3
v3AndBelowProducerId int64 0-3
v3AndBelowProducerEpoch int16 0-3
v3AndBelowTopics []{} 0-3
 name string 0+
 partitions []int32 0+`)

export type AddPartitionsToTxnResponse = AddPartitionsToTxnResponseFields
export const AddPartitionsToTxnResponse: MessageType<AddPartitionsToTxnResponse> = defineMessage('AddPartitionsToTxnResponse', 'response', 24, '0-5', '3+', `
throttleTimeMs int32 0+
errorCode int16 4+ !
resultsByTransaction []{} 4+
 transactionalId string 4+
 topicResults []{} 4+
  name string 0+
  resultsByPartition []{} 0+
   partitionIndex int32 0+
   partitionErrorCode int16 0+
resultsByTopicV3AndBelow []{} 0-3
 name string 0+
 resultsByPartition []{} 0+
  partitionIndex int32 0+
  partitionErrorCode int16 0+`)

export type AddRaftVoterRequest = AddRaftVoterRequestFields
export const AddRaftVoterRequest: MessageType<AddRaftVoterRequest> = defineMessage('AddRaftVoterRequest', 'request', 80, '0-1', '0+', `
clusterId string 0+ ?0+
timeoutMs int32 0+
voterId int32 0+
voterDirectoryId uuid 0+
listeners []{} 0+
 name string 0+
 host string 0+
 port uint16 0+
ackWhenCommitted bool 1+ =true`)

export type AddRaftVoterResponse = AddRaftVoterResponseFields
export const AddRaftVoterResponse: MessageType<AddRaftVoterResponse> = defineMessage('AddRaftVoterResponse', 'response', 80, '0-1', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+ !`)

export type AlterClientQuotasRequest = AlterClientQuotasRequestFields
export const AlterClientQuotasRequest: MessageType<AlterClientQuotasRequest> = defineMessage('AlterClientQuotasRequest', 'request', 49, '0-1', '1+', `
entries []{} 0+
 entity []{} 0+
  entityType string 0+
  entityName string 0+ ?0+
 ops []{} 0+
  key string 0+
  value float64 0+
  remove bool 0+
validateOnly bool 0+`)

export type AlterClientQuotasResponse = AlterClientQuotasResponseFields
export const AlterClientQuotasResponse: MessageType<AlterClientQuotasResponse> = defineMessage('AlterClientQuotasResponse', 'response', 49, '0-1', '1+', `
throttleTimeMs int32 0+
entries []{} 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+
 entity []{} 0+
  entityType string 0+
  entityName string 0+ ?0+`)

export type AlterConfigsRequest = AlterConfigsRequestFields
export const AlterConfigsRequest: MessageType<AlterConfigsRequest> = defineMessage('AlterConfigsRequest', 'request', 33, '0-2', '2+', `
resources []{} 0+
 resourceType int8 0+
 resourceName string 0+
 configs []{} 0+
  name string 0+
  value string 0+ ?0+
validateOnly bool 0+`)

export type AlterConfigsResponse = AlterConfigsResponseFields
export const AlterConfigsResponse: MessageType<AlterConfigsResponse> = defineMessage('AlterConfigsResponse', 'response', 33, '0-2', '2+', `
throttleTimeMs int32 0+
responses []{} 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+
 resourceType int8 0+
 resourceName string 0+`)

export type AlterPartitionReassignmentsRequest = AlterPartitionReassignmentsRequestFields
export const AlterPartitionReassignmentsRequest: MessageType<AlterPartitionReassignmentsRequest> = defineMessage('AlterPartitionReassignmentsRequest', 'request', 45, '0-1', '0+', `
timeoutMs int32 0+ =60000
allowReplicationFactorChange bool 1+ =true
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  replicas []int32 0+ ?0+ =null`)

export type AlterPartitionReassignmentsResponse = AlterPartitionReassignmentsResponseFields
export const AlterPartitionReassignmentsResponse: MessageType<AlterPartitionReassignmentsResponse> = defineMessage('AlterPartitionReassignmentsResponse', 'response', 45, '0-1', '0+', `
throttleTimeMs int32 0+
allowReplicationFactorChange bool 1+ =true !
errorCode int16 0+
errorMessage string 0+ ?0+
responses []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+`)

export type AlterReplicaLogDirsRequest = AlterReplicaLogDirsRequestFields
export const AlterReplicaLogDirsRequest: MessageType<AlterReplicaLogDirsRequest> = defineMessage('AlterReplicaLogDirsRequest', 'request', 34, '1-2', '2+', `
dirs []{} 0+
 path string 0+
 topics []{} 0+
  name string 0+
  partitions []int32 0+`)

export type AlterReplicaLogDirsResponse = AlterReplicaLogDirsResponseFields
export const AlterReplicaLogDirsResponse: MessageType<AlterReplicaLogDirsResponse> = defineMessage('AlterReplicaLogDirsResponse', 'response', 34, '1-2', '2+', `
throttleTimeMs int32 0+
results []{} 0+
 topicName string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+`)

export type AlterShareGroupOffsetsRequest = AlterShareGroupOffsetsRequestFields
export const AlterShareGroupOffsetsRequest: MessageType<AlterShareGroupOffsetsRequest> = defineMessage('AlterShareGroupOffsetsRequest', 'request', 91, '0', '0+', `
groupId string 0+
topics []{} 0+
 topicName string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  startOffset int64 0+`)

export type AlterShareGroupOffsetsResponse = AlterShareGroupOffsetsResponseFields
export const AlterShareGroupOffsetsResponse: MessageType<AlterShareGroupOffsetsResponse> = defineMessage('AlterShareGroupOffsetsResponse', 'response', 91, '0', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+ =null
responses []{} 0+
 topicName string 0+
 topicId uuid 0+
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+ =null`)

export type AlterUserScramCredentialsRequest = AlterUserScramCredentialsRequestFields
export const AlterUserScramCredentialsRequest: MessageType<AlterUserScramCredentialsRequest> = defineMessage('AlterUserScramCredentialsRequest', 'request', 51, '0', '0+', `
deletions []{} 0+
 name string 0+
 mechanism int8 0+
upsertions []{} 0+
 name string 0+
 mechanism int8 0+
 iterations int32 0+
 salt bytes 0+
 saltedPassword bytes 0+`)

export type AlterUserScramCredentialsResponse = AlterUserScramCredentialsResponseFields
export const AlterUserScramCredentialsResponse: MessageType<AlterUserScramCredentialsResponse> = defineMessage('AlterUserScramCredentialsResponse', 'response', 51, '0', '0+', `
throttleTimeMs int32 0+
results []{} 0+
 user string 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+`)

export type ApiVersionsRequest = ApiVersionsRequestFields
export const ApiVersionsRequest: MessageType<ApiVersionsRequest> = defineMessage('ApiVersionsRequest', 'request', 18, '0-4', '3+', `
clientSoftwareName string 3+ !
clientSoftwareVersion string 3+ !`)

export type ApiVersionsResponse = ApiVersionsResponseFields
export const ApiVersionsResponse: MessageType<ApiVersionsResponse> = defineMessage('ApiVersionsResponse', 'response', 18, '0-4', '3+', `
errorCode int16 0+
apiKeys []{} 0+
 apiKey int16 0+
 minVersion int16 0+
 maxVersion int16 0+
throttleTimeMs int32 1+ !
supportedFeatures []{} 3+ #0@3+ !
 name string 3+
 minVersion int16 3+
 maxVersion int16 3+
finalizedFeaturesEpoch int64 3+ #1@3+ =-1 !
finalizedFeatures []{} 3+ #2@3+ !
 name string 3+
 maxVersionLevel int16 3+
 minVersionLevel int16 3+
zkMigrationReady bool 3+ #3@3+ =false !`)

export type ConsumerGroupCurrentMemberAssignmentKey = ConsumerGroupCurrentMemberAssignmentKeyFields
export const ConsumerGroupCurrentMemberAssignmentKey: MessageType<ConsumerGroupCurrentMemberAssignmentKey> = defineMessage('ConsumerGroupCurrentMemberAssignmentKey', 'coordinator-key', 8, '0', 'none', `
groupId string 0
memberId string 0`)

export type ConsumerGroupCurrentMemberAssignmentValue = ConsumerGroupCurrentMemberAssignmentValueFields
export const ConsumerGroupCurrentMemberAssignmentValue: MessageType<ConsumerGroupCurrentMemberAssignmentValue> = defineMessage('ConsumerGroupCurrentMemberAssignmentValue', 'coordinator-value', 8, '0', '0+', `
memberEpoch int32 0+
previousMemberEpoch int32 0+
state int8 0+
assignedPartitions []{} 0+
 topicId uuid 0+
 partitions []int32 0+
 assignmentEpochs []int32 0+ ?0+ #0@0+
partitionsPendingRevocation []{} 0+
 topicId uuid 0+
 partitions []int32 0+
 assignmentEpochs []int32 0+ ?0+ #0@0+`)

export type ConsumerGroupDescribeRequest = ConsumerGroupDescribeRequestFields
export const ConsumerGroupDescribeRequest: MessageType<ConsumerGroupDescribeRequest> = defineMessage('ConsumerGroupDescribeRequest', 'request', 69, '0-1', '0+', `
groupIds []string 0+
includeAuthorizedOperations bool 0+`)

export type ConsumerGroupDescribeResponse = ConsumerGroupDescribeResponseFields
export const ConsumerGroupDescribeResponse: MessageType<ConsumerGroupDescribeResponse> = defineMessage('ConsumerGroupDescribeResponse', 'response', 69, '0-1', '0+', `
throttleTimeMs int32 0+
groups []{} 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+ =null
 groupId string 0+
 groupState string 0+
 groupEpoch int32 0+
 assignmentEpoch int32 0+
 assignorName string 0+
 members []{} 0+
  memberId string 0+
  instanceId string 0+ ?0+ =null
  rackId string 0+ ?0+ =null
  memberEpoch int32 0+
  clientId string 0+
  clientHost string 0+
  subscribedTopicNames []string 0+
  subscribedTopicRegex string 0+ ?0+ =null
  assignment {} 0+
   topicPartitions []{} 0+
    topicId uuid 0+
    topicName string 0+
    partitions []int32 0+
  targetAssignment {} 0+
   topicPartitions []{} 0+
    topicId uuid 0+
    topicName string 0+
    partitions []int32 0+
  memberType int8 1+ =-1 !
 authorizedOperations int32 0+ =-2147483648`)

export type ConsumerGroupHeartbeatRequest = ConsumerGroupHeartbeatRequestFields
export const ConsumerGroupHeartbeatRequest: MessageType<ConsumerGroupHeartbeatRequest> = defineMessage('ConsumerGroupHeartbeatRequest', 'request', 68, '0-1', '0+', `
groupId string 0+
memberId string 0+
memberEpoch int32 0+
instanceId string 0+ ?0+ =null
rackId string 0+ ?0+ =null
rebalanceTimeoutMs int32 0+ =-1
subscribedTopicNames []string 0+ ?0+ =null
subscribedTopicRegex string 1+ ?1+ =null
serverAssignor string 0+ ?0+ =null
topicPartitions []{} 0+ ?0+ =null
 topicId uuid 0+
 partitions []int32 0+`)

export type ConsumerGroupHeartbeatResponse = ConsumerGroupHeartbeatResponseFields
export const ConsumerGroupHeartbeatResponse: MessageType<ConsumerGroupHeartbeatResponse> = defineMessage('ConsumerGroupHeartbeatResponse', 'response', 68, '0-1', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+ =null
memberId string 0+ ?0+ =null
memberEpoch int32 0+
heartbeatIntervalMs int32 0+
assignment {} 0+ ?0+ =null
 topicPartitions []{} 0+
  topicId uuid 0+
  partitions []int32 0+`)

export type ConsumerGroupMemberMetadataKey = ConsumerGroupMemberMetadataKeyFields
export const ConsumerGroupMemberMetadataKey: MessageType<ConsumerGroupMemberMetadataKey> = defineMessage('ConsumerGroupMemberMetadataKey', 'coordinator-key', 5, '0', 'none', `
groupId string 0
memberId string 0`)

export type ConsumerGroupMemberMetadataValue = ConsumerGroupMemberMetadataValueFields
export const ConsumerGroupMemberMetadataValue: MessageType<ConsumerGroupMemberMetadataValue> = defineMessage('ConsumerGroupMemberMetadataValue', 'coordinator-value', 5, '0', '0+', `
instanceId string 0+ ?0+
rackId string 0+ ?0+
clientId string 0+
clientHost string 0+
subscribedTopicNames []string 0+
subscribedTopicRegex string 0+ ?0+
rebalanceTimeoutMs int32 0+ =-1
serverAssignor string 0+ ?0+
classicMemberMetadata {} 0+ ?0+ #0@0+
 sessionTimeoutMs int32 0+
 supportedProtocols []{} 0+
  name string 0+
  metadata bytes 0+`)

export type ConsumerGroupMetadataKey = ConsumerGroupMetadataKeyFields
export const ConsumerGroupMetadataKey: MessageType<ConsumerGroupMetadataKey> = defineMessage('ConsumerGroupMetadataKey', 'coordinator-key', 3, '0', 'none', `
groupId string 0`)

export type ConsumerGroupMetadataValue = ConsumerGroupMetadataValueFields
export const ConsumerGroupMetadataValue: MessageType<ConsumerGroupMetadataValue> = defineMessage('ConsumerGroupMetadataValue', 'coordinator-value', 3, '0', '0+', `
epoch int32 0+
metadataHash int64 0+ #0@0+ =0`)

export type ConsumerGroupPartitionMetadataKey = ConsumerGroupPartitionMetadataKeyFields
export const ConsumerGroupPartitionMetadataKey: MessageType<ConsumerGroupPartitionMetadataKey> = defineMessage('ConsumerGroupPartitionMetadataKey', 'coordinator-key', 4, '0', 'none', `
groupId string 0`)

export type ConsumerGroupPartitionMetadataValue = ConsumerGroupPartitionMetadataValueFields
export const ConsumerGroupPartitionMetadataValue: MessageType<ConsumerGroupPartitionMetadataValue> = defineMessage('ConsumerGroupPartitionMetadataValue', 'coordinator-value', 4, '0', '0+', `
topics []{} 0+
 topicId uuid 0+
 topicName string 0+
 numPartitions int32 0+
 partitionMetadata []{} 0+
  partition int32 0+
  racks []string 0+`)

export type ConsumerGroupRegularExpressionKey = ConsumerGroupRegularExpressionKeyFields
export const ConsumerGroupRegularExpressionKey: MessageType<ConsumerGroupRegularExpressionKey> = defineMessage('ConsumerGroupRegularExpressionKey', 'coordinator-key', 16, '0', 'none', `
groupId string 0
regularExpression string 0`)

export type ConsumerGroupRegularExpressionValue = ConsumerGroupRegularExpressionValueFields
export const ConsumerGroupRegularExpressionValue: MessageType<ConsumerGroupRegularExpressionValue> = defineMessage('ConsumerGroupRegularExpressionValue', 'coordinator-value', 16, '0', '0+', `
topics []string 0+
version int64 0+
timestamp int64 0+`)

export type ConsumerGroupTargetAssignmentMemberKey = ConsumerGroupTargetAssignmentMemberKeyFields
export const ConsumerGroupTargetAssignmentMemberKey: MessageType<ConsumerGroupTargetAssignmentMemberKey> = defineMessage('ConsumerGroupTargetAssignmentMemberKey', 'coordinator-key', 7, '0', 'none', `
groupId string 0
memberId string 0`)

export type ConsumerGroupTargetAssignmentMemberValue = ConsumerGroupTargetAssignmentMemberValueFields
export const ConsumerGroupTargetAssignmentMemberValue: MessageType<ConsumerGroupTargetAssignmentMemberValue> = defineMessage('ConsumerGroupTargetAssignmentMemberValue', 'coordinator-value', 7, '0', '0+', `
topicPartitions []{} 0+
 topicId uuid 0+
 partitions []int32 0+`)

export type ConsumerGroupTargetAssignmentMetadataKey = ConsumerGroupTargetAssignmentMetadataKeyFields
export const ConsumerGroupTargetAssignmentMetadataKey: MessageType<ConsumerGroupTargetAssignmentMetadataKey> = defineMessage('ConsumerGroupTargetAssignmentMetadataKey', 'coordinator-key', 6, '0', 'none', `
groupId string 0`)

export type ConsumerGroupTargetAssignmentMetadataValue = ConsumerGroupTargetAssignmentMetadataValueFields
export const ConsumerGroupTargetAssignmentMetadataValue: MessageType<ConsumerGroupTargetAssignmentMetadataValue> = defineMessage('ConsumerGroupTargetAssignmentMetadataValue', 'coordinator-value', 6, '0', '0+', `
assignmentEpoch int32 0+
assignmentTimestamp int64 0+ #0@0+ =0 !`)

export type ConsumerProtocolAssignment = ConsumerProtocolAssignmentFields
export const ConsumerProtocolAssignment: MessageType<ConsumerProtocolAssignment> = defineMessage('ConsumerProtocolAssignment', 'data', -1, '0-3', 'none', `
assignedPartitions []{} 0+
 topic string 0+
 partitions []int32 0+
userData bytes 0+ ?0+ =null`)

export type ConsumerProtocolSubscription = ConsumerProtocolSubscriptionFields
export const ConsumerProtocolSubscription: MessageType<ConsumerProtocolSubscription> = defineMessage('ConsumerProtocolSubscription', 'data', -1, '0-3', 'none', `
topics []string 0+
userData bytes 0+ ?0+ =null
ownedPartitions []{} 1+ !
 topic string 1+
 partitions []int32 1+
generationId int32 2+ =-1 !
rackId string 3+ ?3+ =null !`)

export type ControlRecordTypeSchema = ControlRecordTypeSchemaFields
export const ControlRecordTypeSchema: MessageType<ControlRecordTypeSchema> = defineMessage('ControlRecordTypeSchema', 'data', -1, '0', 'none', `
type int16 0+`)

export type CreateAclsRequest = CreateAclsRequestFields
export const CreateAclsRequest: MessageType<CreateAclsRequest> = defineMessage('CreateAclsRequest', 'request', 30, '1-3', '2+', `
creations []{} 0+
 resourceType int8 0+
 resourceName string 0+
 resourcePatternType int8 1+ =3
 principal string 0+
 host string 0+
 operation int8 0+
 permissionType int8 0+`)

export type CreateAclsResponse = CreateAclsResponseFields
export const CreateAclsResponse: MessageType<CreateAclsResponse> = defineMessage('CreateAclsResponse', 'response', 30, '1-3', '2+', `
throttleTimeMs int32 0+
results []{} 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+`)

export type CreateDelegationTokenRequest = CreateDelegationTokenRequestFields
export const CreateDelegationTokenRequest: MessageType<CreateDelegationTokenRequest> = defineMessage('CreateDelegationTokenRequest', 'request', 38, '1-3', '2+', `
ownerPrincipalType string 3+ ?3+
ownerPrincipalName string 3+ ?3+
renewers []{} 0+
 principalType string 0+
 principalName string 0+
maxLifetimeMs int64 0+`)

export type CreateDelegationTokenResponse = CreateDelegationTokenResponseFields
export const CreateDelegationTokenResponse: MessageType<CreateDelegationTokenResponse> = defineMessage('CreateDelegationTokenResponse', 'response', 38, '1-3', '2+', `
errorCode int16 0+
principalType string 0+
principalName string 0+
tokenRequesterPrincipalType string 3+
tokenRequesterPrincipalName string 3+
issueTimestampMs int64 0+
expiryTimestampMs int64 0+
maxTimestampMs int64 0+
tokenId string 0+
hmac bytes 0+
throttleTimeMs int32 0+`)

export type CreatePartitionsRequest = CreatePartitionsRequestFields
export const CreatePartitionsRequest: MessageType<CreatePartitionsRequest> = defineMessage('CreatePartitionsRequest', 'request', 37, '0-3', '2+', `
topics []{} 0+
 name string 0+
 count int32 0+
 assignments []{} 0+ ?0+
  brokerIds []int32 0+
timeoutMs int32 0+
validateOnly bool 0+`)

export type CreatePartitionsResponse = CreatePartitionsResponseFields
export const CreatePartitionsResponse: MessageType<CreatePartitionsResponse> = defineMessage('CreatePartitionsResponse', 'response', 37, '0-3', '2+', `
throttleTimeMs int32 0+
results []{} 0+
 name string 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+ =null`)

export type CreateTopicsRequest = CreateTopicsRequestFields
export const CreateTopicsRequest: MessageType<CreateTopicsRequest> = defineMessage('CreateTopicsRequest', 'request', 19, '2-7', '5+', `
topics []{} 0+
 name string 0+
 numPartitions int32 0+
 replicationFactor int16 0+
 assignments []{} 0+
  partitionIndex int32 0+
  brokerIds []int32 0+
 configs []{} 0+
  name string 0+
  value string 0+ ?0+
timeoutMs int32 0+ =60000
validateOnly bool 1+ =false`)

export type CreateTopicsResponse = CreateTopicsResponseFields
export const CreateTopicsResponse: MessageType<CreateTopicsResponse> = defineMessage('CreateTopicsResponse', 'response', 19, '2-7', '5+', `
throttleTimeMs int32 2+ !
topics []{} 0+
 name string 0+
 topicId uuid 7+ !
 errorCode int16 0+
 errorMessage string 1+ ?0+ !
 topicConfigErrorCode int16 5+ #0@5+ !
 numPartitions int32 5+ =-1 !
 replicationFactor int16 5+ =-1 !
 configs []{} 5+ ?5+ !
  name string 5+
  value string 5+ ?5+
  readOnly bool 5+
  configSource int8 5+ =-1 !
  isSensitive bool 5+`)

export type DeleteAclsRequest = DeleteAclsRequestFields
export const DeleteAclsRequest: MessageType<DeleteAclsRequest> = defineMessage('DeleteAclsRequest', 'request', 31, '1-3', '2+', `
filters []{} 0+
 resourceTypeFilter int8 0+
 resourceNameFilter string 0+ ?0+
 patternTypeFilter int8 1+ =3
 principalFilter string 0+ ?0+
 hostFilter string 0+ ?0+
 operation int8 0+
 permissionType int8 0+`)

export type DeleteAclsResponse = DeleteAclsResponseFields
export const DeleteAclsResponse: MessageType<DeleteAclsResponse> = defineMessage('DeleteAclsResponse', 'response', 31, '1-3', '2+', `
throttleTimeMs int32 0+
filterResults []{} 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+
 matchingAcls []{} 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+
  resourceType int8 0+
  resourceName string 0+
  patternType int8 1+ =3
  principal string 0+
  host string 0+
  operation int8 0+
  permissionType int8 0+`)

export type DeleteGroupsRequest = DeleteGroupsRequestFields
export const DeleteGroupsRequest: MessageType<DeleteGroupsRequest> = defineMessage('DeleteGroupsRequest', 'request', 42, '0-2', '2+', `
groupsNames []string 0+`)

export type DeleteGroupsResponse = DeleteGroupsResponseFields
export const DeleteGroupsResponse: MessageType<DeleteGroupsResponse> = defineMessage('DeleteGroupsResponse', 'response', 42, '0-2', '2+', `
throttleTimeMs int32 0+
results []{} 0+
 groupId string 0+
 errorCode int16 0+`)

export type DeleteRecordsRequest = DeleteRecordsRequestFields
export const DeleteRecordsRequest: MessageType<DeleteRecordsRequest> = defineMessage('DeleteRecordsRequest', 'request', 21, '0-2', '2+', `
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  offset int64 0+
timeoutMs int32 0+`)

export type DeleteRecordsResponse = DeleteRecordsResponseFields
export const DeleteRecordsResponse: MessageType<DeleteRecordsResponse> = defineMessage('DeleteRecordsResponse', 'response', 21, '0-2', '2+', `
throttleTimeMs int32 0+
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  lowWatermark int64 0+
  errorCode int16 0+`)

export type DeleteShareGroupOffsetsRequest = DeleteShareGroupOffsetsRequestFields
export const DeleteShareGroupOffsetsRequest: MessageType<DeleteShareGroupOffsetsRequest> = defineMessage('DeleteShareGroupOffsetsRequest', 'request', 92, '0', '0+', `
groupId string 0+
topics []{} 0+
 topicName string 0+`)

export type DeleteShareGroupOffsetsResponse = DeleteShareGroupOffsetsResponseFields
export const DeleteShareGroupOffsetsResponse: MessageType<DeleteShareGroupOffsetsResponse> = defineMessage('DeleteShareGroupOffsetsResponse', 'response', 92, '0', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+ =null
responses []{} 0+
 topicName string 0+
 topicId uuid 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+ =null`)

export type DeleteShareGroupStateRequest = DeleteShareGroupStateRequestFields
export const DeleteShareGroupStateRequest: MessageType<DeleteShareGroupStateRequest> = defineMessage('DeleteShareGroupStateRequest', 'request', 86, '0', '0+', `
groupId string 0+
topics []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partition int32 0+`)

export type DeleteShareGroupStateResponse = DeleteShareGroupStateResponseFields
export const DeleteShareGroupStateResponse: MessageType<DeleteShareGroupStateResponse> = defineMessage('DeleteShareGroupStateResponse', 'response', 86, '0', '0+', `
results []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partition int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+ =null`)

export type DeleteTopicsRequest = DeleteTopicsRequestFields
export const DeleteTopicsRequest: MessageType<DeleteTopicsRequest> = defineMessage('DeleteTopicsRequest', 'request', 20, '1-6', '4+', `
topics []{} 6+
 name string 6+ ?6+ =null
 topicId uuid 6+
topicNames []string 0-5 !
timeoutMs int32 0+`)

export type DeleteTopicsResponse = DeleteTopicsResponseFields
export const DeleteTopicsResponse: MessageType<DeleteTopicsResponse> = defineMessage('DeleteTopicsResponse', 'response', 20, '1-6', '4+', `
throttleTimeMs int32 1+ !
responses []{} 0+
 name string 0+ ?6+
 topicId uuid 6+ !
 errorCode int16 0+
 errorMessage string 5+ ?5+ =null !`)

export type DescribeAclsRequest = DescribeAclsRequestFields
export const DescribeAclsRequest: MessageType<DescribeAclsRequest> = defineMessage('DescribeAclsRequest', 'request', 29, '1-3', '2+', `
resourceTypeFilter int8 0+
resourceNameFilter string 0+ ?0+
patternTypeFilter int8 1+ =3
principalFilter string 0+ ?0+
hostFilter string 0+ ?0+
operation int8 0+
permissionType int8 0+`)

export type DescribeAclsResponse = DescribeAclsResponseFields
export const DescribeAclsResponse: MessageType<DescribeAclsResponse> = defineMessage('DescribeAclsResponse', 'response', 29, '1-3', '2+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+
resources []{} 0+
 resourceType int8 0+
 resourceName string 0+
 patternType int8 1+ =3
 acls []{} 0+
  principal string 0+
  host string 0+
  operation int8 0+
  permissionType int8 0+`)

export type DescribeClientQuotasRequest = DescribeClientQuotasRequestFields
export const DescribeClientQuotasRequest: MessageType<DescribeClientQuotasRequest> = defineMessage('DescribeClientQuotasRequest', 'request', 48, '0-1', '1+', `
components []{} 0+
 entityType string 0+
 matchType int8 0+
 match string 0+ ?0+
strict bool 0+`)

export type DescribeClientQuotasResponse = DescribeClientQuotasResponseFields
export const DescribeClientQuotasResponse: MessageType<DescribeClientQuotasResponse> = defineMessage('DescribeClientQuotasResponse', 'response', 48, '0-1', '1+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+
entries []{} 0+ ?0+
 entity []{} 0+
  entityType string 0+
  entityName string 0+ ?0+
 values []{} 0+
  key string 0+
  value float64 0+`)

export type DescribeClusterRequest = DescribeClusterRequestFields
export const DescribeClusterRequest: MessageType<DescribeClusterRequest> = defineMessage('DescribeClusterRequest', 'request', 60, '0-2', '0+', `
includeClusterAuthorizedOperations bool 0+
endpointType int8 1+ =1
includeFencedBrokers bool 2+`)

export type DescribeClusterResponse = DescribeClusterResponseFields
export const DescribeClusterResponse: MessageType<DescribeClusterResponse> = defineMessage('DescribeClusterResponse', 'response', 60, '0-2', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+ =null
endpointType int8 1+ =1
clusterId string 0+
controllerId int32 0+ =-1
brokers []{} 0+
 brokerId int32 0+
 host string 0+
 port int32 0+
 rack string 0+ ?0+ =null
 isFenced bool 2+
clusterAuthorizedOperations int32 0+ =-2147483648`)

export type DescribeConfigsRequest = DescribeConfigsRequestFields
export const DescribeConfigsRequest: MessageType<DescribeConfigsRequest> = defineMessage('DescribeConfigsRequest', 'request', 32, '1-4', '4+', `
resources []{} 0+
 resourceType int8 0+
 resourceName string 0+
 configurationKeys []string 0+ ?0+
includeSynonyms bool 1+ =false
includeDocumentation bool 3+ =false`)

export type DescribeConfigsResponse = DescribeConfigsResponseFields
export const DescribeConfigsResponse: MessageType<DescribeConfigsResponse> = defineMessage('DescribeConfigsResponse', 'response', 32, '1-4', '4+', `
throttleTimeMs int32 0+
results []{} 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+
 resourceType int8 0+
 resourceName string 0+
 configs []{} 0+
  name string 0+
  value string 0+ ?0+
  readOnly bool 0+
  configSource int8 1+ =-1 !
  isSensitive bool 0+
  synonyms []{} 1+ !
   name string 1+
   value string 1+ ?0+
   source int8 1+
  configType int8 3+ =0 !
  documentation string 3+ ?0+ !`)

export type DescribeDelegationTokenRequest = DescribeDelegationTokenRequestFields
export const DescribeDelegationTokenRequest: MessageType<DescribeDelegationTokenRequest> = defineMessage('DescribeDelegationTokenRequest', 'request', 41, '1-3', '2+', `
owners []{} 0+ ?0+
 principalType string 0+
 principalName string 0+`)

export type DescribeDelegationTokenResponse = DescribeDelegationTokenResponseFields
export const DescribeDelegationTokenResponse: MessageType<DescribeDelegationTokenResponse> = defineMessage('DescribeDelegationTokenResponse', 'response', 41, '1-3', '2+', `
errorCode int16 0+
tokens []{} 0+
 principalType string 0+
 principalName string 0+
 tokenRequesterPrincipalType string 3+
 tokenRequesterPrincipalName string 3+
 issueTimestamp int64 0+
 expiryTimestamp int64 0+
 maxTimestamp int64 0+
 tokenId string 0+
 hmac bytes 0+
 renewers []{} 0+
  principalType string 0+
  principalName string 0+
throttleTimeMs int32 0+`)

export type DescribeGroupsRequest = DescribeGroupsRequestFields
export const DescribeGroupsRequest: MessageType<DescribeGroupsRequest> = defineMessage('DescribeGroupsRequest', 'request', 15, '0-6', '5+', `
groups []string 0+
includeAuthorizedOperations bool 3+`)

export type DescribeGroupsResponse = DescribeGroupsResponseFields
export const DescribeGroupsResponse: MessageType<DescribeGroupsResponse> = defineMessage('DescribeGroupsResponse', 'response', 15, '0-6', '5+', `
throttleTimeMs int32 1+ !
groups []{} 0+
 errorCode int16 0+
 errorMessage string 6+ ?6+ =null
 groupId string 0+
 groupState string 0+
 protocolType string 0+
 protocolData string 0+
 members []{} 0+
  memberId string 0+
  groupInstanceId string 4+ ?4+ =null !
  clientId string 0+
  clientHost string 0+
  memberMetadata bytes 0+
  memberAssignment bytes 0+
 authorizedOperations int32 3+ =-2147483648`)

export type DescribeLogDirsRequest = DescribeLogDirsRequestFields
export const DescribeLogDirsRequest: MessageType<DescribeLogDirsRequest> = defineMessage('DescribeLogDirsRequest', 'request', 35, '1-5', '2+', `
topics []{} 0+ ?0+
 topic string 0+
 partitions []int32 0+`)

export type DescribeLogDirsResponse = DescribeLogDirsResponseFields
export const DescribeLogDirsResponse: MessageType<DescribeLogDirsResponse> = defineMessage('DescribeLogDirsResponse', 'response', 35, '1-5', '2+', `
throttleTimeMs int32 0+
errorCode int16 3+ !
results []{} 0+
 errorCode int16 0+
 logDir string 0+
 topics []{} 0+
  name string 0+
  partitions []{} 0+
   partitionIndex int32 0+
   partitionSize int64 0+
   offsetLag int64 0+
   isFutureKey bool 0+
 totalBytes int64 4+ =-1 !
 usableBytes int64 4+ =-1 !
 isCordoned bool 5+ =false !`)

export type DescribeProducersRequest = DescribeProducersRequestFields
export const DescribeProducersRequest: MessageType<DescribeProducersRequest> = defineMessage('DescribeProducersRequest', 'request', 61, '0', '0+', `
topics []{} 0+
 name string 0+
 partitionIndexes []int32 0+`)

export type DescribeProducersResponse = DescribeProducersResponseFields
export const DescribeProducersResponse: MessageType<DescribeProducersResponse> = defineMessage('DescribeProducersResponse', 'response', 61, '0', '0+', `
throttleTimeMs int32 0+
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+ =null
  activeProducers []{} 0+
   producerId int64 0+
   producerEpoch int32 0+
   lastSequence int32 0+ =-1
   lastTimestamp int64 0+ =-1
   coordinatorEpoch int32 0+
   currentTxnStartOffset int64 0+ =-1`)

export type DescribeQuorumRequest = DescribeQuorumRequestFields
export const DescribeQuorumRequest: MessageType<DescribeQuorumRequest> = defineMessage('DescribeQuorumRequest', 'request', 55, '0-2', '0+', `
topics []{} 0+
 topicName string 0+
 partitions []{} 0+
  partitionIndex int32 0+`)

export type DescribeQuorumResponse = DescribeQuorumResponseFields
export const DescribeQuorumResponse: MessageType<DescribeQuorumResponse> = defineMessage('DescribeQuorumResponse', 'response', 55, '0-2', '0+', `
errorCode int16 0+
errorMessage string 2+ ?2+ !
topics []{} 0+
 topicName string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+
  errorMessage string 2+ ?2+ !
  leaderId int32 0+
  leaderEpoch int32 0+
  highWatermark int64 0+
  currentVoters []{} 0+
   replicaId int32 0+
   replicaDirectoryId uuid 2+
   logEndOffset int64 0+
   lastFetchTimestamp int64 1+ =-1 !
   lastCaughtUpTimestamp int64 1+ =-1 !
  observers []{} 0+
   replicaId int32 0+
   replicaDirectoryId uuid 2+
   logEndOffset int64 0+
   lastFetchTimestamp int64 1+ =-1 !
   lastCaughtUpTimestamp int64 1+ =-1 !
nodes []{} 2+
 nodeId int32 2+
 listeners []{} 2+
  name string 2+
  host string 2+
  port uint16 2+`)

export type DescribeShareGroupOffsetsRequest = DescribeShareGroupOffsetsRequestFields
export const DescribeShareGroupOffsetsRequest: MessageType<DescribeShareGroupOffsetsRequest> = defineMessage('DescribeShareGroupOffsetsRequest', 'request', 90, '0-1', '0+', `
groups []{} 0+
 groupId string 0+
 topics []{} 0+ ?0+
  topicName string 0+
  partitions []int32 0+`)

export type DescribeShareGroupOffsetsResponse = DescribeShareGroupOffsetsResponseFields
export const DescribeShareGroupOffsetsResponse: MessageType<DescribeShareGroupOffsetsResponse> = defineMessage('DescribeShareGroupOffsetsResponse', 'response', 90, '0-1', '0+', `
throttleTimeMs int32 0+
groups []{} 0+
 groupId string 0+
 topics []{} 0+
  topicName string 0+
  topicId uuid 0+
  partitions []{} 0+
   partitionIndex int32 0+
   startOffset int64 0+
   leaderEpoch int32 0+
   lag int64 1+ =-1 !
   errorCode int16 0+
   errorMessage string 0+ ?0+ =null
 errorCode int16 0+
 errorMessage string 0+ ?0+ =null`)

export type DescribeTopicPartitionsRequest = DescribeTopicPartitionsRequestFields
export const DescribeTopicPartitionsRequest: MessageType<DescribeTopicPartitionsRequest> = defineMessage('DescribeTopicPartitionsRequest', 'request', 75, '0', '0+', `
topics []{} 0+
 name string 0+
responsePartitionLimit int32 0+ =2000
cursor {} 0+ ?0+ =null
 topicName string 0+
 partitionIndex int32 0+`)

export type DescribeTopicPartitionsResponse = DescribeTopicPartitionsResponseFields
export const DescribeTopicPartitionsResponse: MessageType<DescribeTopicPartitionsResponse> = defineMessage('DescribeTopicPartitionsResponse', 'response', 75, '0', '0+', `
throttleTimeMs int32 0+ !
topics []{} 0+
 errorCode int16 0+
 name string 0+ ?0+
 topicId uuid 0+ !
 isInternal bool 0+ =false !
 partitions []{} 0+
  errorCode int16 0+
  partitionIndex int32 0+
  leaderId int32 0+
  leaderEpoch int32 0+ =-1 !
  replicaNodes []int32 0+
  isrNodes []int32 0+
  eligibleLeaderReplicas []int32 0+ ?0+ =null
  lastKnownElr []int32 0+ ?0+ =null
  offlineReplicas []int32 0+ !
 topicAuthorizedOperations int32 0+ =-2147483648
nextCursor {} 0+ ?0+ =null
 topicName string 0+
 partitionIndex int32 0+`)

export type DescribeTransactionsRequest = DescribeTransactionsRequestFields
export const DescribeTransactionsRequest: MessageType<DescribeTransactionsRequest> = defineMessage('DescribeTransactionsRequest', 'request', 65, '0', '0+', `
transactionalIds []string 0+`)

export type DescribeTransactionsResponse = DescribeTransactionsResponseFields
export const DescribeTransactionsResponse: MessageType<DescribeTransactionsResponse> = defineMessage('DescribeTransactionsResponse', 'response', 65, '0', '0+', `
throttleTimeMs int32 0+
transactionStates []{} 0+
 errorCode int16 0+
 transactionalId string 0+
 transactionState string 0+
 transactionTimeoutMs int32 0+
 transactionStartTimeMs int64 0+
 producerId int64 0+
 producerEpoch int16 0+
 topics []{} 0+
  topic string 0+
  partitions []int32 0+`)

export type DescribeUserScramCredentialsRequest = DescribeUserScramCredentialsRequestFields
export const DescribeUserScramCredentialsRequest: MessageType<DescribeUserScramCredentialsRequest> = defineMessage('DescribeUserScramCredentialsRequest', 'request', 50, '0', '0+', `
users []{} 0+ ?0+
 name string 0+`)

export type DescribeUserScramCredentialsResponse = DescribeUserScramCredentialsResponseFields
export const DescribeUserScramCredentialsResponse: MessageType<DescribeUserScramCredentialsResponse> = defineMessage('DescribeUserScramCredentialsResponse', 'response', 50, '0', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+
results []{} 0+
 user string 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+
 credentialInfos []{} 0+
  mechanism int8 0+
  iterations int32 0+`)

export type ElectLeadersRequest = ElectLeadersRequestFields
export const ElectLeadersRequest: MessageType<ElectLeadersRequest> = defineMessage('ElectLeadersRequest', 'request', 43, '0-2', '2+', `
electionType int8 1+
topicPartitions []{} 0+ ?0+
 topic string 0+
 partitions []int32 0+
timeoutMs int32 0+ =60000`)

export type ElectLeadersResponse = ElectLeadersResponseFields
export const ElectLeadersResponse: MessageType<ElectLeadersResponse> = defineMessage('ElectLeadersResponse', 'response', 43, '0-2', '2+', `
throttleTimeMs int32 0+
errorCode int16 1+
replicaElectionResults []{} 0+
 topic string 0+
 partitionResult []{} 0+
  partitionId int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+`)

export type EndTxnMarker = EndTxnMarkerFields
export const EndTxnMarker: MessageType<EndTxnMarker> = defineMessage('EndTxnMarker', 'data', -1, '0', 'none', `
coordinatorEpoch int32 0+`)

export type EndTxnRequest = EndTxnRequestFields
export const EndTxnRequest: MessageType<EndTxnRequest> = defineMessage('EndTxnRequest', 'request', 26, '0-5', '3+', `
transactionalId string 0+
producerId int64 0+
producerEpoch int16 0+
committed bool 0+`)

export type EndTxnResponse = EndTxnResponseFields
export const EndTxnResponse: MessageType<EndTxnResponse> = defineMessage('EndTxnResponse', 'response', 26, '0-5', '3+', `
throttleTimeMs int32 0+
errorCode int16 0+
producerId int64 5+ =-1 !
producerEpoch int16 5+ =-1 !`)

export type ExpireDelegationTokenRequest = ExpireDelegationTokenRequestFields
export const ExpireDelegationTokenRequest: MessageType<ExpireDelegationTokenRequest> = defineMessage('ExpireDelegationTokenRequest', 'request', 40, '1-2', '2+', `
hmac bytes 0+
expiryTimePeriodMs int64 0+`)

export type ExpireDelegationTokenResponse = ExpireDelegationTokenResponseFields
export const ExpireDelegationTokenResponse: MessageType<ExpireDelegationTokenResponse> = defineMessage('ExpireDelegationTokenResponse', 'response', 40, '1-2', '2+', `
errorCode int16 0+
expiryTimestampMs int64 0+
throttleTimeMs int32 0+`)

export type FetchRequest = FetchRequestFields
export const FetchRequest: MessageType<FetchRequest> = defineMessage('FetchRequest', 'request', 1, '4-18', '12+', `
clusterId string 12+ ?12+ #0@12+ =null !
replicaId int32 0-14 =-1
replicaState {} 15+ #1@15+
 replicaId int32 15+ =-1
 replicaEpoch int64 15+ =-1
maxWaitMs int32 0+
minBytes int32 0+
maxBytes int32 3+ =0x7fffffff !
isolationLevel int8 4+ =0 !
sessionId int32 7+ =0 !
sessionEpoch int32 7+ =-1 !
topics []{} 0+
 topic string 0-12 !
 topicId uuid 13+ !
 partitions []{} 0+
  partition int32 0+
  currentLeaderEpoch int32 9+ =-1 !
  fetchOffset int64 0+
  lastFetchedEpoch int32 12+ =-1
  logStartOffset int64 5+ =-1 !
  partitionMaxBytes int32 0+
  replicaDirectoryId uuid 17+ #0@17+ !
  highWatermark int64 18+ #1@18+ =9223372036854775807 !
forgottenTopicsData []{} 7+
 topic string 7-12 !
 topicId uuid 13+ !
 partitions []int32 7+
rackId string 11+ !`)

export type FetchResponse = FetchResponseFields
export const FetchResponse: MessageType<FetchResponse> = defineMessage('FetchResponse', 'response', 1, '4-18', '12+', `
throttleTimeMs int32 1+ !
errorCode int16 7+ !
sessionId int32 7+ =0
responses []{} 0+
 topic string 0-12 !
 topicId uuid 13+ !
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+
  highWatermark int64 0+
  lastStableOffset int64 4+ =-1 !
  logStartOffset int64 5+ =-1 !
  divergingEpoch {} 12+ #0@12+
   epoch int32 12+ =-1
   endOffset int64 12+ =-1
  currentLeader {} 12+ #1@12+
   leaderId int32 12+ =-1
   leaderEpoch int32 12+ =-1
  snapshotId {} 12+ #2@12+
   endOffset int64 0+ =-1
   epoch int32 0+ =-1
  abortedTransactions []{} 4+ ?4+ !
   producerId int64 4+
   firstOffset int64 4+
  preferredReadReplica int32 11+ =-1
  records records 0+ ?0+
nodeEndpoints []{} 16+ #0@16+
 nodeId int32 16+
 host string 16+
 port int32 16+
 rack string 16+ ?16+ =null`)

export type FindCoordinatorRequest = FindCoordinatorRequestFields
export const FindCoordinatorRequest: MessageType<FindCoordinatorRequest> = defineMessage('FindCoordinatorRequest', 'request', 10, '0-6', '3+', `
key string 0-3
keyType int8 1+ =0
coordinatorKeys []string 4+`)

export type FindCoordinatorResponse = FindCoordinatorResponseFields
export const FindCoordinatorResponse: MessageType<FindCoordinatorResponse> = defineMessage('FindCoordinatorResponse', 'response', 10, '0-6', '3+', `
throttleTimeMs int32 1+ !
errorCode int16 0-3
errorMessage string 1-3 ?1-3 !
nodeId int32 0-3
host string 0-3
port int32 0-3
coordinators []{} 4+
 key string 4+
 nodeId int32 4+
 host string 4+
 port int32 4+
 errorCode int16 4+
 errorMessage string 4+ ?4+ !`)

export type GetTelemetrySubscriptionsRequest = GetTelemetrySubscriptionsRequestFields
export const GetTelemetrySubscriptionsRequest: MessageType<GetTelemetrySubscriptionsRequest> = defineMessage('GetTelemetrySubscriptionsRequest', 'request', 71, '0', '0+', `
clientInstanceId uuid 0+`)

export type GetTelemetrySubscriptionsResponse = GetTelemetrySubscriptionsResponseFields
export const GetTelemetrySubscriptionsResponse: MessageType<GetTelemetrySubscriptionsResponse> = defineMessage('GetTelemetrySubscriptionsResponse', 'response', 71, '0', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
clientInstanceId uuid 0+
subscriptionId int32 0+
acceptedCompressionTypes []int8 0+
pushIntervalMs int32 0+
telemetryMaxBytes int32 0+
deltaTemporality bool 0+
requestedMetrics []string 0+`)

export type GroupMetadataKey = GroupMetadataKeyFields
export const GroupMetadataKey: MessageType<GroupMetadataKey> = defineMessage('GroupMetadataKey', 'coordinator-key', 2, '0', 'none', `
group string 0`)

export type GroupMetadataValue = GroupMetadataValueFields
export const GroupMetadataValue: MessageType<GroupMetadataValue> = defineMessage('GroupMetadataValue', 'coordinator-value', 2, '0-4', '4+', `
protocolType string 0+
generation int32 0+
protocol string 0+ ?0+
leader string 0+ ?0+
currentStateTimestamp int64 2+ =-1 !
members []{} 0+
 memberId string 0+
 groupInstanceId string 3+ ?3+ =null !
 clientId string 0+
 clientHost string 0+
 rebalanceTimeout int32 1+ =-1 !
 sessionTimeout int32 0+
 subscription bytes 0+
 assignment bytes 0+`)

export type HeartbeatRequest = HeartbeatRequestFields
export const HeartbeatRequest: MessageType<HeartbeatRequest> = defineMessage('HeartbeatRequest', 'request', 12, '0-4', '4+', `
groupId string 0+
generationId int32 0+
memberId string 0+
groupInstanceId string 3+ ?3+ =null`)

export type HeartbeatResponse = HeartbeatResponseFields
export const HeartbeatResponse: MessageType<HeartbeatResponse> = defineMessage('HeartbeatResponse', 'response', 12, '0-4', '4+', `
throttleTimeMs int32 1+ !
errorCode int16 0+`)

export type IncrementalAlterConfigsRequest = IncrementalAlterConfigsRequestFields
export const IncrementalAlterConfigsRequest: MessageType<IncrementalAlterConfigsRequest> = defineMessage('IncrementalAlterConfigsRequest', 'request', 44, '0-1', '1+', `
resources []{} 0+
 resourceType int8 0+
 resourceName string 0+
 configs []{} 0+
  name string 0+
  configOperation int8 0+
  value string 0+ ?0+
validateOnly bool 0+`)

export type IncrementalAlterConfigsResponse = IncrementalAlterConfigsResponseFields
export const IncrementalAlterConfigsResponse: MessageType<IncrementalAlterConfigsResponse> = defineMessage('IncrementalAlterConfigsResponse', 'response', 44, '0-1', '1+', `
throttleTimeMs int32 0+
responses []{} 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+
 resourceType int8 0+
 resourceName string 0+`)

export type InitProducerIdRequest = InitProducerIdRequestFields
export const InitProducerIdRequest: MessageType<InitProducerIdRequest> = defineMessage('InitProducerIdRequest', 'request', 22, '0-6', '2+', `
transactionalId string 0+ ?0+
transactionTimeoutMs int32 0+
producerId int64 3+ =-1
producerEpoch int16 3+ =-1
enable2Pc bool 6+ =false
keepPreparedTxn bool 6+ =false`)

export type InitProducerIdResponse = InitProducerIdResponseFields
export const InitProducerIdResponse: MessageType<InitProducerIdResponse> = defineMessage('InitProducerIdResponse', 'response', 22, '0-6', '2+', `
throttleTimeMs int32 0+ !
errorCode int16 0+
producerId int64 0+ =-1
producerEpoch int16 0+
ongoingTxnProducerId int64 6+ =-1
ongoingTxnProducerEpoch int16 6+ =-1`)

export type InitializeShareGroupStateRequest = InitializeShareGroupStateRequestFields
export const InitializeShareGroupStateRequest: MessageType<InitializeShareGroupStateRequest> = defineMessage('InitializeShareGroupStateRequest', 'request', 83, '0', '0+', `
groupId string 0+
topics []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partition int32 0+
  stateEpoch int32 0+
  startOffset int64 0+`)

export type InitializeShareGroupStateResponse = InitializeShareGroupStateResponseFields
export const InitializeShareGroupStateResponse: MessageType<InitializeShareGroupStateResponse> = defineMessage('InitializeShareGroupStateResponse', 'response', 83, '0', '0+', `
results []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partition int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+ =null`)

export type JoinGroupRequest = JoinGroupRequestFields
export const JoinGroupRequest: MessageType<JoinGroupRequest> = defineMessage('JoinGroupRequest', 'request', 11, '0-9', '6+', `
groupId string 0+
sessionTimeoutMs int32 0+
rebalanceTimeoutMs int32 1+ =-1 !
memberId string 0+
groupInstanceId string 5+ ?5+ =null
protocolType string 0+
protocols []{} 0+
 name string 0+
 metadata bytes 0+
reason string 8+ ?8+ =null !`)

export type JoinGroupResponse = JoinGroupResponseFields
export const JoinGroupResponse: MessageType<JoinGroupResponse> = defineMessage('JoinGroupResponse', 'response', 11, '0-9', '6+', `
throttleTimeMs int32 2+ !
errorCode int16 0+
generationId int32 0+ =-1
protocolType string 7+ ?7+ =null !
protocolName string 0+ ?7+
leader string 0+
skipAssignment bool 9+ =false
memberId string 0+
members []{} 0+
 memberId string 0+
 groupInstanceId string 5+ ?5+ =null !
 metadata bytes 0+`)

export type LeaveGroupRequest = LeaveGroupRequestFields
export const LeaveGroupRequest: MessageType<LeaveGroupRequest> = defineMessage('LeaveGroupRequest', 'request', 13, '0-5', '4+', `
groupId string 0+
memberId string 0-2
members []{} 3+
 memberId string 3+
 groupInstanceId string 3+ ?3+ =null
 reason string 5+ ?5+ =null !`)

export type LeaveGroupResponse = LeaveGroupResponseFields
export const LeaveGroupResponse: MessageType<LeaveGroupResponse> = defineMessage('LeaveGroupResponse', 'response', 13, '0-5', '4+', `
throttleTimeMs int32 1+ !
errorCode int16 0+
members []{} 3+
 memberId string 3+
 groupInstanceId string 3+ ?3+
 errorCode int16 3+`)

export type LegacyOffsetCommitKey = LegacyOffsetCommitKeyFields
export const LegacyOffsetCommitKey: MessageType<LegacyOffsetCommitKey> = defineMessage('LegacyOffsetCommitKey', 'coordinator-key', 0, '0', 'none', `
group string 0
topic string 0
partition int32 0`)

export type LegacyOffsetCommitValue = LegacyOffsetCommitValueFields
export const LegacyOffsetCommitValue: MessageType<LegacyOffsetCommitValue> = defineMessage('LegacyOffsetCommitValue', 'coordinator-value', 0, '0', 'none', `
offset int64 0
metadata string 0
commitTimestamp int64 0`)

export type ListConfigResourcesRequest = ListConfigResourcesRequestFields
export const ListConfigResourcesRequest: MessageType<ListConfigResourcesRequest> = defineMessage('ListConfigResourcesRequest', 'request', 74, '0-1', '0+', `
resourceTypes []int8 1+`)

export type ListConfigResourcesResponse = ListConfigResourcesResponseFields
export const ListConfigResourcesResponse: MessageType<ListConfigResourcesResponse> = defineMessage('ListConfigResourcesResponse', 'response', 74, '0-1', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
configResources []{} 0+
 resourceName string 0+
 resourceType int8 1+ =16 !`)

export type ListGroupsRequest = ListGroupsRequestFields
export const ListGroupsRequest: MessageType<ListGroupsRequest> = defineMessage('ListGroupsRequest', 'request', 16, '0-5', '3+', `
statesFilter []string 4+
typesFilter []string 5+`)

export type ListGroupsResponse = ListGroupsResponseFields
export const ListGroupsResponse: MessageType<ListGroupsResponse> = defineMessage('ListGroupsResponse', 'response', 16, '0-5', '3+', `
throttleTimeMs int32 1+ !
errorCode int16 0+
groups []{} 0+
 groupId string 0+
 protocolType string 0+
 groupState string 4+ !
 groupType string 5+ !`)

export type ListOffsetsRequest = ListOffsetsRequestFields
export const ListOffsetsRequest: MessageType<ListOffsetsRequest> = defineMessage('ListOffsetsRequest', 'request', 2, '1-11', '6+', `
replicaId int32 0+
isolationLevel int8 2+
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  currentLeaderEpoch int32 4+ =-1 !
  timestamp int64 0+
timeoutMs int32 10+ !`)

export type ListOffsetsResponse = ListOffsetsResponseFields
export const ListOffsetsResponse: MessageType<ListOffsetsResponse> = defineMessage('ListOffsetsResponse', 'response', 2, '1-11', '6+', `
throttleTimeMs int32 2+ !
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+
  timestamp int64 1+ =-1
  offset int64 1+ =-1
  leaderEpoch int32 4+ =-1`)

export type ListPartitionReassignmentsRequest = ListPartitionReassignmentsRequestFields
export const ListPartitionReassignmentsRequest: MessageType<ListPartitionReassignmentsRequest> = defineMessage('ListPartitionReassignmentsRequest', 'request', 46, '0', '0+', `
timeoutMs int32 0+ =60000
topics []{} 0+ ?0+ =null
 name string 0+
 partitionIndexes []int32 0+`)

export type ListPartitionReassignmentsResponse = ListPartitionReassignmentsResponseFields
export const ListPartitionReassignmentsResponse: MessageType<ListPartitionReassignmentsResponse> = defineMessage('ListPartitionReassignmentsResponse', 'response', 46, '0', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  replicas []int32 0+
  addingReplicas []int32 0+
  removingReplicas []int32 0+`)

export type ListTransactionsRequest = ListTransactionsRequestFields
export const ListTransactionsRequest: MessageType<ListTransactionsRequest> = defineMessage('ListTransactionsRequest', 'request', 66, '0-2', '0+', `
stateFilters []string 0+
producerIdFilters []int64 0+
durationFilter int64 1+ =-1
transactionalIdPattern string 2+ ?2+ =null`)

export type ListTransactionsResponse = ListTransactionsResponseFields
export const ListTransactionsResponse: MessageType<ListTransactionsResponse> = defineMessage('ListTransactionsResponse', 'response', 66, '0-2', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
unknownStateFilters []string 0+
transactionStates []{} 0+
 transactionalId string 0+
 producerId int64 0+
 transactionState string 0+`)

export type MetadataRequest = MetadataRequestFields
export const MetadataRequest: MessageType<MetadataRequest> = defineMessage('MetadataRequest', 'request', 3, '0-13', '9+', `
topics []{} 0+ ?1+
 topicId uuid 10+ !
 name string 0+ ?10+
allowAutoTopicCreation bool 4+ =true
includeClusterAuthorizedOperations bool 8-10
includeTopicAuthorizedOperations bool 8+`)

export type MetadataResponse = MetadataResponseFields
export const MetadataResponse: MessageType<MetadataResponse> = defineMessage('MetadataResponse', 'response', 3, '0-13', '9+', `
throttleTimeMs int32 3+ !
brokers []{} 0+
 nodeId int32 0+
 host string 0+
 port int32 0+
 rack string 1+ ?1+ =null !
clusterId string 2+ ?2+ =null !
controllerId int32 1+ =-1 !
topics []{} 0+
 errorCode int16 0+
 name string 0+ ?12+
 topicId uuid 10+ !
 isInternal bool 1+ =false !
 partitions []{} 0+
  errorCode int16 0+
  partitionIndex int32 0+
  leaderId int32 0+
  leaderEpoch int32 7+ =-1 !
  replicaNodes []int32 0+
  isrNodes []int32 0+
  offlineReplicas []int32 5+ !
 topicAuthorizedOperations int32 8+ =-2147483648
clusterAuthorizedOperations int32 8-10 =-2147483648
errorCode int16 13+ !`)

export type OffsetCommitKey = OffsetCommitKeyFields
export const OffsetCommitKey: MessageType<OffsetCommitKey> = defineMessage('OffsetCommitKey', 'coordinator-key', 1, '0', 'none', `
group string 0
topic string 0
partition int32 0`)

export type OffsetCommitRequest = OffsetCommitRequestFields
export const OffsetCommitRequest: MessageType<OffsetCommitRequest> = defineMessage('OffsetCommitRequest', 'request', 8, '2-10', '8+', `
groupId string 0+
generationIdOrMemberEpoch int32 1+ =-1 !
memberId string 1+ !
groupInstanceId string 7+ ?7+ =null
retentionTimeMs int64 2-4 =-1 !
topics []{} 0+
 name string 0-9 !
 topicId uuid 10+ !
 partitions []{} 0+
  partitionIndex int32 0+
  committedOffset int64 0+
  committedLeaderEpoch int32 6+ =-1 !
  committedMetadata string 0+ ?0+`)

export type OffsetCommitResponse = OffsetCommitResponseFields
export const OffsetCommitResponse: MessageType<OffsetCommitResponse> = defineMessage('OffsetCommitResponse', 'response', 8, '2-10', '8+', `
throttleTimeMs int32 3+ !
topics []{} 0+
 name string 0-9 !
 topicId uuid 10+ !
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+`)

export type OffsetCommitValue = OffsetCommitValueFields
export const OffsetCommitValue: MessageType<OffsetCommitValue> = defineMessage('OffsetCommitValue', 'coordinator-value', 1, '0-4', '4+', `
offset int64 0+
leaderEpoch int32 3+ =-1 !
metadata string 0+
commitTimestamp int64 0+
expireTimestamp int64 1 =-1 !
topicId uuid 4+ #0@4+ !`)

export type OffsetDeleteRequest = OffsetDeleteRequestFields
export const OffsetDeleteRequest: MessageType<OffsetDeleteRequest> = defineMessage('OffsetDeleteRequest', 'request', 47, '0', 'none', `
groupId string 0+
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+`)

export type OffsetDeleteResponse = OffsetDeleteResponseFields
export const OffsetDeleteResponse: MessageType<OffsetDeleteResponse> = defineMessage('OffsetDeleteResponse', 'response', 47, '0', 'none', `
errorCode int16 0+
throttleTimeMs int32 0+ !
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+`)

export type OffsetFetchRequest = OffsetFetchRequestFields
export const OffsetFetchRequest: MessageType<OffsetFetchRequest> = defineMessage('OffsetFetchRequest', 'request', 9, '1-10', '6+', `
groupId string 0-7
topics []{} 0-7 ?2-7
 name string 0-7
 partitionIndexes []int32 0-7
groups []{} 8+
 groupId string 8+
 memberId string 9+ ?9+ =null !
 memberEpoch int32 9+ =-1 !
 topics []{} 8+ ?8+
  name string 8-9 !
  topicId uuid 10+ !
  partitionIndexes []int32 8+
requireStable bool 7+ =false`)

export type OffsetFetchResponse = OffsetFetchResponseFields
export const OffsetFetchResponse: MessageType<OffsetFetchResponse> = defineMessage('OffsetFetchResponse', 'response', 9, '1-10', '6+', `
throttleTimeMs int32 3+ !
topics []{} 0-7
 name string 0-7
 partitions []{} 0-7
  partitionIndex int32 0-7
  committedOffset int64 0-7
  committedLeaderEpoch int32 5-7 =-1 !
  metadata string 0-7 ?0-7
  errorCode int16 0-7
errorCode int16 2-7 =0 !
groups []{} 8+
 groupId string 8+
 topics []{} 8+
  name string 8-9 !
  topicId uuid 10+ !
  partitions []{} 8+
   partitionIndex int32 8+
   committedOffset int64 8+
   committedLeaderEpoch int32 8+ =-1 !
   metadata string 8+ ?8+
   errorCode int16 8+
 errorCode int16 8+ =0`)

export type OffsetForLeaderEpochRequest = OffsetForLeaderEpochRequestFields
export const OffsetForLeaderEpochRequest: MessageType<OffsetForLeaderEpochRequest> = defineMessage('OffsetForLeaderEpochRequest', 'request', 23, '2-4', '4+', `
replicaId int32 3+ =-2 !
topics []{} 0+
 topic string 0+
 partitions []{} 0+
  partition int32 0+
  currentLeaderEpoch int32 2+ =-1 !
  leaderEpoch int32 0+`)

export type OffsetForLeaderEpochResponse = OffsetForLeaderEpochResponseFields
export const OffsetForLeaderEpochResponse: MessageType<OffsetForLeaderEpochResponse> = defineMessage('OffsetForLeaderEpochResponse', 'response', 23, '2-4', '4+', `
throttleTimeMs int32 2+ !
topics []{} 0+
 topic string 0+
 partitions []{} 0+
  errorCode int16 0+
  partition int32 0+
  leaderEpoch int32 1+ =-1 !
  endOffset int64 0+ =-1`)

export type ProduceRequest = ProduceRequestFields
export const ProduceRequest: MessageType<ProduceRequest> = defineMessage('ProduceRequest', 'request', 0, '3-13', '9+', `
transactionalId string 3+ ?3+ =null
acks int16 0+
timeoutMs int32 0+
topicData []{} 0+
 name string 0-12 !
 topicId uuid 13+ !
 partitionData []{} 0+
  index int32 0+
  records records 0+ ?0+`)

export type ProduceResponse = ProduceResponseFields
export const ProduceResponse: MessageType<ProduceResponse> = defineMessage('ProduceResponse', 'response', 0, '3-13', '9+', `
responses []{} 0+
 name string 0-12 !
 topicId uuid 13+ !
 partitionResponses []{} 0+
  index int32 0+
  errorCode int16 0+
  baseOffset int64 0+
  logAppendTimeMs int64 2+ =-1 !
  logStartOffset int64 5+ =-1 !
  recordErrors []{} 8+ !
   batchIndex int32 8+
   batchIndexErrorMessage string 8+ ?8+ =null
  errorMessage string 8+ ?8+ =null !
  currentLeader {} 10+ #0@10+
   leaderId int32 10+ =-1
   leaderEpoch int32 10+ =-1
throttleTimeMs int32 1+ =0 !
nodeEndpoints []{} 10+ #0@10+
 nodeId int32 10+
 host string 10+
 port int32 10+
 rack string 10+ ?10+ =null`)

export type PushTelemetryRequest = PushTelemetryRequestFields
export const PushTelemetryRequest: MessageType<PushTelemetryRequest> = defineMessage('PushTelemetryRequest', 'request', 72, '0', '0+', `
clientInstanceId uuid 0+
subscriptionId int32 0+
terminating bool 0+
compressionType int8 0+
metrics bytes 0+`)

export type PushTelemetryResponse = PushTelemetryResponseFields
export const PushTelemetryResponse: MessageType<PushTelemetryResponse> = defineMessage('PushTelemetryResponse', 'response', 72, '0', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+`)

export type ReadShareGroupStateRequest = ReadShareGroupStateRequestFields
export const ReadShareGroupStateRequest: MessageType<ReadShareGroupStateRequest> = defineMessage('ReadShareGroupStateRequest', 'request', 84, '0', '0+', `
groupId string 0+
topics []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partition int32 0+
  leaderEpoch int32 0+`)

export type ReadShareGroupStateResponse = ReadShareGroupStateResponseFields
export const ReadShareGroupStateResponse: MessageType<ReadShareGroupStateResponse> = defineMessage('ReadShareGroupStateResponse', 'response', 84, '0', '0+', `
results []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partition int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+ =null
  stateEpoch int32 0+
  startOffset int64 0+
  stateBatches []{} 0+
   firstOffset int64 0+
   lastOffset int64 0+
   deliveryState int8 0+
   deliveryCount int16 0+`)

export type ReadShareGroupStateSummaryRequest = ReadShareGroupStateSummaryRequestFields
export const ReadShareGroupStateSummaryRequest: MessageType<ReadShareGroupStateSummaryRequest> = defineMessage('ReadShareGroupStateSummaryRequest', 'request', 87, '0-1', '0+', `
groupId string 0+
topics []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partition int32 0+
  leaderEpoch int32 0+`)

export type ReadShareGroupStateSummaryResponse = ReadShareGroupStateSummaryResponseFields
export const ReadShareGroupStateSummaryResponse: MessageType<ReadShareGroupStateSummaryResponse> = defineMessage('ReadShareGroupStateSummaryResponse', 'response', 87, '0-1', '0+', `
results []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partition int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+ =null
  stateEpoch int32 0+
  leaderEpoch int32 0+
  startOffset int64 0+
  deliveryCompleteCount int32 1+ =-1 !`)

export type RemoveRaftVoterRequest = RemoveRaftVoterRequestFields
export const RemoveRaftVoterRequest: MessageType<RemoveRaftVoterRequest> = defineMessage('RemoveRaftVoterRequest', 'request', 81, '0', '0+', `
clusterId string 0+ ?0+
voterId int32 0+
voterDirectoryId uuid 0+`)

export type RemoveRaftVoterResponse = RemoveRaftVoterResponseFields
export const RemoveRaftVoterResponse: MessageType<RemoveRaftVoterResponse> = defineMessage('RemoveRaftVoterResponse', 'response', 81, '0', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+ !`)

export type RenewDelegationTokenRequest = RenewDelegationTokenRequestFields
export const RenewDelegationTokenRequest: MessageType<RenewDelegationTokenRequest> = defineMessage('RenewDelegationTokenRequest', 'request', 39, '1-2', '2+', `
hmac bytes 0+
renewPeriodMs int64 0+`)

export type RenewDelegationTokenResponse = RenewDelegationTokenResponseFields
export const RenewDelegationTokenResponse: MessageType<RenewDelegationTokenResponse> = defineMessage('RenewDelegationTokenResponse', 'response', 39, '1-2', '2+', `
errorCode int16 0+
expiryTimestampMs int64 0+
throttleTimeMs int32 0+`)

export type RequestHeader = RequestHeaderFields
export const RequestHeader: MessageType<RequestHeader> = defineMessage('RequestHeader', 'header', -1, '1-2', '2+', `
requestApiKey int16 0+
requestApiVersion int16 0+
correlationId int32 0+
clientId string 1+ ?1+ ~none`)

export type ResponseHeader = ResponseHeaderFields
export const ResponseHeader: MessageType<ResponseHeader> = defineMessage('ResponseHeader', 'header', -1, '0-1', '1+', `
correlationId int32 0+`)

export type SaslAuthenticateRequest = SaslAuthenticateRequestFields
export const SaslAuthenticateRequest: MessageType<SaslAuthenticateRequest> = defineMessage('SaslAuthenticateRequest', 'request', 36, '0-2', '2+', `
authBytes bytes 0+`)

export type SaslAuthenticateResponse = SaslAuthenticateResponseFields
export const SaslAuthenticateResponse: MessageType<SaslAuthenticateResponse> = defineMessage('SaslAuthenticateResponse', 'response', 36, '0-2', '2+', `
errorCode int16 0+
errorMessage string 0+ ?0+
authBytes bytes 0+
sessionLifetimeMs int64 1+ =0 !`)

export type SaslHandshakeRequest = SaslHandshakeRequestFields
export const SaslHandshakeRequest: MessageType<SaslHandshakeRequest> = defineMessage('SaslHandshakeRequest', 'request', 17, '0-1', 'none', `
mechanism string 0+`)

export type SaslHandshakeResponse = SaslHandshakeResponseFields
export const SaslHandshakeResponse: MessageType<SaslHandshakeResponse> = defineMessage('SaslHandshakeResponse', 'response', 17, '0-1', 'none', `
errorCode int16 0+
mechanisms []string 0+`)

export type ShareAcknowledgeRequest = ShareAcknowledgeRequestFields
export const ShareAcknowledgeRequest: MessageType<ShareAcknowledgeRequest> = defineMessage('ShareAcknowledgeRequest', 'request', 79, '1-2', '0+', `
groupId string 0+ ?0+ =null
memberId string 0+ ?0+
shareSessionEpoch int32 0+
isRenewAck bool 2+ =false
topics []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partitionIndex int32 0+
  acknowledgementBatches []{} 0+
   firstOffset int64 0+
   lastOffset int64 0+
   acknowledgeTypes []int8 0+`)

export type ShareAcknowledgeResponse = ShareAcknowledgeResponseFields
export const ShareAcknowledgeResponse: MessageType<ShareAcknowledgeResponse> = defineMessage('ShareAcknowledgeResponse', 'response', 79, '1-2', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+ =null
acquisitionLockTimeoutMs int32 2+ !
responses []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+ =null
  currentLeader {} 0+
   leaderId int32 0+
   leaderEpoch int32 0+
nodeEndpoints []{} 0+
 nodeId int32 0+
 host string 0+
 port int32 0+
 rack string 0+ ?0+ =null`)

export type ShareFetchRequest = ShareFetchRequestFields
export const ShareFetchRequest: MessageType<ShareFetchRequest> = defineMessage('ShareFetchRequest', 'request', 78, '1-2', '0+', `
groupId string 0+ ?0+ =null
memberId string 0+ ?0+
shareSessionEpoch int32 0+
maxWaitMs int32 0+
minBytes int32 0+
maxBytes int32 0+ =0x7fffffff
maxRecords int32 1+
batchSize int32 1+
shareAcquireMode int8 2+ =0 !
isRenewAck bool 2+ =false
topics []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partitionIndex int32 0+
  partitionMaxBytes int32 0
  acknowledgementBatches []{} 0+
   firstOffset int64 0+
   lastOffset int64 0+
   acknowledgeTypes []int8 0+
forgottenTopicsData []{} 0+
 topicId uuid 0+
 partitions []int32 0+`)

export type ShareFetchResponse = ShareFetchResponseFields
export const ShareFetchResponse: MessageType<ShareFetchResponse> = defineMessage('ShareFetchResponse', 'response', 78, '1-2', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+ =null
acquisitionLockTimeoutMs int32 1+
responses []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+ =null
  acknowledgeErrorCode int16 0+
  acknowledgeErrorMessage string 0+ ?0+ =null
  currentLeader {} 0+
   leaderId int32 0+
   leaderEpoch int32 0+
  records records 0+ ?0
  acquiredRecords []{} 0+
   firstOffset int64 0+
   lastOffset int64 0+
   deliveryCount int16 0+
nodeEndpoints []{} 0+
 nodeId int32 0+
 host string 0+
 port int32 0+
 rack string 0+ ?0+ =null`)

export type ShareGroupDescribeRequest = ShareGroupDescribeRequestFields
export const ShareGroupDescribeRequest: MessageType<ShareGroupDescribeRequest> = defineMessage('ShareGroupDescribeRequest', 'request', 77, '1', '0+', `
groupIds []string 0+
includeAuthorizedOperations bool 0+`)

export type ShareGroupDescribeResponse = ShareGroupDescribeResponseFields
export const ShareGroupDescribeResponse: MessageType<ShareGroupDescribeResponse> = defineMessage('ShareGroupDescribeResponse', 'response', 77, '1', '0+', `
throttleTimeMs int32 0+
groups []{} 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+ =null
 groupId string 0+
 groupState string 0+
 groupEpoch int32 0+
 assignmentEpoch int32 0+
 assignorName string 0+
 members []{} 0+
  memberId string 0+
  rackId string 0+ ?0+ =null
  memberEpoch int32 0+
  clientId string 0+
  clientHost string 0+
  subscribedTopicNames []string 0+
  assignment {} 0+
   topicPartitions []{} 0+
    topicId uuid 0+
    topicName string 0+
    partitions []int32 0+
 authorizedOperations int32 0+ =-2147483648`)

export type ShareGroupHeartbeatRequest = ShareGroupHeartbeatRequestFields
export const ShareGroupHeartbeatRequest: MessageType<ShareGroupHeartbeatRequest> = defineMessage('ShareGroupHeartbeatRequest', 'request', 76, '1', '0+', `
groupId string 0+
memberId string 0+
memberEpoch int32 0+
rackId string 0+ ?0+ =null
subscribedTopicNames []string 0+ ?0+ =null`)

export type ShareGroupHeartbeatResponse = ShareGroupHeartbeatResponseFields
export const ShareGroupHeartbeatResponse: MessageType<ShareGroupHeartbeatResponse> = defineMessage('ShareGroupHeartbeatResponse', 'response', 76, '1', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+ =null
memberId string 0+ ?0+ =null
memberEpoch int32 0+
heartbeatIntervalMs int32 0+
assignment {} 0+ ?0+ =null
 topicPartitions []{} 0+
  topicId uuid 0+
  partitions []int32 0+`)

export type StreamsGroupDescribeRequest = StreamsGroupDescribeRequestFields
export const StreamsGroupDescribeRequest: MessageType<StreamsGroupDescribeRequest> = defineMessage('StreamsGroupDescribeRequest', 'request', 89, '0', '0+', `
groupIds []string 0+
includeAuthorizedOperations bool 0+`)

export type StreamsGroupDescribeResponse = StreamsGroupDescribeResponseFields
export const StreamsGroupDescribeResponse: MessageType<StreamsGroupDescribeResponse> = defineMessage('StreamsGroupDescribeResponse', 'response', 89, '0', '0+', `
throttleTimeMs int32 0+
groups []{} 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+ =null
 groupId string 0+
 groupState string 0+
 groupEpoch int32 0+
 assignmentEpoch int32 0+
 topology {} 0+ ?0+ =null
  epoch int32 0+
  subtopologies []{} 0+ ?0+ =null
   subtopologyId string 0+
   sourceTopics []string 0+
   repartitionSinkTopics []string 0+
   stateChangelogTopics []{} 0+
    name string 0+
    partitions int32 0+
    replicationFactor int16 0+
    topicConfigs []{} 0+
     key string 0+
     value string 0+
   repartitionSourceTopics []{} 0+
    name string 0+
    partitions int32 0+
    replicationFactor int16 0+
    topicConfigs []{} 0+
     key string 0+
     value string 0+
 members []{} 0+
  memberId string 0+
  memberEpoch int32 0+
  instanceId string 0+ ?0+ =null
  rackId string 0+ ?0+ =null
  clientId string 0+
  clientHost string 0+
  topologyEpoch int32 0+
  processId string 0+
  userEndpoint {} 0+ ?0+ =null
   host string 0+
   port uint16 0+
  clientTags []{} 0+
   key string 0+
   value string 0+
  taskOffsets []{} 0+
   subtopologyId string 0+
   partition int32 0+
   offset int64 0+
  taskEndOffsets []{} 0+
   subtopologyId string 0+
   partition int32 0+
   offset int64 0+
  assignment {} 0+
   activeTasks []{} 0+
    subtopologyId string 0+
    partitions []int32 0+
   standbyTasks []{} 0+
    subtopologyId string 0+
    partitions []int32 0+
   warmupTasks []{} 0+
    subtopologyId string 0+
    partitions []int32 0+
  targetAssignment {} 0+
   activeTasks []{} 0+
    subtopologyId string 0+
    partitions []int32 0+
   standbyTasks []{} 0+
    subtopologyId string 0+
    partitions []int32 0+
   warmupTasks []{} 0+
    subtopologyId string 0+
    partitions []int32 0+
  isClassic bool 0+
 authorizedOperations int32 0+ =-2147483648`)

export type StreamsGroupHeartbeatRequest = StreamsGroupHeartbeatRequestFields
export const StreamsGroupHeartbeatRequest: MessageType<StreamsGroupHeartbeatRequest> = defineMessage('StreamsGroupHeartbeatRequest', 'request', 88, '0', '0+', `
groupId string 0+
memberId string 0+
memberEpoch int32 0+
endpointInformationEpoch int32 0+
instanceId string 0+ ?0+ =null
rackId string 0+ ?0+ =null
rebalanceTimeoutMs int32 0+ =-1
topology {} 0+ ?0+ =null
 epoch int32 0+
 subtopologies []{} 0+
  subtopologyId string 0+
  sourceTopics []string 0+
  sourceTopicRegex []string 0+
  stateChangelogTopics []{} 0+
   name string 0+
   partitions int32 0+
   replicationFactor int16 0+
   topicConfigs []{} 0+
    key string 0+
    value string 0+
  repartitionSinkTopics []string 0+
  repartitionSourceTopics []{} 0+
   name string 0+
   partitions int32 0+
   replicationFactor int16 0+
   topicConfigs []{} 0+
    key string 0+
    value string 0+
  copartitionGroups []{} 0+
   sourceTopics []int16 0+
   sourceTopicRegex []int16 0+
   repartitionSourceTopics []int16 0+
activeTasks []{} 0+ ?0+ =null
 subtopologyId string 0+
 partitions []int32 0+
standbyTasks []{} 0+ ?0+ =null
 subtopologyId string 0+
 partitions []int32 0+
warmupTasks []{} 0+ ?0+ =null
 subtopologyId string 0+
 partitions []int32 0+
processId string 0+ ?0+ =null
userEndpoint {} 0+ ?0+ =null
 host string 0+
 port uint16 0+
clientTags []{} 0+ ?0+ =null
 key string 0+
 value string 0+
taskOffsets []{} 0+ ?0+ =null
 subtopologyId string 0+
 partition int32 0+
 offset int64 0+
taskEndOffsets []{} 0+ ?0+ =null
 subtopologyId string 0+
 partition int32 0+
 offset int64 0+
shutdownApplication bool 0+ =false`)

export type StreamsGroupHeartbeatResponse = StreamsGroupHeartbeatResponseFields
export const StreamsGroupHeartbeatResponse: MessageType<StreamsGroupHeartbeatResponse> = defineMessage('StreamsGroupHeartbeatResponse', 'response', 88, '0', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+ =null
memberId string 0+
memberEpoch int32 0+
heartbeatIntervalMs int32 0+
acceptableRecoveryLag int32 0+
taskOffsetIntervalMs int32 0+
status []{} 0+ ?0+
 statusCode int8 0+
 statusDetail string 0+
activeTasks []{} 0+ ?0+ =null
 subtopologyId string 0+
 partitions []int32 0+
standbyTasks []{} 0+ ?0+ =null
 subtopologyId string 0+
 partitions []int32 0+
warmupTasks []{} 0+ ?0+ =null
 subtopologyId string 0+
 partitions []int32 0+
endpointInformationEpoch int32 0+
partitionsByUserEndpoint []{} 0+ ?0+ =null
 userEndpoint {} 0+
  host string 0+
  port uint16 0+
 activePartitions []{} 0+
  topic string 0+
  partitions []int32 0+
 standbyPartitions []{} 0+
  topic string 0+
  partitions []int32 0+`)

export type SyncGroupRequest = SyncGroupRequestFields
export const SyncGroupRequest: MessageType<SyncGroupRequest> = defineMessage('SyncGroupRequest', 'request', 14, '0-5', '4+', `
groupId string 0+
generationId int32 0+
memberId string 0+
groupInstanceId string 3+ ?3+ =null
protocolType string 5+ ?5+ =null !
protocolName string 5+ ?5+ =null !
assignments []{} 0+
 memberId string 0+
 assignment bytes 0+`)

export type SyncGroupResponse = SyncGroupResponseFields
export const SyncGroupResponse: MessageType<SyncGroupResponse> = defineMessage('SyncGroupResponse', 'response', 14, '0-5', '4+', `
throttleTimeMs int32 1+ !
errorCode int16 0+
protocolType string 5+ ?5+ =null !
protocolName string 5+ ?5+ =null !
assignment bytes 0+`)

export type TransactionLogKey = TransactionLogKeyFields
export const TransactionLogKey: MessageType<TransactionLogKey> = defineMessage('TransactionLogKey', 'coordinator-key', 0, '0', 'none', `
transactionalId string 0`)

export type TransactionLogValue = TransactionLogValueFields
export const TransactionLogValue: MessageType<TransactionLogValue> = defineMessage('TransactionLogValue', 'coordinator-value', 0, '0-1', '1+', `
producerId int64 0+
previousProducerId int64 1+ #0@1+ =-1
nextProducerId int64 1+ #1@1+ =-1
producerEpoch int16 0+
nextProducerEpoch int16 1+ #3@1+ =-1
transactionTimeoutMs int32 0+
transactionStatus int8 0+
transactionPartitions []{} 0+ ?0+
 topic string 0+
 partitionIds []int32 0+
transactionLastUpdateTimestampMs int64 0+
transactionStartTimestampMs int64 0+
clientTransactionVersion int16 1+ #2@1+ =0`)

export type TxnOffsetCommitRequest = TxnOffsetCommitRequestFields
export const TxnOffsetCommitRequest: MessageType<TxnOffsetCommitRequest> = defineMessage('TxnOffsetCommitRequest', 'request', 28, '0-5', '3+', `
transactionalId string 0+
groupId string 0+
producerId int64 0+
producerEpoch int16 0+
generationId int32 3+ =-1
memberId string 3+
groupInstanceId string 3+ ?3+ =null
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  committedOffset int64 0+
  committedLeaderEpoch int32 2+ =-1 !
  committedMetadata string 0+ ?0+`)

export type TxnOffsetCommitResponse = TxnOffsetCommitResponseFields
export const TxnOffsetCommitResponse: MessageType<TxnOffsetCommitResponse> = defineMessage('TxnOffsetCommitResponse', 'response', 28, '0-5', '3+', `
throttleTimeMs int32 0+
topics []{} 0+
 name string 0+
 partitions []{} 0+
  partitionIndex int32 0+
  errorCode int16 0+`)

export type UnregisterBrokerRequest = UnregisterBrokerRequestFields
export const UnregisterBrokerRequest: MessageType<UnregisterBrokerRequest> = defineMessage('UnregisterBrokerRequest', 'request', 64, '0', '0+', `
brokerId int32 0+`)

export type UnregisterBrokerResponse = UnregisterBrokerResponseFields
export const UnregisterBrokerResponse: MessageType<UnregisterBrokerResponse> = defineMessage('UnregisterBrokerResponse', 'response', 64, '0', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+`)

export type UpdateFeaturesRequest = UpdateFeaturesRequestFields
export const UpdateFeaturesRequest: MessageType<UpdateFeaturesRequest> = defineMessage('UpdateFeaturesRequest', 'request', 57, '0-2', '0+', `
timeoutMs int32 0+ =60000
featureUpdates []{} 0+
 feature string 0+
 maxVersionLevel int16 0+
 allowDowngrade bool 0
 upgradeType int8 1+ =1
validateOnly bool 1+ =false`)

export type UpdateFeaturesResponse = UpdateFeaturesResponseFields
export const UpdateFeaturesResponse: MessageType<UpdateFeaturesResponse> = defineMessage('UpdateFeaturesResponse', 'response', 57, '0-2', '0+', `
throttleTimeMs int32 0+
errorCode int16 0+
errorMessage string 0+ ?0+
results []{} 0-1 !
 feature string 0+
 errorCode int16 0+
 errorMessage string 0+ ?0+`)

export type WriteShareGroupStateRequest = WriteShareGroupStateRequestFields
export const WriteShareGroupStateRequest: MessageType<WriteShareGroupStateRequest> = defineMessage('WriteShareGroupStateRequest', 'request', 85, '0-1', '0+', `
groupId string 0+
topics []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partition int32 0+
  stateEpoch int32 0+
  leaderEpoch int32 0+
  startOffset int64 0+
  deliveryCompleteCount int32 1+ =-1 !
  stateBatches []{} 0+
   firstOffset int64 0+
   lastOffset int64 0+
   deliveryState int8 0+
   deliveryCount int16 0+`)

export type WriteShareGroupStateResponse = WriteShareGroupStateResponseFields
export const WriteShareGroupStateResponse: MessageType<WriteShareGroupStateResponse> = defineMessage('WriteShareGroupStateResponse', 'response', 85, '0-1', '0+', `
results []{} 0+
 topicId uuid 0+
 partitions []{} 0+
  partition int32 0+
  errorCode int16 0+
  errorMessage string 0+ ?0+ =null`)

export type WriteTxnMarkersRequest = WriteTxnMarkersRequestFields
export const WriteTxnMarkersRequest: MessageType<WriteTxnMarkersRequest> = defineMessage('WriteTxnMarkersRequest', 'request', 27, '1-2', '1+', `
markers []{} 0+
 producerId int64 0+
 producerEpoch int16 0+
 transactionResult bool 0+
 topics []{} 0+
  name string 0+
  partitionIndexes []int32 0+
 coordinatorEpoch int32 0+
 transactionVersion int8 2+ =0 !`)

export type WriteTxnMarkersResponse = WriteTxnMarkersResponseFields
export const WriteTxnMarkersResponse: MessageType<WriteTxnMarkersResponse> = defineMessage('WriteTxnMarkersResponse', 'response', 27, '1-2', '1+', `
markers []{} 0+
 producerId int64 0+
 topics []{} 0+
  name string 0+
  partitions []{} 0+
   partitionIndex int32 0+
   errorCode int16 0+`)
