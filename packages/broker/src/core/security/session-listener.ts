import type { SaslPolicy } from './sasl/sasl-exchange.ts'

/** What a session must know about the listener its connection came in on. */
export interface SessionListener {
  readonly name: string
  /** What clients of this listener are told to connect to. */
  readonly advertised: { readonly host: string; readonly port: number }
  /** Undefined where no SASL is asked for. */
  readonly sasl: SaslPolicy | undefined
}
