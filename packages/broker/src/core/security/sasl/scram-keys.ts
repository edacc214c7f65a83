import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

/** SCRAM mechanisms: their code in the protocol (KIP-554) and their hash. */
export const scramMechanisms = {
  'SCRAM-SHA-256': { type: 1, hash: 'sha256', keyBytes: 32 },
  'SCRAM-SHA-512': { type: 2, hash: 'sha512', keyBytes: 64 },
} as const
export type ScramMechanismName = keyof typeof scramMechanisms

/** Fewest and most rounds of a credential, as in Kafka. */
export const scramIterations = { min: 4096, max: 16384 } as const

/** What is kept of a password (RFC 5802): enough to check a proof, not enough to make one. */
export interface ScramCredential {
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
  readonly iterations: number
}

export function isScramMechanism(name: string): name is ScramMechanismName {
  return Object.hasOwn(scramMechanisms, name)
}

export function scramMechanismOf(type: number): ScramMechanismName | undefined {
  return (Object.keys(scramMechanisms) as ScramMechanismName[]).find((name) => scramMechanisms[name].type === type)
}

export function hmac(mechanism: ScramMechanismName, key: Buffer, text: string): Buffer {
  return createHmac(scramMechanisms[mechanism].hash, key).update(text).digest()
}

export function hash(mechanism: ScramMechanismName, bytes: Buffer): Buffer {
  return createHash(scramMechanisms[mechanism].hash).update(bytes).digest()
}

/** The password as UTF-8, without SASLprep: so do Kafka and its clients. */
export function saltedPassword(
  mechanism: ScramMechanismName,
  password: string,
  salt: Buffer,
  iterations: number,
): Buffer {
  const { hash, keyBytes } = scramMechanisms[mechanism]
  return pbkdf2Sync(password, salt, iterations, keyBytes, hash)
}

export function credentialOf(
  mechanism: ScramMechanismName,
  salted: Buffer,
  salt: Buffer,
  iterations: number,
): ScramCredential {
  return {
    salt,
    storedKey: hash(mechanism, hmac(mechanism, salted, 'Client Key')),
    serverKey: hmac(mechanism, salted, 'Server Key'),
    iterations,
  }
}

/** Salts and nonces look like Kafka's: 130 bits in base 36. */
export function printableRandom(bytes: Buffer): string {
  return (BigInt(`0x${bytes.subarray(0, 17).toString('hex')}`) >> 6n).toString(36)
}
