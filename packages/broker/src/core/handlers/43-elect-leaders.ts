import {
  apis,
  type ElectLeadersRequest,
  type ElectLeadersResponse,
  ErrorCode,
  type MessageInput,
} from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { type Refusal, refusal } from '../refusal.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

type TopicResult = MessageInput<ElectLeadersResponse['replicaElectionResults'][number]>

const electionTypes: readonly number[] = [0, 1]

/** ElectLeaders (43), v0 to v2: the one replica of every partition leads already, whichever kind of election is asked for. */
export const electLeaders = handler({
  api: apis.ElectLeaders,
  versions: [0, 2],
  kips: [183, 460, 482],
  leftOut: 'Elections: with one replica there is nothing to elect.',
  handle(request, { core, may }) {
    if (!may(AclOperation.ALTER, ResourceType.CLUSTER, clusterResource)) {
      return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }
    }
    const known = electionTypes.includes(request.electionType)
    const bad = known ? undefined : refusal(ErrorCode.INVALID_REQUEST, `Unknown election type ${request.electionType}`)
    const results = request.topicPartitions === null ? allTopics(core) : named(core, request.topicPartitions, bad)
    return { errorCode: bad?.errorCode ?? ErrorCode.NONE, replicaElectionResults: results }
  },
})

/** Partitions that need no election are left out where nobody asked for them by name. */
function allTopics(core: BrokerCore): TopicResult[] {
  return Array.from(core.topics.all(), ({ name }) => ({ topic: name, partitionResult: [] }))
}

function named(
  core: BrokerCore,
  asked: NonNullable<ElectLeadersRequest['topicPartitions']>,
  bad: Refusal | undefined,
): TopicResult[] {
  return asked.map(({ topic: name, partitions }) => ({
    topic: name,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...(bad ?? outcome(core, name, partitionId)) })),
  }))
}

function outcome(core: BrokerCore, name: string, partition: number): Refusal {
  const topic = core.topics.topic(name)
  if (!topic) return refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic.')
  if (!topic.partitions[partition]) {
    return refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'The topic has no such partition.')
  }
  return refusal(ErrorCode.ELECTION_NOT_NEEDED, 'Leader election not needed for topic partition.')
}
