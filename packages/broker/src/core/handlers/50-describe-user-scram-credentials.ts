import { apis, type DescribeUserScramCredentialsResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import { repeated } from '../only-once.ts'
import { clusterDenied } from '../refusal.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { type ScramMechanismName, scramMechanisms } from '../security/sasl/scram-keys.ts'
import type { ScramCredentials } from '../security/scram-credentials.ts'

type Result = MessageInput<DescribeUserScramCredentialsResponse['results'][number]>

/** DescribeUserScramCredentials (50), v0. Which users have which mechanisms with how many rounds; nothing secret. */
export const describeUserScramCredentials = handler({
  api: apis.DescribeUserScramCredentials,
  versions: [0, 0],
  kips: [554],
  handle({ users }, { core, may }) {
    if (!may(AclOperation.DESCRIBE, ResourceType.CLUSTER, clusterResource)) return clusterDenied
    const names = users === null || users.length === 0 ? core.scram.users() : users.map(({ name }) => name)
    const twice = repeated(names)
    const results = [...new Set(names)].map((user) => describe(core.scram, user, twice.has(user)))
    return { errorCode: ErrorCode.NONE, errorMessage: null, results }
  },
})

function describe(credentials: ScramCredentials, user: string, twice: boolean): Result {
  if (twice) {
    const errorMessage = `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`
    return { user, errorCode: ErrorCode.DUPLICATE_RESOURCE, errorMessage }
  }
  const credentialInfos = (Object.keys(scramMechanisms) as ScramMechanismName[]).flatMap((mechanism) => {
    const credential = credentials.find(mechanism, user)
    return credential ? [{ mechanism: scramMechanisms[mechanism].type, iterations: credential.iterations }] : []
  })
  if (credentialInfos.length > 0) return { user, errorCode: ErrorCode.NONE, errorMessage: null, credentialInfos }
  const errorMessage = `Attempt to describe a user credential that does not exist: ${user}`
  return { user, errorCode: ErrorCode.RESOURCE_NOT_FOUND, errorMessage }
}
