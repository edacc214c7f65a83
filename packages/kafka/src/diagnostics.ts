import { type Channel, channel } from 'node:diagnostics_channel'

/** A connection was opened or has ended. */
export interface ConnectionEvent {
  readonly clientId: string
  readonly host: string
  readonly port: number
  readonly state: 'open' | 'closed'
}

/** A request was answered. */
export interface RequestEvent {
  readonly clientId: string
  readonly host: string
  readonly port: number
  readonly api: string
  readonly version: number
  readonly requestBytes: number
  readonly responseBytes: number
}

/** An operation is repeated after a retriable error. */
export interface RetryEvent {
  readonly what: string
  /** 0 for the first repetition. */
  readonly attempt: number
  readonly delayMs: number
  readonly error: unknown
}

/** A member's assignment changes; published before the callbacks run. */
export interface RebalanceEvent {
  readonly groupId: string
  readonly memberId: string
  readonly generationId: number
  readonly kind: 'assigned' | 'revoked' | 'lost'
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[]
}

/** A transactional producer moves from one state to another. */
export interface TransactionEvent {
  readonly transactionalId: string
  readonly from: string
  readonly to: string
}

/** The channels of `node:diagnostics_channel` that this package publishes to; nothing is built when nobody listens. */
export const diagnostics = {
  connection: channel('millrace:kafka:connection') as Channel<unknown, ConnectionEvent>,
  request: channel('millrace:kafka:request') as Channel<unknown, RequestEvent>,
  retry: channel('millrace:kafka:retry') as Channel<unknown, RetryEvent>,
  rebalance: channel('millrace:kafka:rebalance') as Channel<unknown, RebalanceEvent>,
  transaction: channel('millrace:kafka:transaction') as Channel<unknown, TransactionEvent>,
} as const
