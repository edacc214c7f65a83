import { decodeMessage, decodeRequestHeader, ErrorCode, encodeResponse } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { BrokerCore } from './broker-core.ts'
import type { InterceptedRequest, Interception } from './interception.ts'
import { type AnyHandler, Deferred, noResponse, type RequestContext } from './request.ts'
import { anonymous, type Principal } from './security/principal.ts'
import { Rights } from './security/rights.ts'

const apiVersionsKey = 18

/** Who is at the other end. */
export interface SessionOptions {
  /** The peer's address. */
  readonly clientHost: string
  /** Called when the connection must go although nothing is wrong with the bytes: a fault hook wants it. */
  readonly onDrop?: (error: Error) => void
}

export type Respond = (response: Buffer | undefined) => void

interface Incoming {
  readonly bytes: Buffer
  readonly handler: AnyHandler
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly respond: Respond
}

/**
 * One connection's worth of requests, without the connection. Requests are begun in the order they come; answers come when
 * they are ready, so whoever owns the connection puts them in order.
 */
export class BrokerSession {
  readonly clientHost: string
  /** Who is at the other end, once known. */
  principal: Principal = anonymous
  readonly #core: BrokerCore
  readonly #onDrop: (error: Error) => void
  readonly #unanswered = new Set<Deferred<unknown>>()
  /** Requests behind one that a fault hook holds; undefined when none is held. */
  #waiting: { bytes: Buffer; respond: Respond }[] | undefined
  #cancelDelay: () => void = () => {}
  #closed = false
  #rights: { readonly principal: Principal; readonly rights: Rights } | undefined

  constructor(core: BrokerCore, options: SessionOptions) {
    this.#core = core
    this.clientHost = options.clientHost.startsWith('/') ? options.clientHost : `/${options.clientHost}`
    this.#onDrop = options.onDrop ?? (() => {})
  }

  /**
   * Takes one request without its length frame. `respond` is called once with the response, or with undefined when the
   * request has none. Throws BROKER_REQUEST_INVALID or PROTOCOL_MALFORMED when the bytes are no request served here:
   * the connection must then be closed, since nothing behind them can be trusted.
   */
  handle(bytes: Buffer, respond: Respond): void {
    if (this.#closed) throw brokerError('BROKER_CLOSED', 'the session is closed')
    if (this.#waiting) this.#waiting.push({ bytes, respond })
    else this.#core.run(() => this.#begin(bytes, respond))
  }

  #begin(bytes: Buffer, respond: Respond): void {
    const { apiKey, apiVersion, correlationId, clientId, bodyOffset } = decodeRequestHeader(bytes)
    const found = this.#core.handlerFor(apiKey)
    const served = found && apiVersion >= found.versions[0] && apiVersion <= found.versions[1]
    if (!found || !served) {
      this.#refuseVersion(found, apiKey, apiVersion, correlationId, respond)
      return
    }
    const body = decodeMessage(found.api.request, apiVersion, bytes, bodyOffset)
    const incoming: Incoming = { bytes, handler: found, apiVersion, correlationId, clientId, respond }
    const interceptor = this.#core.interceptorFor(apiKey)
    if (!interceptor) {
      this.#serve(incoming, body, false)
      return
    }
    const request: InterceptedRequest = { apiKey, apiName: found.api.name, apiVersion, clientId, body }
    const decision = interceptor(request)
    if (!(decision instanceof Promise)) {
      this.#intercepted(incoming, body, decision ?? undefined)
      return
    }
    this.#hold()
    decision.then(
      (settled) => this.#resume(() => this.#intercepted(incoming, body, settled ?? undefined)),
      (error: unknown) => this.#drop(error as Error),
    )
  }

  /** KIP-511: an ApiVersions request of a version from the future is answered in version 0, with the versions served. */
  #refuseVersion(
    found: AnyHandler | undefined,
    apiKey: number,
    apiVersion: number,
    correlationId: number,
    respond: Respond,
  ): void {
    if (apiKey !== apiVersionsKey || !found) {
      const fields = { apiKey, apiVersion, client: this.clientHost }
      throw brokerError('BROKER_REQUEST_INVALID', `API ${apiKey} version ${apiVersion} is not served`, fields)
    }
    const apiKeys = this.#core.advertisedApis()
    const body = { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys }
    respond(encodeResponse({ api: found.api, version: 0, correlationId, body }))
  }

  #intercepted(incoming: Incoming, body: unknown, decision: Interception | undefined): void {
    switch (decision?.kind) {
      case undefined:
        this.#serve(incoming, body, false)
        return
      case 'rewrite':
        this.#serve(incoming, decision.body, false)
        return
      case 'respond':
        this.#answer(incoming, decision.body)
        return
      case 'loseReply':
        this.#serve(incoming, body, true)
        return
      case 'drop':
        this.#drop(brokerError('BROKER_CONNECTION_DROPPED', 'a fault hook dropped the connection'))
        return
      case 'delay':
        this.#hold()
        this.#cancelDelay = this.#core.clock.after(decision.delayMs, () =>
          this.#resume(() => this.#serve(incoming, body, false)),
        )
        return
    }
  }

  #serve(incoming: Incoming, body: unknown, loseReply: boolean): void {
    const { handler, apiVersion, clientId } = incoming
    const { clientHost, principal } = this
    const core = this.#core
    const rights = this.#rightsOf(principal)
    const { name: apiName } = handler.api
    const context: RequestContext = {
      core,
      session: this,
      apiVersion,
      clientId,
      clientHost,
      principal,
      may: (operation, type, name) => rights.demand(apiName, operation, type, name),
      rights,
    }
    const result = handler.handle(body, context)
    const finish = (value: unknown): void => {
      if (loseReply) this.#drop(brokerError('BROKER_CONNECTION_DROPPED', 'a fault hook lost the reply'))
      else this.#answer(incoming, value)
    }
    if (result === noResponse) {
      incoming.respond(undefined)
    } else if (result instanceof Deferred) {
      this.#unanswered.add(result)
      result.take((value) => {
        this.#unanswered.delete(result)
        finish(value)
      })
    } else finish(result)
  }

  /** What is known about a principal's rights goes when another one authenticates. */
  #rightsOf(principal: Principal): Rights {
    if (this.#rights?.principal !== principal) {
      const { clientHost } = this
      this.#rights = { principal, rights: new Rights(this.#core, { principal, clientHost }) }
    }
    return this.#rights.rights
  }

  #answer(incoming: Incoming, value: unknown): void {
    if (this.#closed) return
    const { handler, apiVersion: version, correlationId } = incoming
    const body = value as Record<string, never>
    incoming.respond(encodeResponse({ api: handler.api, version, correlationId, body }))
  }

  #hold(): void {
    this.#waiting ??= []
  }

  /** Goes on with the request that was held, then with those behind it until one is held again. */
  #resume(next: () => void): void {
    if (this.#closed) return
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    try {
      this.#core.run(next)
      while (waiting.length > 0 && !this.#waiting) {
        const { bytes, respond } = waiting.shift()!
        this.#core.run(() => this.#begin(bytes, respond))
      }
    } catch (error) {
      this.#drop(error as Error)
      return
    }
    this.#waiting = (this.#waiting as typeof waiting | undefined)?.concat(waiting)
  }

  #drop(error: Error): void {
    this.close()
    this.#onDrop(error)
  }

  /** Forgets what has not been answered; waiting requests give up their timers and places. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiting = undefined
    this.#cancelDelay()
    for (const deferred of this.#unanswered) deferred.abandon()
    this.#unanswered.clear()
    this.#core.sessionClosed(this)
  }
}
