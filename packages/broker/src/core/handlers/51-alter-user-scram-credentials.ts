import {
  type AlterUserScramCredentialsRequest,
  type AlterUserScramCredentialsResponse,
  apis,
  ErrorCode,
  type MessageInput,
} from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { repeated } from '../only-once.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { credentialOf, scramIterations, scramMechanismOf } from '../security/sasl/scram-keys.ts'
import type { ScramChange } from '../security/scram-credentials.ts'

type Result = MessageInput<AlterUserScramCredentialsResponse['results'][number]>
type Upsertion = AlterUserScramCredentialsRequest['upsertions'][number]
type Deletion = AlterUserScramCredentialsRequest['deletions'][number]
type Refusal = readonly [errorCode: number, errorMessage: string]

/**
 * AlterUserScramCredentials (51), v0. Sets and removes users; the client has salted the password, of which the broker keeps
 * only what checks a proof. A user may be named once per request; what is right of a request is done together.
 */
export const alterUserScramCredentials = handler({
  api: apis.AlterUserScramCredentials,
  versions: [0, 0],
  kips: [554],
  handle(request, { core, may }) {
    const names = [...request.deletions, ...request.upsertions].map(({ name }) => name)
    const users = [...new Set(names)]
    if (!may(AclOperation.ALTER, ResourceType.CLUSTER, clusterResource)) {
      return { results: users.map((user) => refused(user, unauthorized)) }
    }
    const refusals = new Map<string, Refusal>()
    const changes: ScramChange[] = []
    for (const name of repeated(names)) refusals.set(name, twice)
    const take = (name: string, change: ScramChange | Refusal): void => {
      if (refusals.has(name)) return
      if ('user' in change) changes.push(change)
      else refusals.set(name, change)
    }
    for (const one of request.deletions) take(one.name, deletion(core, one))
    for (const one of request.upsertions) take(one.name, upsertion(one))
    const failure = record(core, changes)
    return { results: users.map((user) => outcome(user, refusals.get(user), failure)) }
  },
})

const unauthorized: Refusal = [ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.']
const twice: Refusal = [ErrorCode.DUPLICATE_RESOURCE, 'A user credential cannot be altered twice in the same request']

function upsertion({
  name: user,
  mechanism: type,
  iterations,
  salt,
  saltedPassword,
}: Upsertion): ScramChange | Refusal {
  if (user === '') return [ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Username must not be empty']
  const mechanism = scramMechanismOf(type)
  if (!mechanism) return [ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism']
  if (iterations < scramIterations.min) return [ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too few iterations']
  if (iterations > scramIterations.max) return [ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too many iterations']
  return { user, mechanism, credential: credentialOf(mechanism, saltedPassword, Buffer.from(salt), iterations) }
}

function deletion(core: BrokerCore, { name: user, mechanism: type }: Deletion): ScramChange | Refusal {
  if (user === '') return [ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Username must not be empty']
  const mechanism = scramMechanismOf(type)
  if (!mechanism) return [ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism']
  if (!core.scram.find(mechanism, user)) {
    return [ErrorCode.RESOURCE_NOT_FOUND, 'Attempt to delete a user credential that does not exist']
  }
  return { user, mechanism, credential: undefined }
}

function record(core: BrokerCore, changes: readonly ScramChange[]): Refusal | undefined {
  try {
    core.scram.alter(changes)
    return undefined
  } catch (error) {
    return [ErrorCode.KAFKA_STORAGE_ERROR, (error as Error).message]
  }
}

function outcome(user: string, refusal: Refusal | undefined, failure: Refusal | undefined): Result {
  const problem = refusal ?? failure
  return problem ? refused(user, problem) : { user, errorCode: ErrorCode.NONE, errorMessage: null }
}

function refused(user: string, [errorCode, errorMessage]: Refusal): Result {
  return { user, errorCode, errorMessage }
}
