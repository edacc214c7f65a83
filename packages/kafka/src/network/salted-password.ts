import { pbkdf2Sync, randomBytes } from 'node:crypto'

const saltBytes = 24

/** What a broker gets to know in place of a password (RFC 5802), with a new salt. */
export function saltedPassword(
  hash: 'sha256' | 'sha512',
  password: string,
  iterations: number,
): { readonly salt: Buffer; readonly saltedPassword: Buffer } {
  const salt = randomBytes(saltBytes)
  return { salt, saltedPassword: pbkdf2Sync(password, salt, iterations, hash === 'sha256' ? 32 : 64, hash) }
}
