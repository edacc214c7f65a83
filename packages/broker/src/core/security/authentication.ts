import type { Clock } from '@millrace/base'
import { ErrorCode } from '@millrace/protocol'
import { brokerError } from '../../errors.ts'
import type { Principal } from './principal.ts'
import type { SaslExchange, SaslMechanism, SaslPolicy, SaslStep } from './sasl/sasl-exchange.ts'

/**
 * `open`: nothing is proven; `exchange`: a mechanism was agreed on and its tokens are due; `authenticated`: requests are
 * served; `failed`: the connection is about to close.
 */
type State = 'open' | 'exchange' | 'authenticated' | 'failed'

/** Requests as authentication tells them apart. */
type Kind = 'versions' | 'handshake' | 'token' | 'other'

/**
 * `serve` goes to the handler, `illegal` too, which says ILLEGAL_SASL_STATE; `close` ends the connection without an answer;
 * `ignore` leaves it to end by itself, with the answer that is on its way.
 */
type Verdict = 'serve' | 'illegal' | 'close' | 'ignore'

const verdicts: Readonly<Record<State, Readonly<Record<Kind, Verdict>>>> = {
  open: { versions: 'serve', handshake: 'serve', token: 'illegal', other: 'close' },
  exchange: { versions: 'close', handshake: 'illegal', token: 'serve', other: 'close' },
  authenticated: { versions: 'serve', handshake: 'serve', token: 'illegal', other: 'serve' },
  failed: { versions: 'ignore', handshake: 'ignore', token: 'ignore', other: 'ignore' },
}

const kinds: ReadonlyMap<number, Kind> = new Map([
  [18, 'versions'],
  [17, 'handshake'],
  [36, 'token'],
])

/** A client may not begin to authenticate again more often than this (KIP-368). */
const minReauthIntervalMs = 1000

/** The answer to a token. */
export interface TokenAnswer {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly authBytes: Buffer
  readonly sessionLifetimeMs: number
}

export interface AuthenticationHooks {
  readonly clock: Clock
  readonly clientHost: string
  authenticated(principal: Principal): void
  /** The connection must end once what has been answered is on its way. */
  end(error: Error): void
}

/**
 * A session's way through SASL: handshake, tokens, and the same again before the session expires (KIP-43, KIP-152, KIP-368).
 *
 * 1. Before `authenticated` nothing but ApiVersions, SaslHandshake and SaslAuthenticate is answered.
 * 2. A principal never changes: who authenticates again must be who it was, with the same mechanism.
 * 3. An expired session is answered nothing but SaslHandshake.
 * 4. After a failure nothing is answered any more.
 */
export class Authentication {
  readonly #policy: SaslPolicy
  readonly #hooks: AuthenticationHooks
  #state: State = 'open'
  #mechanism: SaslMechanism | undefined
  #exchange: SaslExchange | undefined
  /** Handshake version 0: tokens come as they are, without the headers of a request. */
  #raw = false
  #principal: Principal | undefined
  #expiresAtMs: number | undefined
  #lastReauthMs = Number.NEGATIVE_INFINITY
  #cancelFailure: () => void = () => {}

  constructor(policy: SaslPolicy, hooks: AuthenticationHooks) {
    this.#policy = policy
    this.#hooks = hooks
  }

  /** Whether the peer has proven who it is; still so while it proves it again. */
  get isAuthenticated(): boolean {
    return this.#principal !== undefined
  }

  /** Whether the next bytes are a bare token and no request. */
  get takesRawToken(): boolean {
    return this.#raw && this.#state === 'exchange'
  }

  /** Whether a request goes to its handler or is ignored. Throws what the connection must be closed with. */
  admit(apiKey: number): boolean {
    const kind = kinds.get(apiKey) ?? 'other'
    const verdict = this.#isExpired && kind !== 'handshake' ? 'close' : verdicts[this.#state][kind]
    if (verdict !== 'close') return verdict !== 'ignore'
    const reason = this.#isExpired ? 'the session has expired' : `API ${apiKey} is not served before authentication`
    const fields = { client: this.#hooks.clientHost, apiKey }
    throw brokerError('BROKER_AUTHENTICATION_FAILED', reason, fields)
  }

  get #isExpired(): boolean {
    return (
      this.#state === 'authenticated' && this.#expiresAtMs !== undefined && this.#hooks.clock.now() > this.#expiresAtMs
    )
  }

