import {
  decodeMessage,
  decodeRequestHeader,
  ErrorCode,
  encodeResponseParts,
  type MessagePart,
} from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { BrokerCore } from './broker-core.ts'
import type { RequestCounters } from './broker-metrics.ts'
import type { FetchWatch } from './fetch/fetch-watch.ts'
import { checkedInterception, type InterceptedRequest, type Interception } from './interception.ts'
import { type AnyHandler, Deferred, noResponse, type RequestContext } from './request.ts'
import { Authentication } from './security/authentication.ts'
import { anonymous, type Principal } from './security/principal.ts'
import { Rights } from './security/rights.ts'
import type { SessionListener } from './security/session-listener.ts'
import { FileRange, releaseParts } from './storage/storage.ts'

const apiVersionsKey = 18
const saslApis: ReadonlySet<number> = new Set([17, 36])

/** Who is at the other end. */
export interface SessionOptions {
  /** The peer's address. */
  readonly clientHost: string
  /** Called when the connection must go although nothing is wrong with the bytes: a fault hook wants it. */
  readonly onDrop?: (error: Error) => void
  /** The listener that the connection came in on. Default: the core's own address, nobody authenticates. */
  readonly listener?: SessionListener
  /** Who the peer is by its certificate. */
  readonly principal?: Principal
  /** Called when the connection must close as soon as the answers given are on their way. Default: `onDrop`. */
  readonly onEnd?: (error: Error) => void
  /** Called when the peer has proven who it is. */
  readonly onAuthenticated?: () => void
}

export type Respond = (response: Buffer | undefined) => void
/**
 * Takes a response in parts, and releases the file ranges among them. With `requestIsFree` the bytes of the request are
 * not referred to any more.
 */
export type RespondInParts = (parts: readonly MessagePart[] | undefined, requestIsFree?: boolean) => void

interface Incoming {
  readonly handler: AnyHandler
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly intercepted: boolean
  readonly respond: RespondInParts
  readonly counters: RequestCounters
  readonly receivedMs: number
}

/** What a request has in all its lists together: each element costs memory and time many times its bytes. */
const requestLimits = { maxElements: 500_000 }

/**
 * One connection's worth of requests, without the connection. Requests are begun in the order they come; answers come when
 * they are ready, so whoever owns the connection puts them in order.
 */
export class BrokerSession {
  readonly clientHost: string
  /** Who is at the other end, once known. */
  principal: Principal = anonymous
  /** What clients of this session's listener are told to connect to. */
  readonly advertised: { readonly host: string; readonly port: number }
  /** Undefined where the listener asks for no SASL. */
  readonly authentication: Authentication | undefined
  readonly #core: BrokerCore
  readonly #onEnd: (error: Error) => void
  readonly #onDrop: (error: Error) => void
  readonly #unanswered = new Set<Deferred<unknown>>()
  /** Requests behind one that a fault hook holds; undefined when none is held. */
  #waiting: { bytes: Buffer; respond: RespondInParts }[] | undefined
  #cancelDelay: () => void = () => {}
  #closed = false
  #watch: FetchWatch | undefined
  #rights: { readonly principal: Principal; readonly rights: Rights } | undefined
  /** By the name of the API. */
  readonly #may = new Map<string, RequestContext['may']>()

  constructor(core: BrokerCore, options: SessionOptions) {
    this.#core = core
    this.clientHost = options.clientHost.startsWith('/') ? options.clientHost : `/${options.clientHost}`
    this.#onDrop = options.onDrop ?? (() => {})
    this.#onEnd = options.onEnd ?? this.#onDrop
    this.principal = options.principal ?? anonymous
    this.advertised = options.listener?.advertised ?? core.advertised
    this.authentication = this.#authentication(options)
  }

