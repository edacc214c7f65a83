/** What one token of the client leads to. */
export type SaslStep =
  /** More is needed of the client. */
  | { readonly kind: 'challenge'; readonly bytes: Buffer }
  /** The client is who it says; `expiresAtMs` is when its proof loses its value. */
  | { readonly kind: 'authenticated'; readonly name: string; readonly bytes: Buffer; readonly expiresAtMs?: number }
  /** `reason` is for the operator; the client is told `message` only, which must not say whether the user exists. */
  | { readonly kind: 'refused'; readonly reason: string; readonly message?: string }

/** One conversation of a SASL mechanism, the server's side. */
export interface SaslExchange {
  /** Takes a token of the client and calls `done` once, at once or when somebody else has been asked. */
  step(token: Buffer, done: (step: SaslStep) => void): void
}

/** A mechanism as one listener offers it. */
export interface SaslMechanism {
  readonly name: string
  /** How long a session lasts before it must authenticate again (KIP-368); 0 for ever. */
  readonly maxReauthMs: number
  begin(): SaslExchange
}

/** How a listener authenticates. */
export interface SaslPolicy {
  /** By name, in the order in which they are offered. */
  readonly mechanisms: ReadonlyMap<string, SaslMechanism>
  /** How long the answer to a failed attempt is held back: guessing shall take time. */
  readonly failureDelayMs: number
}
