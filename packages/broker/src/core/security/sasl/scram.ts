import { timingSafeEqual } from 'node:crypto'
import type { SaslExchange, SaslMechanism, SaslStep } from './sasl-exchange.ts'
import { hash, hmac, printableRandom, type ScramCredential, type ScramMechanismName } from './scram-keys.ts'

/** Where credentials are looked up. */
export interface ScramLookup {
  /** The user's credential, or one that no password fits: who asks must not learn whether the user exists. */
  credential(mechanism: ScramMechanismName, user: string): ScramCredential
  secureBytes(size: number): Buffer
}

/** SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677) without channel binding, as in Kafka. */
export function scramMechanism(name: ScramMechanismName, lookup: ScramLookup, maxReauthMs: number): SaslMechanism {
  return { name, maxReauthMs, begin: () => new ScramExchange(name, lookup, printableRandom(lookup.secureBytes(17))) }
}

interface Begun {
  readonly user: string
  readonly credential: ScramCredential
  readonly nonce: string
  /** GS2 header of the first message; the final one must repeat it. */
  readonly gs2Header: string
  readonly firstBare: string
  readonly serverFirst: string
}

/** Two messages of each side; anything out of order or form is refused. */
export class ScramExchange implements SaslExchange {
  readonly #mechanism: ScramMechanismName
  readonly #lookup: Pick<ScramLookup, 'credential'>
  readonly #serverNonce: string
  #begun: Begun | undefined

  constructor(mechanism: ScramMechanismName, lookup: Pick<ScramLookup, 'credential'>, serverNonce: string) {
    this.#mechanism = mechanism
    this.#lookup = lookup
    this.#serverNonce = serverNonce
  }

  step(token: Buffer, done: (step: SaslStep) => void): void {
    const message = token.toString('utf8')
    done(this.#begun ? this.#final(message, this.#begun) : this.#first(message))
  }

  #first(message: string): SaslStep {
    // gs2-header: channel binding flag, authorization id; then reserved extension, user, nonce, extensions.
    const match = /^([ny]),(?:a=([^,]*))?,((?:m=[^,]*,)?n=([^,]*),r=([!-+\--~]+)(?:,[A-Za-z]=[^,]*)*)$/.exec(message)
    if (!match) return { kind: 'refused', reason: "the client's first message is malformed" }
    const [, flag, authorizationId = '', firstBare, saslName, clientNonce] = match as string[]
    if (firstBare!.startsWith('m=')) return { kind: 'refused', reason: 'the client wants an unknown extension' }
    // KIP-48: delegation tokens log in through SCRAM; there are none here.
    if (/,tokenauth=true(,|$)/.test(firstBare!)) return { kind: 'refused', reason: 'delegation tokens are not served' }
    const user = unescaped(saslName!)
    const authorized = unescaped(authorizationId)
    if (user === undefined || user === '' || authorized === undefined) {
      return { kind: 'refused', reason: 'the user name is malformed' }
    }
    if (authorized !== '' && authorized !== user) {
      const text = 'Authentication failed: Client requested an authorization id that is different from username'
      return { kind: 'refused', reason: text, message: text }
    }
    const credential = this.#lookup.credential(this.#mechanism, user)
    const nonce = clientNonce! + this.#serverNonce
    const serverFirst = `r=${nonce},s=${credential.salt.toString('base64')},i=${credential.iterations}`
    const gs2Header = `${flag},${authorizationId === '' ? '' : `a=${authorizationId}`},`
    this.#begun = { user, credential, nonce, gs2Header, firstBare: firstBare!, serverFirst }
    return { kind: 'challenge', bytes: Buffer.from(serverFirst) }
  }

  #final(message: string, begun: Begun): SaslStep {
    const { user, credential, nonce, gs2Header, firstBare, serverFirst } = begun
    const match = /^(c=([A-Za-z0-9+/]+={0,2}),r=([!-+\--~]+)(?:,[A-Za-z]=[^,]*)*),p=([A-Za-z0-9+/]+={0,2})$/.exec(
      message,
    )
    if (!match) return { kind: 'refused', reason: "the client's final message is malformed" }
    const [, withoutProof, binding, theirNonce, proof] = match as string[]
    // librdkafka before 2.2 puts its own part in front once more, which Kafka refuses since CVE-2024-56128. The whole nonce is there, and
    // the proof covers what was sent.
    if (!theirNonce!.endsWith(nonce)) return { kind: 'refused', reason: 'the client repeats another nonce' }
    if (Buffer.from(binding!, 'base64').toString('utf8') !== gs2Header) {
      return { kind: 'refused', reason: 'the client repeats another channel binding' }
    }
    const authMessage = `${firstBare},${serverFirst},${withoutProof}`
    const signature = hmac(this.#mechanism, credential.storedKey, authMessage)
    const clientProof = Buffer.from(proof!, 'base64')
    // A proof of the wrong length is compared as well, against nothing it could equal.
    const clientKey = Buffer.from(signature.map((byte, index) => byte ^ (clientProof[index] ?? 0)))
    const proven = timingSafeEqual(hash(this.#mechanism, clientKey), credential.storedKey)
    if (!proven || clientProof.length !== signature.length) {
      return { kind: 'refused', reason: `invalid credentials for ${user}` }
    }
    const serverSignature = hmac(this.#mechanism, credential.serverKey, authMessage).toString('base64')
    return { kind: 'authenticated', name: user, bytes: Buffer.from(`v=${serverSignature}`) }
  }
}

/** RFC 5802: `=2C` and `=3D` stand for comma and equals sign; undefined for any other use of the latter. */
function unescaped(name: string): string | undefined {
  if (/=(?!2C|3D)/.test(name)) return undefined
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
