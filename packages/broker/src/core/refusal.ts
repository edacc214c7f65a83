import { ErrorCode } from '@millrace/protocol'

/** Why a request, or one thing in it, is refused: what the answer says of it. */
export interface Refusal {
  readonly errorCode: number
  readonly errorMessage: string
}

export function refusal(errorCode: number, errorMessage: string): Refusal {
  return { errorCode, errorMessage }
}

/** For who must not do to the cluster what a request asks. */
export const clusterDenied = refusal(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'Cluster authorization failed.')

/** Makes a change that lasts; refused where it cannot be recorded. */
export function recorded(change: () => void): Refusal | undefined {
  try {
    change()
    return undefined
  } catch (error) {
    return refusal(ErrorCode.KAFKA_STORAGE_ERROR, (error as Error).message)
  }
}
