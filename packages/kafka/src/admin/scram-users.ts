import { apis, ErrorCode } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import { brokerError } from '../errors.ts'
import { saltedPassword } from '../network/salted-password.ts'
import type { ScramAlteration, ScramMechanism, ScramUser } from './security-types.ts'

const mechanisms: Readonly<Record<ScramMechanism, number>> = { 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 }
const defaultIterations = 4096

export async function describeScramUsers(cluster: Cluster, users?: readonly string[]): Promise<ScramUser[]> {
  const body = { users: users?.map((name) => ({ name })) ?? null }
  const { results } = await cluster.requestRetrying(
    apis.DescribeUserScramCredentials,
    body,
    { to: 'any' },
    ({ errorCode, errorMessage, results: told }) => {
      if (errorCode !== 0) throw brokerError(errorCode, 'cannot describe SCRAM users', {}, errorMessage)
      for (const result of told) {
        if (result.errorCode === 0 || result.errorCode === ErrorCode.RESOURCE_NOT_FOUND) continue
        throw brokerError(result.errorCode, `SCRAM user ${result.user}`, { user: result.user }, result.errorMessage)
      }
    },
  )
  return results
    .filter(({ errorCode }) => errorCode === 0)
    .map(({ user, credentialInfos }) => ({
      user,
      credentials: credentialInfos.map(({ mechanism, iterations }) => {
        return { mechanism: mechanism === 1 ? 'SCRAM-SHA-256' : 'SCRAM-SHA-512', iterations }
      }),
    }))
}

export async function alterScramUsers(cluster: Cluster, alterations: readonly ScramAlteration[]): Promise<void> {
  const deletions = alterations.flatMap((one) =>
    'delete' in one ? [{ name: one.user, mechanism: mechanisms[one.mechanism] }] : [],
  )
  const upsertions = alterations.flatMap((one) => {
    if ('delete' in one) return []
    const { user: name, mechanism, password, iterations = defaultIterations } = one
    const salted = saltedPassword(mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512', password, iterations)
    return [{ name, mechanism: mechanisms[mechanism], iterations, ...salted }]
  })
  const body = { deletions, upsertions }
  await cluster.requestRetrying(apis.AlterUserScramCredentials, body, { to: 'any' }, ({ results }) => {
    for (const { user, errorCode, errorMessage } of results) {
      if (errorCode !== 0) throw brokerError(errorCode, `cannot alter SCRAM user ${user}`, { user }, errorMessage)
    }
  })
}
