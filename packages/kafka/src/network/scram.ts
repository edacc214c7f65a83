import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { saltedPassword } from './salted-password.ts'

/** One SCRAM conversation, client side (RFC 5802, without channel binding). */
export interface ScramClient {
  first(): string
  /** Answers the server's first message. Throws when the server's part does not fit. */
  final(serverFirst: string): string
  /** Throws when the server does not know the password either. */
  verify(serverFinal: string): void
}

/** The most iterations a server may ask for: the work is done on the event loop. */
const maxIterations = 1_000_000

export function scramClient(
  hash: 'sha256' | 'sha512',
  username: string,
  password: string,
  nonce: string = randomBytes(24).toString('base64url'),
): ScramClient {
  const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest()
  const firstBare = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  let serverSignature: Buffer | undefined
  return {
    first: () => `n,,${firstBare}`,
    final(serverFirst) {
      const attributes = parse(serverFirst)
      const serverNonce = attributes.get('r') ?? ''
      const iterations = Number(attributes.get('i'))
      const salt = Buffer.from(attributes.get('s') ?? '', 'base64')
      if (!serverNonce.startsWith(nonce) || serverNonce === nonce)
        throw new Error('the server repeated no nonce of ours')
      if (!(iterations >= 4096 && iterations <= maxIterations))
        throw new Error(`the server asks for ${iterations} iterations`)
      const { saltedPassword: salted } = saltedPassword(hash, password, iterations, salt)
      const clientKey = hmac(salted, 'Client Key')
      const withoutProof = `c=biws,r=${serverNonce}`
      const authMessage = `${firstBare},${serverFirst},${withoutProof}`
      const signature = hmac(createHash(hash).update(clientKey).digest(), authMessage)
      const proof = clientKey.map((byte, index) => byte ^ (signature[index] as number))
      serverSignature = hmac(hmac(salted, 'Server Key'), authMessage)
      return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`
    },
    verify(serverFinal) {
      const attributes = parse(serverFinal)
      if (attributes.has('e')) throw new Error(`the server answered ${attributes.get('e')}`)
      const theirs = Buffer.from(attributes.get('v') ?? '', 'base64')
      const ours = serverSignature
      if (ours === undefined || theirs.length !== ours.length || !timingSafeEqual(theirs, ours)) {
        throw new Error('the server could not prove that it knows the password')
      }
    },
  }
}

function parse(message: string): Map<string, string> {
  return new Map(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]))
}
