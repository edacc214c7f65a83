import { pbkdf2Sync, randomBytes } from 'node:crypto'

const saltBytes = 24

/** What stands for a password (RFC 5802), with a new salt unless there is one. UTF-8 without SASLprep, as Kafka and its clients take it. */
export function saltedPassword(
  hash: 'sha256' | 'sha512',
  password: string,
  iterations: number,
  salt = randomBytes(saltBytes),
): { readonly salt: Buffer; readonly saltedPassword: Buffer } {
  return { salt, saltedPassword: pbkdf2Sync(password, salt, iterations, hash === 'sha256' ? 32 : 64, hash) }
}
