import { createHmac } from 'node:crypto'
import {
  credentialOf,
  printableRandom,
  type ScramCredential,
  type ScramMechanismName,
  saltedPassword,
  scramIterations,
  scramMechanisms,
} from './sasl/scram-keys.ts'

/** A credential as the metadata journal keeps it; null removes it. */
export interface ScramCredentialRecord {
  readonly kind: 'scramCredential'
  readonly user: string
  readonly mechanism: ScramMechanismName
  readonly credential: {
    readonly salt: string
    readonly storedKey: string
    readonly serverKey: string
    readonly iterations: number
  } | null
}

/** Which salts users get who do not exist. */
export interface ScramDecoyRecord {
  readonly kind: 'scramDecoy'
  readonly secret: string
}

export interface ScramEnvironment {
  /** Makes changes durable, all or none; throws when they cannot be. */
  record(...records: (ScramCredentialRecord | ScramDecoyRecord)[]): void
  secureBytes(size: number): Buffer
}

/** One change; all of a request are made together. */
export interface ScramChange {
  readonly user: string
  readonly mechanism: ScramMechanismName
  readonly credential: ScramCredential | undefined
}

/** SCRAM users (KIP-84, KIP-554): salted, never the passwords; durable in the metadata journal. */
export class ScramCredentials {
  readonly #environment: ScramEnvironment
  readonly #byMechanism: Record<ScramMechanismName, Map<string, ScramCredential>> = {
    'SCRAM-SHA-256': new Map(),
    'SCRAM-SHA-512': new Map(),
  }
  #decoySecret: Buffer | undefined

  constructor(environment: ScramEnvironment) {
    this.#environment = environment
  }

  /** Takes a recorded change into memory. */
  apply(record: ScramCredentialRecord | ScramDecoyRecord): void {
    if (record.kind === 'scramDecoy') {
      this.#decoySecret = Buffer.from(record.secret, 'base64')
      return
    }
    const { user, mechanism, credential } = record
    if (!credential) {
      this.#byMechanism[mechanism].delete(user)
      return
    }
    this.#byMechanism[mechanism].set(user, {
      salt: Buffer.from(credential.salt, 'base64'),
      storedKey: Buffer.from(credential.storedKey, 'base64'),
      serverKey: Buffer.from(credential.serverKey, 'base64'),
      iterations: credential.iterations,
    })
  }

  /** Records changes and then applies them. Throws what recording throws; nothing is changed then. */
  alter(changes: readonly ScramChange[]): void {
    const records = changes.map(recordOf)
    if (records.length === 0) return
    this.#environment.record(...records)
    for (const record of records) this.apply(record)
  }

  /** Gives a user a password where there is no credential yet: how the first administrator comes in. */
  bootstrap(mechanism: ScramMechanismName, user: string, password: string): void {
    if (this.#byMechanism[mechanism].has(user)) return
    const salt = Buffer.from(printableRandom(this.#environment.secureBytes(17)))
    const salted = saltedPassword(mechanism, password, salt, scramIterations.min)
    const credential = credentialOf(mechanism, salted, salt, scramIterations.min)
    this.alter([{ user, mechanism, credential }])
  }

  find(mechanism: ScramMechanismName, user: string): ScramCredential | undefined {
    return this.#byMechanism[mechanism].get(user)
  }

  users(): string[] {
    return [...new Set(Object.values(this.#byMechanism).flatMap((users) => [...users.keys()]))].sort()
  }

  /**
   * The user's credential, or a decoy that no password fits. A decoy has a salt of its own that is the same at every
   * attempt and after every restart, as that of a real user is.
   */
  credential(mechanism: ScramMechanismName, user: string): ScramCredential {
    const { keyBytes } = scramMechanisms[mechanism]
    const known = this.#byMechanism[mechanism].get(user)
    const digest = createHmac('sha256', this.#secret()).update(`${mechanism}:${user}`).digest()
    if (known) return known
    return {
      salt: Buffer.from(printableRandom(digest)),
      // Random anew each time: nobody can have made a proof for it.
      storedKey: this.#environment.secureBytes(keyBytes),
      serverKey: this.#environment.secureBytes(keyBytes),
      iterations: this.#usualIterations(mechanism),
    }
  }

  secureBytes(size: number): Buffer {
    return this.#environment.secureBytes(size)
  }

  *records(): Iterable<ScramCredentialRecord | ScramDecoyRecord> {
    if (this.#decoySecret) yield { kind: 'scramDecoy', secret: this.#decoySecret.toString('base64') }
    for (const mechanism of Object.keys(this.#byMechanism) as ScramMechanismName[]) {
      for (const [user, credential] of this.#byMechanism[mechanism]) yield recordOf({ user, mechanism, credential })
    }
  }

  #secret(): Buffer {
    if (this.#decoySecret) return this.#decoySecret
    const secret = this.#environment.secureBytes(32)
    this.#decoySecret = secret
    try {
      this.#environment.record({ kind: 'scramDecoy', secret: secret.toString('base64') })
    } catch {
      // When the disk is full, logging in must go on; the next start draws another.
    }
    return secret
  }

  /** What most users of the mechanism have. */
  #usualIterations(mechanism: ScramMechanismName): number {
    const counts = new Map<number, number>()
    for (const { iterations } of this.#byMechanism[mechanism].values()) {
      counts.set(iterations, (counts.get(iterations) ?? 0) + 1)
    }
    let usual: number = scramIterations.min
    for (const [iterations, count] of counts) if (count > (counts.get(usual) ?? 0)) usual = iterations
    return usual
  }
}

function recordOf({ user, mechanism, credential }: ScramChange): ScramCredentialRecord {
  if (!credential) return { kind: 'scramCredential', user, mechanism, credential: null }
  const { salt, storedKey, serverKey, iterations } = credential
  const [saltText, storedText, serverText] = [salt, storedKey, serverKey].map((bytes) => bytes.toString('base64'))
  return {
    kind: 'scramCredential',
    user,
    mechanism,
    credential: { salt: saltText!, storedKey: storedText!, serverKey: serverText!, iterations },
  }
}
