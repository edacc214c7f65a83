import { apis, type DeleteAclsResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { type Refusal, recorded, refusal } from '../refusal.ts'
import { handler } from '../request.ts'
import { type Acl, aclKey } from '../security/acls/acl.ts'
import { type AclFilter, filterOf, unknownInFilter } from '../security/acls/acl-filter.ts'
import { isTooLarge } from '../security/acls/acl-store.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { alterDenial, tooLarge } from './acl-refusals.ts'

type Result = MessageInput<DeleteAclsResponse['filterResults'][number]>

/** An ACL may be meant by many filters of a request and is told for each: what is told has a limit. */
const maxMatches = 100_000
/** A filter that names no resource is held against every ACL: that, too, takes its time. */
const maxLooks = 20_000_000

/** DeleteAcls (31), v1 to v3: what the filters of a request mean goes together or, when it cannot be recorded, not at all. */
export const deleteAcls = handler({
  api: apis.DeleteAcls,
  versions: [1, 3],
  kips: [11, 140, 290, 482],
  handle({ filters }, { core, may }) {
    const denied = alterDenial(core, may(AclOperation.ALTER, ResourceType.CLUSTER, clusterResource))
    if (denied) return { filterResults: filters.map(() => denied) }
    const wanted = filters.map(filterOf)
    const found = find(core, wanted)
    const failure = found ? remove(core, found.flat()) : tooLarge
    return {
      filterResults: wanted.map((filter, at): Result => {
        const unknown = unknownInFilter(filter)
        if (unknown) return refusal(ErrorCode.INVALID_REQUEST, `The ${unknown} of the filter is unknown.`)
        if (failure) return failure
        return { errorCode: ErrorCode.NONE, errorMessage: null, matchingAcls: found![at]!.map(told) }
      }),
    }
  },
})

/** What each filter means; undefined when that is too much. */
function find(core: BrokerCore, filters: readonly AclFilter[]): Acl[][] | undefined {
  let matches = 0
  let looks = 0
  const found: Acl[][] = []
  for (const filter of filters) {
    looks += core.acls.looksFor(filter)
    if (looks > maxLooks) return undefined
    const own = unknownInFilter(filter) ? [] : [...core.acls.matching(filter)]
    matches += own.length
    if (matches > maxMatches) return undefined
    found.push(own)
  }
  return found
}

function remove(core: BrokerCore, acls: readonly Acl[]): Refusal | undefined {
  const removed = [...new Map(acls.map((acl) => [aclKey(acl), acl])).values()]
  return isTooLarge(removed) ? tooLarge : recorded(() => core.acls.change({ removed }))
}

function told(acl: Acl): NonNullable<Result['matchingAcls']>[number] {
  const { permission: permissionType, ...rest } = acl
  return { errorCode: ErrorCode.NONE, errorMessage: null, ...rest, permissionType }
}
