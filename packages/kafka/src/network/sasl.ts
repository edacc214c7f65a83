import { apis, decodeResponse, ErrorCode, encodeRequest, kafkaErrorByCode } from '@millrace/protocol'
import { kafkaError } from '../errors.ts'
import type { Connection } from '../transport.ts'
import { scramClient } from './scram.ts'

/** A user and a password. */
export interface PasswordSasl {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: string
}

/** An access token of an OAuth issuer (KIP-255, KIP-768). */
export interface TokenSasl {
  readonly mechanism: 'OAUTHBEARER'
  /** The token, or what gets one: it is called for every connection, and again before a session expires. */
  readonly token: string | (() => string | Promise<string>)
}

/** How to prove who we are on a SASL listener. */
export type SaslOptions = PasswordSasl | TokenSasl

/** Sends a token. The last answer says for how many milliseconds the session lasts (KIP-368); 0 for ever. */
type Step = (authBytes: Buffer) => Promise<{ authBytes: Buffer; sessionLifetimeMs: number }>

/**
 * Runs the SASL exchange: SaslHandshake v1, then SaslAuthenticate v2 (KIP-152). Resolves with how many milliseconds the session
 * lasts before it must be run again on the same connection; 0 for ever.
 */
export async function authenticate(
  connection: Pick<Connection, 'send'>,
  sasl: SaslOptions,
  clientId: string,
  deadlineMs: number,
): Promise<number> {
  let correlationId = 0
  const step: Step = async (authBytes) => {
    const api = apis.SaslAuthenticate
    const request = encodeRequest({ api, version: 2, correlationId: ++correlationId, clientId, body: { authBytes } })
    const { body } = decodeResponse({ api, version: 2, bytes: await connection.send(request, { deadlineMs }) })
    if (body.errorCode !== ErrorCode.NONE) throw refused(sasl, body.errorCode, body.errorMessage)
    return body
  }
  // Before the handshake: behind it a broker takes nothing but tokens, and getting one may fail.
  const token = sasl.mechanism === 'OAUTHBEARER' ? await tokenOf(sasl) : ''
  const api = apis.SaslHandshake
  const handshake = { mechanism: sasl.mechanism }
  const request = encodeRequest({ api, version: 1, correlationId: ++correlationId, clientId, body: handshake })
  const { body } = decodeResponse({ api, version: 1, bytes: await connection.send(request, { deadlineMs }) })
  if (body.errorCode !== ErrorCode.NONE) {
    throw refused(sasl, body.errorCode, `the listener offers ${body.mechanisms.join(', ') || 'no mechanism'}`)
  }
  if (sasl.mechanism === 'OAUTHBEARER') return bearer(step, token)
  if (sasl.mechanism !== 'PLAIN') return scram(step, sasl)
  const { sessionLifetimeMs } = await step(Buffer.from(`\0${sasl.username}\0${sasl.password}`))
  return sessionLifetimeMs
}

async function tokenOf({ token }: TokenSasl): Promise<string> {
  try {
    return typeof token === 'string' ? token : await token()
  } catch (cause) {
    throw kafkaError('KAFKA_AUTHENTICATION_FAILED', 'OAUTHBEARER: there is no token', {}, cause)
  }
}

/** RFC 7628: a refusal comes as a challenge, and its acknowledgement brings the error. */
async function bearer(step: Step, token: string): Promise<number> {
  const first = await step(Buffer.from(`n,,\u0001auth=Bearer ${token}\u0001\u0001`))
  if (first.authBytes.length === 0) return first.sessionLifetimeMs
  await step(Buffer.from([1]))
  const message = `OAUTHBEARER: the broker answered ${first.authBytes.toString()}`
  throw kafkaError('KAFKA_AUTHENTICATION_FAILED', message, {})
}

async function scram(step: Step, { mechanism, username, password }: PasswordSasl): Promise<number> {
  const client = scramClient(mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512', username, password)
  const serverFirst = await step(Buffer.from(client.first()))
  try {
    const { authBytes, sessionLifetimeMs } = await step(Buffer.from(client.final(serverFirst.authBytes.toString())))
    client.verify(authBytes.toString())
    return sessionLifetimeMs
  } catch (cause) {
    const message = `${mechanism} failed: ${cause instanceof Error ? cause.message : String(cause)}`
    throw kafkaError('KAFKA_AUTHENTICATION_FAILED', message, {}, cause)
  }
}

function refused(sasl: SaslOptions, errorCode: number, detail: string | null): unknown {
  const who = sasl.mechanism === 'OAUTHBEARER' ? '' : ` as ${sasl.username}`
  const message = `${sasl.mechanism}${who}: ${detail ?? kafkaErrorByCode(errorCode).message}`
  return kafkaError('KAFKA_AUTHENTICATION_FAILED', message, { errorCode })
}
