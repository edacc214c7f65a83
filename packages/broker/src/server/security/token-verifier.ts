import { readFile, stat } from 'node:fs/promises'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { listElements } from '../../core/config/definition.ts'
import type { TokenVerdict, TokenVerifier } from '../../core/security/sasl/oauth-bearer.ts'
import { brokerError } from '../../errors.ts'

/** What is signed with a secret would let everyone who may check tokens make them. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** Verifies access tokens against the keys of their issuer (KIP-768). Throws BROKER_CONFIG_INVALID. */
export function tokenVerifier(setting: (name: string) => string, listener: string): TokenVerifier {
  const keys = keySet(setting, listener)
  const issuer = setting('sasl.oauthbearer.expected.issuer')
  const audience = listElements(setting('sasl.oauthbearer.expected.audience'))
  const claims = {
    scope: setting('sasl.oauthbearer.scope.claim.name'),
    subject: setting('sasl.oauthbearer.sub.claim.name'),
  }
  const options = {
    algorithms,
    clockTolerance: Number(setting('sasl.oauthbearer.clock.skew.seconds')),
    requiredClaims: ['exp', 'iat', claims.subject],
    ...(issuer !== '' && { issuer }),
    ...(audience.length > 0 && { audience }),
  }
  return (token, done) => {
    jwtVerify(token, keys, options).then(
      ({ payload }) => done(judged(payload, claims)),
      (error: unknown) => done({ kind: 'invalid', reason: reasonOf(error) }),
    )
  }
}

function judged(payload: JWTPayload, claims: { readonly scope: string; readonly subject: string }): TokenVerdict {
  const subject = payload[claims.subject]
  if (typeof subject !== 'string' || subject.trim() === '') {
    return { kind: 'invalid', reason: `the claim ${claims.subject} is no name` }
  }
  const scope = payload[claims.scope]
  const scopes = typeof scope === 'string' ? [scope] : (scope ?? [])
  const isScope = Array.isArray(scopes) && scopes.every((one) => typeof one === 'string' && one.trim() !== '')
  if (!isScope || new Set(scopes).size !== scopes.length) {
    return { kind: 'invalid', reason: `the claim ${claims.scope} is no list of scopes` }
  }
  return { kind: 'valid', subject, expiresAtMs: payload.exp! * 1000 }
}

/** The token itself is never told: whoever reads logs could use it. */
function reasonOf(error: unknown): string {
  const { code, message } = error as Error & { code?: string }
  return `the token is not accepted: ${message}${code === undefined ? '' : ` (${code})`}`
}

function keySet(setting: (name: string) => string, listener: string): JWTVerifyGetKey {
  const name = 'sasl.oauthbearer.jwks.endpoint.url'
  const text = setting(name)
  const invalid = (problem: string): Error =>
    brokerError('BROKER_CONFIG_INVALID', `${name} of listener ${listener} ${problem}`, { name, listener })
  if (text === '') throw invalid('is missing; OAUTHBEARER needs the keys that tokens are signed with')
  if (!URL.canParse(text)) throw invalid(`is ${text}, which is no URL`)
  const url = new URL(text)
  const refreshMs = Number(setting('sasl.oauthbearer.jwks.endpoint.refresh.ms'))
  switch (url.protocol) {
    case 'https:':
    case 'http:':
      return createRemoteJWKSet(url, { cacheMaxAge: refreshMs, timeoutDuration: fetchTimeoutMs })
    case 'file:':
      return fileKeySet(url)
    default:
      throw invalid(`is ${text}; a key set is read by http:, https: or file:`)
  }
}

const fetchTimeoutMs = 5000

/** Keys of a file, read anew when it has changed. */
function fileKeySet(file: URL): JWTVerifyGetKey {
  let current: { readonly keys: JWTVerifyGetKey; readonly modifiedMs: number } | undefined
  return async (header, token) => {
    const { mtimeMs: modifiedMs } = await stat(file)
    if (current?.modifiedMs !== modifiedMs) {
      const keys = createLocalJWKSet(JSON.parse(await readFile(file, 'utf8')) as JSONWebKeySet)
      current = { keys, modifiedMs }
    }
    return current.keys(header, token)
  }
}
