import type { BrokerCore, SimulatedStorage } from '@millrace/broker/internal'
import {
  apis,
  encodeRequest,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
  type TxnOffsetCommitRequest,
} from '@millrace/protocol'
import type { Machine } from '../simulation/machine.ts'
import type { PlantedBug } from './bugs.ts'
import { answerRequests, batchesOf, every, rewriteFetched } from './rewriting.ts'

export const groupBugs: readonly PlantedBug[] = [
  {
    name: 'members are not given a batch',
    found: 'unseen',
    tamper: () =>
      rewriteFetched((one, isCommitted) => {
        const batches = batchesOf(one.records)
        return batches.length < 2 || !isCommitted ? one : { ...one, records: Buffer.concat(batches.slice(1)) }
      }),
  },
  {
    name: 'a commit of offsets is dropped and acknowledged',
    found: 'offsets-backwards',
    tamper: () => {
      const now = every(3)
      return answerRequests(apis.OffsetCommit, (body) => (now() ? accepted(body) : undefined))
    },
  },
  lastCommitLost(),
  {
    name: 'offsets of a transaction are dropped and acknowledged',
    found: 'processed-twice',
    tamper: () => answerRequests(apis.TxnOffsetCommit, (body) => accepted(body)),
  },
  {
    name: 'offsets of a transaction hold at once',
    found: 'aborted-offsets',
    tamper: () => answerRequests(apis.TxnOffsetCommit, commitAtOnce),
  },
  {
    name: 'offsets of a transaction hold although it was aborted',
    found: 'processed-never',
    tamper: () => answerRequests(apis.TxnOffsetCommit, commitAtOnce),
  },
]

function accepted(body: OffsetCommitRequest | TxnOffsetCommitRequest): { topics: OffsetCommitResponse['topics'] } {
  return {
    topics: body.topics.map((topic) => ({
      name: topic.name,
      topicId: 'topicId' in topic ? topic.topicId : 'AAAAAAAAAAAAAAAAAAAAAA',
      partitions: topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
    })),
  }
}

function commitAtOnce(body: TxnOffsetCommitRequest, { machine }: { machine: Machine }) {
  const { groupId, generationId, memberId, groupInstanceId } = body
  const session = machine.core!.open({ clientHost: '10.0.0.1' })
  const topics = body.topics.map(({ name, partitions }) => ({ name, partitions }))
  const commit = { groupId, generationIdOrMemberEpoch: generationId, memberId, groupInstanceId, topics }
  const request = { api: apis.OffsetCommit, version: 8, correlationId: 1, clientId: 'bug', body: commit }
  session.handle(encodeRequest(request), () => session.close())
  const { topics: answered } = accepted(body)
  return { topics: answered.map(({ name, partitions }) => ({ name, partitions })) }
}

/** The end of `__consumer_offsets` is gone after a crash, although it was safe. */
function lastCommitLost(): PlantedBug {
  let core: BrokerCore | undefined
  const crashed = (disk: SimulatedStorage): void => {
    const id = core?.topics.topic('__consumer_offsets')?.id
    const folder = `logs/${id}/0`
    const last = disk
      .list(folder)
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1)
    if (id === undefined || last === undefined) return
    const file = disk.open(`${folder}/${last}`)
    file.truncate(Math.max(0, file.size - 2_000))
  }
  const started = (one: BrokerCore): void => {
    core = one
  }
  return {
    name: 'a crash takes the last commits of a group',
    found: 'offsets-backwards',
    machine: { started, crashed },
  }
}
