import type { Watched } from './sessions.ts'

export interface GroupProtocol {
  readonly name: string
  readonly metadata: Buffer
}

/** What JoinGroup answers. */
export interface JoinResult {
  readonly errorCode: number
  readonly memberId: string
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly metadata: Buffer
  }[]
}

/** What SyncGroup answers. */
export interface SyncResult {
  readonly errorCode: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Buffer
}

/** What a member says about itself each time it joins. */
export interface MemberSettings {
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocols: readonly GroupProtocol[]
}

export interface GroupMember extends Watched {
  readonly memberId: string
  readonly groupInstanceId: string | null
  settings: MemberSettings
  assignment: Buffer
  /** Set while the member waits for the others to join. */
  awaitingJoin: ((result: JoinResult) => void) | undefined
  /** Set while the member waits for the leader's assignment. */
  awaitingSync: ((result: SyncResult) => void) | undefined
  /** It has not heard its member id yet: only the time limit for new members ends it. */
  isNew: boolean
  /** It has asked for its assignment in this generation. */
  synced: boolean
}

export function newMember(memberId: string, groupInstanceId: string | null, settings: MemberSettings): GroupMember {
  return {
    memberId,
    groupInstanceId,
    settings,
    assignment: Buffer.alloc(0),
    awaitingJoin: undefined,
    awaitingSync: undefined,
    isNew: false,
    synced: false,
    deadlineMs: 0,
    timer: undefined,
  }
}

export function metadataFor(member: GroupMember, protocolName: string | null): Buffer {
  return member.settings.protocols.find((protocol) => protocol.name === protocolName)?.metadata ?? Buffer.alloc(0)
}

/** Same protocols in the same order with the same bytes. */
export function hasProtocols(member: GroupMember, protocols: readonly GroupProtocol[]): boolean {
  const own = member.settings.protocols
  return (
    own.length === protocols.length &&
    own.every((protocol, index) => {
      const other = protocols[index]
      return other !== undefined && other.name === protocol.name && other.metadata.equals(protocol.metadata)
    })
  )
}
