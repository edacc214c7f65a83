import { isMillraceError } from '@millrace/base'
import { streamsError } from '../../errors.ts'

/** Raised when a field changes its meaning; new optional fields do not raise it. */
export const assignmentProtocolVersion = 1

/** What a member tells the leader. */
export interface Subscription {
  readonly version: number
  /** `host:port` where its queries are answered; null when it answers none. */
  readonly host: string | null
  readonly owned: readonly string[]
  readonly generation: number
  readonly stored: readonly string[]
}

/** What the leader tells every member: who runs which task, by host. Tasks of members without a host are left out. */
export interface HostMap {
  readonly version: number
  readonly hosts: readonly (readonly [host: string, tasks: readonly string[]])[]
}

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
