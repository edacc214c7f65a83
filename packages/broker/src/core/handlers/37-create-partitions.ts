import { apis, type CreatePartitionsRequest, ErrorCode } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { onlyOnce, repeated } from '../only-once.ts'
import { type Refusal, recorded, refusal } from '../refusal.ts'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { noRoomFor } from '../topics/check-topic.ts'

type Wanted = CreatePartitionsRequest['topics'][number]

/** CreatePartitions (37), v0 to v3. Records keep their partition: what is keyed moves only for new records. */
export const createPartitions = handler({
  api: apis.CreatePartitions,
  versions: [0, 3],
  kips: [195, 482, 599],
  leftOut: 'Throttling by quota (KIP-599): quotas come later; replicas beyond the one node.',
  handle(request, { core, may }) {
    const twice = repeated(request.topics.map(({ name }) => name))
    const results = onlyOnce(request.topics, ({ name }) => name).map((wanted) => {
      if (twice.has(wanted.name)) {
        return { name: wanted.name, errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' }
      }
      if (!may(AclOperation.ALTER, ResourceType.TOPIC, wanted.name)) {
        return { name: wanted.name, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }
      }
      const problem = problemOf(core, wanted) ?? (request.validateOnly ? undefined : grow(core, wanted))
      return { name: wanted.name, errorCode: ErrorCode.NONE, ...problem }
    })
    return { results }
  },
})

function problemOf(core: BrokerCore, { name, count, assignments }: Wanted): Refusal | undefined {
  const topic = core.topics.topic(name)
  if (!topic) return refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`)
  if (topic.internal) return refusal(ErrorCode.INVALID_REQUEST, `Topic '${name}' is the broker's own.`)
  const has = topic.partitions.length
  if (count === has) return refusal(ErrorCode.INVALID_PARTITIONS, `Topic already has ${has} partition(s).`)
  if (count < has) {
    const message = `The topic ${name} currently has ${has} partition(s); ${count} would not be an increase.`
    return refusal(ErrorCode.INVALID_PARTITIONS, message)
  }
  const noRoom = noRoomFor(core, count - has)
  if (noRoom) return noRoom
  if (!assignments) return undefined
  const here = assignments.every(({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === core.nodeId)
  if (here && assignments.length === count - has) return undefined
  const message = `An assignment needs ${count - has} partition(s), each on broker ${core.nodeId}.`
  return refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
}

function grow(core: BrokerCore, { name, count }: Wanted): Refusal | undefined {
  return recorded(() => core.topics.addPartitions(core.topics.topic(name)!, count))
}
