import {
  type AlterUserScramCredentialsRequest,
  type AlterUserScramCredentialsResponse,
  apis,
  ErrorCode,
  type MessageInput,
} from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { repeated } from '../only-once.ts'
import { clusterDenied, type Refusal, recorded, refusal } from '../refusal.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { credentialOf, scramIterations, scramMechanismOf } from '../security/sasl/scram-keys.ts'
import type { ScramChange } from '../security/scram-credentials.ts'

type Result = MessageInput<AlterUserScramCredentialsResponse['results'][number]>
type Upsertion = AlterUserScramCredentialsRequest['upsertions'][number]
type Deletion = AlterUserScramCredentialsRequest['deletions'][number]

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
      return { results: users.map((user) => ({ user, ...clusterDenied })) }
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
    const failure = recorded(() => core.scram.alter(changes))
    return { results: users.map((user) => outcome(user, refusals.get(user), failure)) }
  },
})

const twice = refusal(ErrorCode.DUPLICATE_RESOURCE, 'A user credential cannot be altered twice in the same request')

function upsertion({
  name: user,
  mechanism: type,
  iterations,
  salt,
  saltedPassword,
}: Upsertion): ScramChange | Refusal {
  if (user === '') return refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Username must not be empty')
  const mechanism = scramMechanismOf(type)
  if (!mechanism) return refusal(ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism')
  if (iterations < scramIterations.min) return refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too few iterations')
  if (iterations > scramIterations.max) return refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too many iterations')
  return { user, mechanism, credential: credentialOf(mechanism, saltedPassword, Buffer.from(salt), iterations) }
}

function deletion(core: BrokerCore, { name: user, mechanism: type }: Deletion): ScramChange | Refusal {
  if (user === '') return refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Username must not be empty')
  const mechanism = scramMechanismOf(type)
  if (!mechanism) return refusal(ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism')
  if (!core.scram.find(mechanism, user)) {
    return refusal(ErrorCode.RESOURCE_NOT_FOUND, 'Attempt to delete a user credential that does not exist')
  }
  return { user, mechanism, credential: undefined }
}

function outcome(user: string, problem: Refusal | undefined, failure: Refusal | undefined): Result {
  return { user, errorCode: ErrorCode.NONE, errorMessage: null, ...(problem ?? failure) }
}
