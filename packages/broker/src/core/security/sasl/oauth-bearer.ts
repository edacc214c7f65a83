import type { SaslExchange, SaslMechanism, SaslStep } from './sasl-exchange.ts'

/** What became of a bearer token. */
export type TokenVerdict =
  | { readonly kind: 'valid'; readonly subject: string; readonly expiresAtMs: number }
  | { readonly kind: 'invalid'; readonly reason: string }

/** Looks at a token; answers once, possibly after asking somebody for keys. */
export type TokenVerifier = (token: string, done: (verdict: TokenVerdict) => void) => void

/** OAUTHBEARER (RFC 7628, KIP-255, KIP-768). */
export function oauthBearerMechanism(verify: TokenVerifier, maxReauthMs: number): SaslMechanism {
  return { name: 'OAUTHBEARER', maxReauthMs, begin: () => new OAuthBearerExchange(verify) }
}

/** `n,a=authzid,` and key-value pairs, all ended by the octet 1. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the octet 1 is the separator of the format
const initialResponse = /^n,(?:a=((?:[^=,\x00\x01]|=2C|=3D)+))?,\x01((?:[A-Za-z]+=[\x21-\x7e \t\r\n]+\x01)*)\x01$/
const bearer = /^bearer +([-._~+/a-zA-Z0-9]+=*)$/i
const acknowledgement = 1

class OAuthBearerExchange implements SaslExchange {
  readonly #verify: TokenVerifier
  /** What the client was told; RFC 7628 lets it acknowledge that before the exchange fails. */
  #refusal: { readonly reason: string; readonly message: string } | undefined

  constructor(verify: TokenVerifier) {
    this.#verify = verify
  }

  step(token: Buffer, done: (step: SaslStep) => void): void {
    if (this.#refusal) {
      done({ kind: 'refused', ...this.#refusal })
      return
    }
    if (token.length === 1 && token[0] === acknowledgement) {
      done({ kind: 'refused', reason: 'nothing was there to acknowledge' })
      return
    }
    const parsed = parse(token.toString('utf8'))
    if (!parsed) {
      done({ kind: 'refused', reason: "the client's first message is malformed" })
      return
    }
    this.#verify(parsed.token, (verdict) => done(this.#judged(verdict, parsed.authorizationId)))
  }

  #judged(verdict: TokenVerdict, authorizationId: string): SaslStep {
    if (verdict.kind === 'invalid') {
      const message = '{"status":"invalid_token"}'
      this.#refusal = { reason: verdict.reason, message }
      return { kind: 'challenge', bytes: Buffer.from(message) }
    }
    if (authorizationId !== '' && authorizationId !== verdict.subject) {
      const message = `Authentication failed: Client requested an authorization id (${authorizationId}) that is different from the token's principal name (${verdict.subject})`
      return { kind: 'refused', reason: message, message }
    }
    return {
      kind: 'authenticated',
      name: verdict.subject,
      bytes: Buffer.alloc(0),
      expiresAtMs: verdict.expiresAtMs,
    }
  }
}

function parse(message: string): { token: string; authorizationId: string } | undefined {
  const match = initialResponse.exec(message)
  if (!match) return undefined
  const pairs = match[2]!.split('\u0001').filter((pair) => pair !== '')
  const auth = pairs.find((pair) => pair.startsWith('auth='))?.slice('auth='.length)
  const token = auth === undefined ? undefined : bearer.exec(auth)?.[1]
  if (token === undefined) return undefined
  return { token, authorizationId: (match[1] ?? '').replaceAll('=2C', ',').replaceAll('=3D', '=') }
}
