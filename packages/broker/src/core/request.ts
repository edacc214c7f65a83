import type { MessageInput, MessageType } from '@millrace/protocol'
import type { BrokerCore } from './broker-core.ts'
import type { BrokerSession } from './broker-session.ts'
import type { AclOperation, ResourceType } from './security/authorization.ts'
import type { Principal } from './security/principal.ts'
import type { Rights } from './security/rights.ts'

/** One request kind as the protocol package lists it. */
export interface Api<Request, Response> {
  readonly key: number
  readonly name: string
  readonly request: MessageType<Request>
  readonly response: MessageType<Response>
}

/** What a handler knows about the request besides its body. */
export interface RequestContext {
  readonly core: BrokerCore
  readonly session: BrokerSession
  readonly apiVersion: number
  readonly clientId: string | null
  /** The peer's address as it should show in group descriptions, with a leading slash as Kafka prints it. */
  readonly clientHost: string
  /** Who asks, as authenticated when the request came. */
  readonly principal: Principal
  /**
   * Whether the principal may do this to a resource. Every handler asks before it does or tells anything.
   *
   * @example
   * if (!may(AclOperation.DELETE, ResourceType.TOPIC, name)) return refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
   */
  may(operation: AclOperation, type: ResourceType, name: string): boolean
  /** The same without a report of what is refused, for lists that leave out what must not be seen. */
  readonly rights: Rights
}

/** What a request without an answer returns (Produce with acks=0). */
export const noResponse: unique symbol = Symbol('no response')

/**
 * An answer that comes later. It is given once; an answer to a connection that has gone goes nowhere.
 *
 * @example
 * const answer = new Deferred<HeartbeatResponse>()
 * partition.whenCommitted(offset, (errorCode) => answer.resolve({ errorCode }))
 * return answer
 */
export class Deferred<T> {
  #value: MessageInput<T> | undefined
  #settled = false
  #onValue: ((value: MessageInput<T>) => void) | undefined
  #onAbandoned: (() => void) | undefined

  get settled(): boolean {
    return this.#settled
  }

  resolve(value: MessageInput<T>): void {
    if (this.#settled) return
    this.#settled = true
    this.#value = value
    this.#onAbandoned = undefined
    this.#onValue?.(value)
  }

  /** Runs `callback` when the connection closes before there is an answer: timers and waiters are dropped there. */
  onAbandoned(callback: () => void): void {
    this.#onAbandoned = callback
  }

  /** For the session only. */
  take(onValue: (value: MessageInput<T>) => void): void {
    if (this.#settled) onValue(this.#value as MessageInput<T>)
    else this.#onValue = onValue
  }

  /** For the session only. */
  abandon(): void {
    if (this.#settled) return
    this.#settled = true
    const callback = this.#onAbandoned
    this.#onAbandoned = undefined
    callback?.()
  }
}

export type HandlerResult<Response> = MessageInput<Response> | Deferred<Response> | typeof noResponse

export interface Handler<Request, Response> {
  readonly api: Api<Request, Response>
  /** First and last version served; ApiVersions, dispatch and the support table come from here. */
  readonly versions: readonly [number, number]
  /** The KIPs whose part of the protocol this handler implements; the support table lists them. */
  readonly kips?: readonly number[]
  /** One sentence: what of this API is not here, and why. Absent where everything is. */
  readonly leftOut?: string
  /** Nothing of the request is referred to once it is answered: its memory may be used again. */
  readonly freesRequest?: true
  handle(request: Request, context: RequestContext): HandlerResult<Response>
}

/** A handler of any API, as the dispatch table holds it. */
export type AnyHandler = Handler<unknown, unknown>

/** States one API: its key, versions and what it does. */
export function handler<Request, Response>(definition: Handler<Request, Response>): AnyHandler {
  return definition as unknown as AnyHandler
}
