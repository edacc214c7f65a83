import { apis, ErrorCode, type JoinGroupResponse } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

/**
 * JoinGroup (11), v0 to v9: classic groups, and classic members of consumer groups (KIP-848). The answer comes when the
 * generation begins. New members come twice from v4 (KIP-394), static members from v5 (KIP-345), skipAssignment from v9 (KIP-814).
 */
export const joinGroup = handler({
  api: apis.JoinGroup,
  versions: [0, 9],
  kips: [62, 345, 394, 482, 559, 568, 800, 814],
  handle(request, { core, apiVersion, clientId, clientHost, may, rights }) {
    if (!may(AclOperation.READ, ResourceType.GROUP, request.groupId)) {
      return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, protocolName: apiVersion >= 7 ? null : '' }
    }
    const answer = new Deferred<JoinGroupResponse>()
    const { sessionTimeoutMs } = request
    const join = {
      memberId: request.memberId,
      groupInstanceId: request.groupInstanceId,
      protocolType: request.protocolType,
      settings: {
        clientId: clientId ?? '',
        clientHost,
        sessionTimeoutMs,
        // Before v1 a member has as long for a rebalance as for a heartbeat.
        rebalanceTimeoutMs: apiVersion >= 1 ? request.rebalanceTimeoutMs : sessionTimeoutMs,
        // The bytes outlive the request.
        protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
      },
      requiresKnownMemberId: apiVersion >= 4,
      supportsSkipAssignment: apiVersion >= 9,
    }
    const mayDescribe = (topic: string): boolean => rights.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic)
    core.groups.join(request.groupId, join, mayDescribe, (result) => {
      // Before v7 "none" is the empty name.
      const protocolName = result.protocolName ?? (apiVersion >= 7 ? null : '')
      answer.resolve({ ...result, protocolName, skipAssignment: apiVersion >= 9 && result.skipAssignment })
    })
    return answer
  },
})
