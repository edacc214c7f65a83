import { createHash, timingSafeEqual } from 'node:crypto'
import type { SaslMechanism, SaslStep } from './sasl-exchange.ts'

const invalid = 'Authentication failed: Invalid username or password'

/** PLAIN (RFC 4616): the password itself travels, so the connection should be encrypted. */
export function plainMechanism(passwords: ReadonlyMap<string, string>, maxReauthMs: number): SaslMechanism {
  return {
    name: 'PLAIN',
    maxReauthMs,
    begin: () => ({ step: (token, done) => done(check(passwords, token.toString('utf8'))) }),
  }
}

function check(passwords: ReadonlyMap<string, string>, token: string): SaslStep {
  const parts = token.split('\0')
  if (parts.length !== 3) {
    const message = `Invalid SASL/PLAIN response: expected 3 tokens, got ${parts.length}`
    return { kind: 'refused', reason: message, message }
  }
  const [authorizationId, name, password] = parts as [string, string, string]
  if (name === '' || password === '') {
    const message = `Authentication failed: ${name === '' ? 'username' : 'password'} not specified`
    return { kind: 'refused', reason: message, message }
  }
  const expected = passwords.get(name)
  // Unknown users cost the same comparison as known ones.
  const equal = equalInConstantTime(password, expected ?? '')
  if (expected === undefined || !equal) {
    return { kind: 'refused', reason: `invalid username or password for ${name}`, message: invalid }
  }
  if (authorizationId !== '' && authorizationId !== name) {
    const message = 'Authentication failed: Client requested an authorization id that is different from username'
    return { kind: 'refused', reason: message, message }
  }
  return { kind: 'authenticated', name, bytes: Buffer.alloc(0) }
}

/** Of digests, so that neither content nor length shows in the time it takes. */
function equalInConstantTime(one: string, other: string): boolean {
  return timingSafeEqual(createHash('sha256').update(one).digest(), createHash('sha256').update(other).digest())
}
