import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

/** An OAuth issuer without a server: one key that signs tokens. */
export interface Issuer {
  /** The key set that brokers check tokens with. */
  readonly jwks: string
  /** A token for alice, good for an hour; claims given here replace its own, undefined leaves one out. */
  token(
    claims?: JWTPayload,
    options?: { algorithm?: string; key?: CryptoKey | Uint8Array; keyId?: string },
  ): Promise<string>
}

export async function issuer(keyId = 'one'): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: keyId, use: 'sig', alg: 'ES256' }
  return {
    jwks: JSON.stringify({ keys: [jwk] }),
    token(claims = {}, { algorithm = 'ES256', key = privateKey, keyId: kid = keyId } = {}) {
      const seconds = Math.floor(Date.now() / 1000)
      const own = {
        iss: 'https://issuer.example',
        aud: 'kafka',
        sub: 'alice',
        scope: ['produce'],
        iat: seconds,
        exp: seconds + 3600,
      }
      return new SignJWT({ ...own, ...claims }).setProtectedHeader({ alg: algorithm, kid }).sign(key)
    },
  }
}
