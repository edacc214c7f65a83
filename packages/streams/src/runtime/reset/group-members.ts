import type { KafkaClient } from '@millrace/kafka'
import { apis } from '@millrace/protocol'
import { streamsError } from '../../errors.ts'

export interface StreamsMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
}

/** Who is in the group. */
export async function groupMembers(client: KafkaClient, groupId: string): Promise<StreamsMember[]> {
  const [group] = await client.admin.describeGroups([groupId])
  return (group?.members ?? []).map(({ memberId, groupInstanceId, clientId, clientHost }) => {
    return { memberId, groupInstanceId, clientId, clientHost }
  })
}

/** Removes members from outside (KIP-345, LeaveGroup from version 3 on). @throws STREAMS_RESET_ACTIVE */
export async function removeMembers(
  client: KafkaClient,
  groupId: string,
  members: readonly StreamsMember[],
): Promise<void> {
  const response = await client.request({
    api: apis.LeaveGroup,
    body: {
      groupId,
      members: members.map(({ memberId, groupInstanceId }) => ({
        // A static member is known by its name alone.
        memberId: groupInstanceId === null ? memberId : '',
        groupInstanceId,
        reason: 'the application is being reset',
      })),
    },
    to: { coordinator: { type: 'group', key: groupId } },
  })
  // Members that have gone by themselves meanwhile are no failure.
  if (response.errorCode === 0 && (await groupMembers(client, groupId)).length === 0) return
  throw streamsError('STREAMS_RESET_ACTIVE', `${groupId} keeps members, although they were removed`, {
    application: groupId,
  })
}