  #authentication({ listener, onAuthenticated }: SessionOptions): Authentication | undefined {
    if (!listener?.sasl) return undefined
    return new Authentication(listener.sasl, {
      clock: this.#core.clock,
      clientHost: this.clientHost,
      authenticated: (principal) => {
        // Who authenticates again keeps what is known about its rights.
        if (!this.isAuthenticated) this.principal = principal
        onAuthenticated?.()
      },
      end: (error) => {
        this.#core.metrics.authenticationFailures++
        this.close()
        this.#onEnd(error)
      },
    })
  }

  /** Whether requests are served: nobody must, or the peer has, authenticated. */
  get isAuthenticated(): boolean {
    return this.authentication?.isAuthenticated ?? true
  }

  /**
   * Takes one request without its length frame. `respond` is called once with the response, or with undefined when the
   * request has none. Throws BROKER_REQUEST_INVALID or PROTOCOL_MALFORMED when the bytes are no request served here:
   * the connection must then be closed, since nothing behind them can be trusted.
   */
  handle(bytes: Buffer, respond: Respond): void {
    this.handleInParts(bytes, (parts) => respond(parts && joined(parts)))
  }

  /** The same, with large values beside what is encoded, and those from files read by whoever sends them. */
  handleInParts(bytes: Buffer, respond: RespondInParts): void {
    if (this.#closed) throw brokerError('BROKER_CLOSED', 'the session is closed')
    if (this.#waiting) this.#waiting.push({ bytes, respond })
    else this.#core.run(() => this.#begin(bytes, respond))
  }

  #begin(bytes: Buffer, respond: RespondInParts): void {
    if (this.authentication?.takesRawToken) {
      this.#rawToken(this.authentication, bytes, respond)
      return
    }
    const { apiKey, apiVersion, correlationId, clientId, bodyOffset } = decodeRequestHeader(bytes)
    // Before the body is looked at: who has proven nothing shall not choose what is parsed.
    if (this.authentication?.admit(apiKey) === false) return
    const found = this.#core.handlerFor(apiKey)
    const served = found && apiVersion >= found.versions[0] && apiVersion <= found.versions[1]
    if (!found || !served) {
      this.#refuseVersion(found, apiKey, apiVersion, correlationId, respond)
      return
    }
    const body = decodeMessage(found.api.request, apiVersion, bytes, bodyOffset, requestLimits)
    const interceptor = this.#core.interceptorFor(apiKey)
    const intercepted = interceptor !== undefined
    const counters = this.#core.metrics.received(found.api, bytes.length)
    const receivedMs = this.#core.clock.now()
    const incoming: Incoming = {
      handler: found,
      apiVersion,
      correlationId,
      clientId,
      intercepted,
      respond,
      counters,
      receivedMs,
    }
    if (!interceptor) {
      this.#serve(incoming, body, false)
      return
    }
    const request: InterceptedRequest = { apiKey, apiName: found.api.name, apiVersion, clientId, body }
    const decision = interceptor(request)
    if (!(decision instanceof Promise)) {
      this.#intercepted(incoming, body, checkedInterception(decision))
      return
    }
    this.#hold()
    decision.then(
      (settled) => this.#resume(() => this.#intercepted(incoming, body, checkedInterception(settled))),
      (error: unknown) => this.#drop(error as Error),
    )
  }

  /** KIP-511: an ApiVersions request of a version from the future is answered in version 0, with its own versions. */
  #refuseVersion(
    found: AnyHandler | undefined,
    apiKey: number,
    apiVersion: number,
    correlationId: number,
    respond: RespondInParts,
  ): void {
    if (apiKey !== apiVersionsKey || !found) {
      const fields = { apiKey, apiVersion, client: this.clientHost }
      throw brokerError('BROKER_REQUEST_INVALID', `API ${apiKey} version ${apiVersion} is not served`, fields)
    }
    const apiKeys = this.#core.advertisedApis().filter((one) => one.apiKey === apiVersionsKey)
    const body = { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys }
    respond(encodeResponseParts({ api: found.api, version: 0, correlationId, body }))
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
    const rights = this.#rightsOf(principal)
    const may = this.#mayOf(handler.api.name, rights)
    const context: RequestContext = {
      core: this.#core,
      session: this,
      apiVersion,
      clientId,
      clientHost,
      principal,
      may,
      rights,
    }
    const result = handler.handle(body, context)
    if (result === noResponse) incoming.respond(undefined)
    else if (result instanceof Deferred) this.#answerLater(incoming, result, loseReply)
    else this.#finish(incoming, result, loseReply)
  }

  /** Made once for all requests of an API: those that wait would each hold one. */
  #mayOf(apiName: string, rights: Rights): RequestContext['may'] {
    const known = this.#may.get(apiName)
    if (known) return known
    const { metrics } = this.#core
    const may: RequestContext['may'] = (operation, type, name) => {
      const allowed = rights.demand(apiName, operation, type, name)
      if (!allowed) metrics.authorizationDenials++
      return allowed
    }
    this.#may.set(apiName, may)
    return may
  }

  #answerLater(incoming: Incoming, result: Deferred<unknown>, loseReply: boolean): void {
    this.#unanswered.add(result)
    // What follows an attempt to authenticate must wait for what becomes of it.
    const holds = saslApis.has(incoming.handler.api.key) && !result.settled
    if (holds) this.#hold()
    result.take((value) => {
      this.#unanswered.delete(result)
      const finish = (): void => this.#finish(incoming, value, loseReply)
      if (holds) this.#resume(finish)
      else this.#guard(finish)
    })
  }

  #finish(incoming: Incoming, value: unknown, loseReply: boolean): void {
    if (loseReply) {
      this.#drop(brokerError('BROKER_CONNECTION_DROPPED', 'a fault hook lost the reply'))
      releaseParts(encoded(incoming, value))
    } else this.#answer(incoming, value)
  }

  /** A late answer is given within a timer or another connection's request: if it fails, that must not suffer. */
  #guard(answer: () => void): void {
    try {
      answer()
    } catch (error) {
      this.#drop(error as Error)
    }
  }

  /** After handshake version 0 tokens and their answers go without the headers of a request (KIP-43). */
  #rawToken(authentication: Authentication, bytes: Buffer, respond: RespondInParts): void {
    this.#hold()
    let begun = false
    authentication.token(bytes, ({ errorCode, authBytes }) => {
      const answer = (): void => {
        // A failure has no form here: the connection just closes.
        if (errorCode === ErrorCode.NONE) respond([authBytes])
      }
      if (begun) this.#resume(answer)
      else {
        this.#waiting = undefined
        answer()
      }
    })
    begun = true
  }

  /** What is known about a principal's rights goes when another one authenticates. */
  #rightsOf(principal: Principal): Rights {
    if (this.#rights?.principal !== principal) {
      const { clientHost } = this
      this.#rights = { principal, rights: new Rights(this.#core, { principal, clientHost }) }
      this.#may.clear()
    }
    return this.#rights.rights
  }

  #answer(incoming: Incoming, value: unknown): void {
    const parts = encoded(incoming, value)
    if (this.#closed) {
      releaseParts(parts)
      return
    }
    const bytes = parts.reduce((sum, part) => sum + part.length, 0)
    this.#core.metrics.answered(incoming.counters, incoming.receivedMs, bytes)
    // A fault hook may have kept the body.
    incoming.respond(parts, incoming.handler.freesRequest && !incoming.intercepted)
  }

  #hold(): void {
    this.#waiting ??= []
  }

  /** Says what this connection fetches from now on: when it goes, partitions need not be watched for it any more. */
  watches(watch: FetchWatch): void {
    if (watch === this.#watch) return
    if (!this.#watch?.isWaiting) this.#watch?.rest()
    this.#watch = watch
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

  /** For a failure that the protocol has no answer for: the connection closes, so that the client notices. */
  drop(error: Error): void {
    this.#drop(error)
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
    this.#watch?.rest()
    this.authentication?.close()
    for (const deferred of this.#unanswered) deferred.abandon()
    this.#unanswered.clear()
    this.#core.sessionClosed(this)
  }
}

function encoded({ handler, apiVersion: version, correlationId }: Incoming, value: unknown): MessagePart[] {
  const body = value as Record<string, never>
  return encodeResponseParts({ api: handler.api, version, correlationId, body })
}

function joined(parts: readonly MessagePart[]): Buffer {
  const buffers = parts.map((part) => (part instanceof FileRange ? part.toBuffer() : (part as Buffer)))
  return buffers.length === 1 ? buffers[0]! : Buffer.concat(buffers)
}
