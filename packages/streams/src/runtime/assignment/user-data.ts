import { isMillraceError } from '@millrace/base'
import { streamsError } from '../../errors.ts'

/** Raised when a field changes its meaning; new optional fields do not raise it. */
export const assignmentProtocolVersion = 1

/** Instead of a sum of offsets: the task runs here, so its state is complete. */
export const runsHere = -2

/** What a member tells the leader, besides the partitions that it owns. */
export interface Subscription {
  readonly version: number
  /** `host:port` where its queries are answered; null when it answers none. */
  readonly host: string | null
  /** Tasks that it was told to get as soon as those who ran them have given them up. */
  readonly promised: readonly string[]
  /** The same for all threads of a process. */
  readonly process: string
  readonly standby: readonly string[]
  /** By task: the sum of the offsets that its stores have reached in their changelogs, or `runsHere`. */
  readonly offsets: Readonly<Record<string, number>>
  readonly tags: Readonly<Record<string, string>>
  /** Where it is, as brokers name racks. */
  readonly rack?: string
  /** Changes with every rebalance that the member itself asks for: an unchanged subscription would cause none. */
  readonly turn?: number
  /** The whole application is to end, everywhere. */
  readonly shutdown?: boolean
  /** Of the topology that it runs, see `topologyShape`. */
  readonly shape?: string
}

/** What the leader tells a member: who runs which task, by host, and what its own part is besides its partitions. */
export interface HostMap {
  readonly version: number
  /** Tasks of members without a host are left out. */
  readonly hosts: readonly (readonly [host: string, tasks: readonly string[]])[]
  /** Likewise, of those who keep standby copies. */
  readonly standbyHosts?: readonly (readonly [host: string, tasks: readonly string[]])[]
  /** Tasks that the leader took the member for the owner of; whatever else the member runs has had another owner since. */
  readonly owned: readonly string[]
  /** Tasks that it is to run when those who ran them until now have given them up, in the rebalance that follows. */
  readonly promised: readonly string[]
  /** Whether the member is to ask for this rebalance: sooner than it would hear of it, and though the owner may have died. */
  readonly followsUp?: boolean
  /** Copies that the member keeps, warm-ups included. */
  readonly standby?: readonly string[]
  /** Those of them that it is to run when they are ready. */
  readonly warmup?: readonly string[]
  /** Whether the member is to ask for another rebalance after `probingRebalanceIntervalMs`. */
  readonly probes?: boolean
  /** A member asked for the end of the whole application. */
  readonly shutdown?: boolean
  /** The member runs another topology than the group, and gets nothing. */
  readonly refused?: boolean
}

/** Of a member that has not been told anything, or whom the leader has left out. */
export const nothingAssigned: HostMap = { version: assignmentProtocolVersion, hosts: [], owned: [], promised: [] }

/** JSON: a few hundred bytes per rebalance, readable in a packet dump, and open to new fields. */
export function encodeUserData(data: Subscription | HostMap): Buffer {
  return Buffer.from(JSON.stringify(data))
}

/** @throws STREAMS_ASSIGNMENT_VERSION for a version that this release does not know */
export function decodeSubscription(bytes: Uint8Array | null | undefined): Subscription {
  return decode(bytes) as Subscription
}

/** @throws STREAMS_ASSIGNMENT_VERSION for a version that this release does not know */
export function decodeHostMap(bytes: Uint8Array | null | undefined): HostMap {
  return decode(bytes) as HostMap
}

function decode(bytes: Uint8Array | null | undefined): unknown {
  try {
    const data = JSON.parse(Buffer.from(bytes ?? []).toString()) as { version: number }
    if (data.version <= assignmentProtocolVersion) return data
    throw streamsError(
      'STREAMS_ASSIGNMENT_VERSION',
      `assignment protocol version ${data.version} is newer than ${assignmentProtocolVersion}`,
      { found: data.version, supported: assignmentProtocolVersion },
    )
  } catch (error) {
    if (isMillraceError(error)) throw error
    throw streamsError('STREAMS_ASSIGNMENT_VERSION', 'a group member sent no readable assignment data', {}, error)
  }
}