  /** SaslHandshake: agrees on a mechanism. The answer to a failure must be given, then `end` is called. */
  handshake(name: string, version: number, answer: (errorCode: number, mechanisms: string[]) => void): void {
    const mechanisms = [...this.#policy.mechanisms.keys()]
    const again = this.#state === 'authenticated'
    if (this.#state === 'exchange') {
      this.#fail('SaslHandshake in the middle of an exchange', () => answer(ErrorCode.ILLEGAL_SASL_STATE, []))
      return
    }
    if (again && !this.#mayBeginAgain()) {
      answer(ErrorCode.ILLEGAL_SASL_STATE, [])
      return
    }
    const mechanism = this.#policy.mechanisms.get(name)
    if (!mechanism) {
      const reason = `the client asks for mechanism ${name}, the listener has ${mechanisms.join(', ')}`
      this.#fail(reason, () => answer(ErrorCode.UNSUPPORTED_SASL_MECHANISM, mechanisms))
      return
    }
    if (again) this.#lastReauthMs = this.#hooks.clock.now()
    this.#state = 'exchange'
    this.#raw = version === 0
    this.#exchange = again && mechanism !== this.#mechanism ? refusing(name, this.#mechanism!.name) : mechanism.begin()
    this.#mechanism = again ? this.#mechanism : mechanism
    answer(ErrorCode.NONE, mechanisms)
  }

  #mayBeginAgain(): boolean {
    return this.#expiresAtMs !== undefined && this.#hooks.clock.now() - this.#lastReauthMs >= minReauthIntervalMs
  }

  /** SaslAuthenticate, or a bare token: answers once, possibly later. */
  token(bytes: Buffer, answer: (answer: TokenAnswer) => void): void {
    if (this.#state === 'authenticated') {
      answer(lateToken)
      return
    }
    if (this.#state !== 'exchange') {
      const errorMessage = 'SaslAuthenticate request received before SaslHandshake'
      const refusal = { ...noAnswer, errorCode: ErrorCode.ILLEGAL_SASL_STATE, errorMessage }
      this.#fail(errorMessage, () => answer(refusal))
      return
    }
    this.#exchange!.step(bytes, (step) => this.#stepped(step, answer))
  }

  #stepped(step: SaslStep, answer: (answer: TokenAnswer) => void): void {
    if (step.kind === 'challenge') {
      answer({ ...noAnswer, authBytes: step.bytes })
      return
    }
    const principal: Principal = { type: 'User', name: step.kind === 'authenticated' ? step.name : '' }
    const problem = step.kind === 'refused' ? step : this.#changedPrincipal(principal)
    if (problem) {
      const errorMessage = problem.message ?? this.#invalidCredentials()
      const refusal = { ...noAnswer, errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED, errorMessage }
      this.#fail(problem.reason, () => answer(refusal))
      return
    }
    if (step.kind !== 'authenticated') return
    const sessionLifetimeMs = this.#lifetimeMs(step.expiresAtMs)
    this.#expiresAtMs = sessionLifetimeMs === undefined ? undefined : this.#hooks.clock.now() + sessionLifetimeMs
    this.#state = 'authenticated'
    this.#exchange = undefined
    this.#hooks.authenticated(principal)
    this.#principal = principal
    answer({ ...noAnswer, authBytes: step.bytes, sessionLifetimeMs: sessionLifetimeMs ?? 0 })
  }

  /** What is left of the credential and of what the listener grants, whichever is less; undefined without an end. */
  #lifetimeMs(credentialExpiresAtMs: number | undefined): number | undefined {
    const { maxReauthMs } = this.#mechanism!
    const credentialMs =
      credentialExpiresAtMs === undefined ? undefined : credentialExpiresAtMs - this.#hooks.clock.now()
    if (credentialMs === undefined) return maxReauthMs > 0 ? maxReauthMs : undefined
    return Math.max(0, maxReauthMs > 0 ? Math.min(credentialMs, maxReauthMs) : credentialMs)
  }

  #changedPrincipal(now: Principal): { reason: string; message: string } | undefined {
    const before = this.#principal
    if (!before || (before.type === now.type && before.name === now.name)) return undefined
    const message = `Cannot change principals during re-authentication from ${before.type}.${before.name}: ${now.type}.${now.name}`
    return { reason: message, message }
  }

  /** Says nothing about why: that could tell which users exist. */
  #invalidCredentials(): string {
    const what = this.#principal ? 're-authentication' : 'authentication'
    return `Authentication failed during ${what} due to invalid credentials with SASL mechanism ${this.#mechanism!.name}`
  }

  /** The session is over: nothing is answered any more. */
  close(): void {
    this.#cancelFailure()
  }

  #fail(reason: string, answer: () => void): void {
    this.#state = 'failed'
    this.#exchange = undefined
    const { clock, clientHost, end } = this.#hooks
    this.#cancelFailure = clock.after(this.#policy.failureDelayMs, () => {
      answer()
      end(brokerError('BROKER_AUTHENTICATION_FAILED', reason, { client: clientHost }))
    })
  }
}

const noAnswer: TokenAnswer = {
  errorCode: ErrorCode.NONE,
  errorMessage: null,
  authBytes: Buffer.alloc(0),
  sessionLifetimeMs: 0,
}

/** What SaslAuthenticate gets where nobody needs to authenticate any more. */
export const lateToken: TokenAnswer = {
  ...noAnswer,
  errorCode: ErrorCode.ILLEGAL_SASL_STATE,
  errorMessage: 'SaslAuthenticate request received after successful authentication',
}

/** Who authenticates again with another mechanism is refused at its first token. */
function refusing(asked: string, before: string): SaslExchange {
  const message = `SASL mechanism '${asked}' requested by client is not supported for re-authentication of mechanism '${before}'`
  return { step: (_token, done) => done({ kind: 'refused', reason: message, message }) }
}
