import { ErrorCode } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { clusterDenied, type Refusal, refusal } from '../refusal.ts'
import { allowAll } from '../security/authorization.ts'

/** Why no ACL is added or removed, whichever it is; undefined when they may be. */
export function alterDenial(core: BrokerCore, allowed: boolean): Refusal | undefined {
  if (!allowed) return clusterDenied
  if (core.authorizer === allowAll) return refusal(ErrorCode.SECURITY_DISABLED, 'No Authorizer is configured.')
  return undefined
}

export const tooLarge = refusal(ErrorCode.POLICY_VIOLATION, 'Unable to perform excessively large batch operation.')
