import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

/** ListGroups (16), v0 to v5: all groups, filtered by state (v4, KIP-518) and type (v5, KIP-848). */
export const listGroups = handler({
  api: apis.ListGroups,
  versions: [0, 5],
  kips: [482, 518, 848, 1043],
  handle(request, { core, apiVersion, rights }) {
    const all = rights.allows(AclOperation.DESCRIBE, ResourceType.CLUSTER, clusterResource)
    const states = new Set(request.statesFilter.map((state) => state.toLowerCase()))
    const types = new Set(request.typesFilter.map((type) => type.toLowerCase()))
    const groups = []
    for (const group of core.groups.groups()) {
      if (states.size > 0 && !states.has(group.state.toLowerCase())) continue
      if (types.size > 0 && !types.has(group.type)) continue
      if (!all && !rights.allows(AclOperation.DESCRIBE, ResourceType.GROUP, group.groupId)) continue
      const listed = { groupId: group.groupId, protocolType: group.protocolType ?? '' }
      if (apiVersion >= 5) groups.push({ ...listed, groupState: group.state, groupType: group.type })
      else groups.push(apiVersion >= 4 ? { ...listed, groupState: group.state } : listed)
    }
    return { errorCode: ErrorCode.NONE, groups }
  },
})
