import { apis, ErrorCode, type JoinGroupResponse, type SyncGroupResponse } from '@millrace/protocol'
import type { Cluster } from '../../client/cluster.ts'
import { brokerError } from '../../errors.ts'
import type { ConsumerSettings } from '../types.ts'

/** Who a member is in the eyes of the coordinator. */
export interface MemberIdentity {
  readonly memberId: string
  readonly generationId: number
}

export const noIdentity: MemberIdentity = { memberId: '', generationId: -1 }

/** The requests of group membership, one attempt each; error codes are thrown. */
export class GroupSession {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #groupId: string
  readonly #purpose: string

  constructor(cluster: Cluster, settings: ConsumerSettings, groupId: string, purpose: string) {
    this.#cluster = cluster
    this.#settings = settings
    this.#groupId = groupId
    this.#purpose = purpose
  }

  get #besidePurpose(): string {
    return `${this.#purpose}-beside`
  }

  get #to() {
    return { coordinator: { type: 'group', key: this.#groupId } } as const
  }

  /** The response may also say MEMBER_ID_REQUIRED, which carries the id to join with. */
  async join(
    identity: MemberIdentity,
    protocols: readonly { readonly name: string; readonly metadata: Buffer }[],
    reason: string,
  ): Promise<JoinGroupResponse> {
    const { sessionTimeoutMs, rebalanceTimeoutMs, groupInstanceId = null } = this.#settings
    const body = {
      groupId: this.#groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: identity.memberId,
      groupInstanceId,
      protocolType: 'consumer',
      protocols,
      reason,
    }
    // The coordinator answers when every member has joined, or the rebalance timeout has passed.
    const timeoutMs = Math.max(this.#cluster.settings.requestTimeoutMs, rebalanceTimeoutMs + 5_000)
    const options = { to: this.#to, purpose: this.#purpose, timeoutMs }
    const response = await this.#cluster.request(apis.JoinGroup, body, options)
    if (response.errorCode !== ErrorCode.MEMBER_ID_REQUIRED) this.#check(response.errorCode, 'JoinGroup')
    return response
  }

  async sync(
    identity: MemberIdentity,
    protocolName: string,
    assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[],
  ): Promise<SyncGroupResponse> {
    const body = { ...this.#member(identity), protocolType: 'consumer', protocolName, assignments }
    const timeoutMs = Math.max(this.#cluster.settings.requestTimeoutMs, this.#settings.rebalanceTimeoutMs + 5_000)
    const response = await this.#cluster.request(apis.SyncGroup, body, {
      to: this.#to,
      purpose: this.#purpose,
      timeoutMs,
    })
    this.#check(response.errorCode, 'SyncGroup')
    return response
  }

  /** `beside`: on a connection of its own, past what the other waits for. */
  async heartbeat(identity: MemberIdentity, { beside }: { readonly beside: boolean }): Promise<void> {
    const timeoutMs = Math.min(this.#cluster.settings.requestTimeoutMs, this.#settings.sessionTimeoutMs)
    const options = { to: this.#to, purpose: beside ? this.#besidePurpose : this.#purpose, timeoutMs }
    const response = await this.#cluster.request(apis.Heartbeat, this.#member(identity), options)
    this.#check(response.errorCode, 'Heartbeat')
  }

  closeBeside(): void {
    this.#cluster.pool.closePurpose(this.#besidePurpose)
  }

  /** Best effort: a member that cannot say goodbye is missed after its session timeout. */
  async leave(identity: MemberIdentity, reason: string): Promise<void> {
    const { memberId } = identity
    const { groupInstanceId = null } = this.#settings
    const members = [{ memberId, groupInstanceId, reason }]
    const body = (version: number) =>
      version >= 3 ? { groupId: this.#groupId, members } : { groupId: this.#groupId, memberId }
    // On a connection of its own: a JoinGroup may stand in front of it on the other.
    const options = { to: this.#to, purpose: `${this.#purpose}-leave`, timeoutMs: leaveTimeoutMs }
    await this.#cluster.request(apis.LeaveGroup, body, options).catch(() => {})
    this.#cluster.pool.closePurpose(`${this.#purpose}-leave`)
  }

  #member({ memberId, generationId }: MemberIdentity) {
    const { groupInstanceId = null } = this.#settings
    return { groupId: this.#groupId, generationId, memberId, groupInstanceId }
  }

  #check(errorCode: number, what: string): void {
    if (errorCode === 0) return
    const error = brokerError(errorCode, `${what} of group ${this.#groupId}`, { groupId: this.#groupId })
    this.#cluster.checked(this.#to, () => {
      throw error
    })
  }
}

const leaveTimeoutMs = 5_000
