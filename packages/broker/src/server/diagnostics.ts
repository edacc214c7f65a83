import { channel } from 'node:diagnostics_channel'
import { AclOperation, type Denial, ResourceType } from '../core/security/authorization.ts'

export interface ConnectionClosed {
  readonly clientHost: string
  readonly error: Error
}

/** A request that ACLs refused, with Kafka's names for what was asked. */
export interface AuthorizationDenied {
  /** `User:alice` */
  readonly principal: string
  readonly clientHost: string
  readonly api: string
  readonly operation: string
  readonly resourceType: string
  readonly resourceName: string
  /** How often the same was refused on this connection since it was last reported; it is at most every 10 s. */
  readonly repeated: number
}

/** A connection was closed by the broker; the message carries `clientHost` and the error with its code. */
export const connectionClosedChannel = channel('millrace:broker:connection-closed')
/** A listener serves; the message carries `host`, `port`, `listener`, `securityProtocol`, and how many bytes recovery cut. */
export const listeningChannel = channel('millrace:broker:listening')
/** A partition's log could not be read or written; the message is a {@link LogFailure}. */
export const logFailedChannel = channel('millrace:broker:log-failed')
/** ACLs refused a request; the message is an {@link AuthorizationDenied}. */
export const authorizationDeniedChannel = channel('millrace:broker:authorization-denied')

export function publishDenial({ principal, operation, resourceType, ...rest }: Denial): void {
  if (!authorizationDeniedChannel.hasSubscribers) return
  authorizationDeniedChannel.publish({
    ...rest,
    principal: `${principal.type}:${principal.name}`,
    operation: nameOf(AclOperation, operation),
    resourceType: nameOf(ResourceType, resourceType),
  } satisfies AuthorizationDenied)
}

function nameOf(codes: Readonly<Record<string, number>>, code: number): string {
  return Object.keys(codes).find((name) => codes[name] === code) ?? String(code)
}
