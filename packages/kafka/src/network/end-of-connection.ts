import type { MillraceError } from '@millrace/base'
import { kafkaError } from '../errors.ts'
import type { Target } from '../transport.ts'

/** How far a connection had come. `answers` are whole replies; without any, TLS may not even have been agreed on. */
export interface Stage {
  readonly isTls: boolean
  readonly answers: number
}

/**
 * What the peer's closing a connection says when it comes early: brokers do not explain themselves to a client that does
 * not speak TLS or does not log in, they hang up. Undefined when it says nothing.
 */
export function endOfConnection(target: Target, { isTls, answers }: Stage, cause?: unknown): MillraceError | undefined {
  const { host, port } = target
  const failed = tlsFailure(target, cause)
  if (failed !== undefined) return failed
  // ApiVersions is answered before a login; the request after it is the first that needs one.
  if (answers > 1) return undefined
  const early =
    answers === 1
      ? 'after its first answer; the listener may want a login (SASL)'
      : `without an answer; the listener may want ${isTls ? 'no TLS, or a certificate of the client' : 'TLS'}`
  return kafkaError('KAFKA_HUNG_UP', `${host}:${port} closed the connection ${early}`, { host, port }, cause)
}

/** The error for a certificate that is not trusted, an alert of the peer, or a peer that speaks no TLS. */
export function tlsFailure({ host, port }: Target, cause: unknown): MillraceError | undefined {
  if (!(cause instanceof Error)) return undefined
  const { code = '' } = cause as NodeJS.ErrnoException
  if (!certificateCodes.test(code) && !handshakeCodes.test(code)) return undefined
  const reason = (cause as { reason?: string }).reason ?? cause.message
  return kafkaError('KAFKA_TLS_FAILED', `TLS with ${host}:${port} failed: ${reason}`, { host, port }, cause)
}

/** Whether bytes that should be a Kafka reply are a TLS alert record, in any version of TLS. */
export function isTlsAlert(bytes: Uint8Array): boolean {
  return bytes[0] === 0x15 && bytes[1] === 0x03
}

/** OpenSSL's verdicts on a certificate, as Node names them. */
const certificateCodes =
  /^(UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CERT_|CRL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/

/** The peer says no, or what it says is not TLS. An internal error of the peer may be over the next time. */
const handshakeCodes = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|(?!.*_INTERNAL_ERROR).*_ALERT_)/
