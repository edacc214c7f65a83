import { apis, decodeResponse, ErrorCode, encodeRequest, kafkaErrorByCode } from '@millrace/protocol'
import { kafkaError } from '../errors.ts'
import type { Connection } from '../transport.ts'
import { scramClient } from './scram.ts'

/** How to prove who we are on a SASL listener. */
export interface SaslOptions {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: string
}

/** Runs the SASL exchange on a fresh connection: SaslHandshake v1, then SaslAuthenticate v2 (KIP-152). */
export async function authenticate(
  connection: Connection,
  sasl: SaslOptions,
  clientId: string,
  deadlineMs: number,
): Promise<void> {
  let correlationId = 0
  const step = async (authBytes: Buffer): Promise<Buffer> => {
    const api = apis.SaslAuthenticate
    const request = encodeRequest({ api, version: 2, correlationId: ++correlationId, clientId, body: { authBytes } })
    const { body } = decodeResponse({ api, version: 2, bytes: await connection.send(request, { deadlineMs }) })
    if (body.errorCode !== ErrorCode.NONE) throw refused(sasl, body.errorCode, body.errorMessage)
    return body.authBytes
  }
  const api = apis.SaslHandshake
  const handshake = { mechanism: sasl.mechanism }
  const request = encodeRequest({ api, version: 1, correlationId: ++correlationId, clientId, body: handshake })
  const { body } = decodeResponse({ api, version: 1, bytes: await connection.send(request, { deadlineMs }) })
  if (body.errorCode !== ErrorCode.NONE) {
    throw refused(sasl, body.errorCode, `the listener offers ${body.mechanisms.join(', ') || 'no mechanism'}`)
  }
  if (sasl.mechanism === 'PLAIN') {
    await step(Buffer.from(`\0${sasl.username}\0${sasl.password}`))
    return
  }
  const client = scramClient(sasl.mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512', sasl.username, sasl.password)
  const serverFirst = await step(Buffer.from(client.first()))
  try {
    const final = client.final(serverFirst.toString())
    client.verify((await step(Buffer.from(final))).toString())
  } catch (cause) {
    const message = `${sasl.mechanism} failed: ${cause instanceof Error ? cause.message : String(cause)}`
    throw kafkaError('KAFKA_AUTHENTICATION_FAILED', message, {}, cause)
  }
}

function refused(sasl: SaslOptions, errorCode: number, detail: string | null): unknown {
  const message = `${sasl.mechanism} as ${sasl.username}: ${detail ?? kafkaErrorByCode(errorCode).message}`
  return kafkaError('KAFKA_AUTHENTICATION_FAILED', message, { errorCode })
}
