import { apis, type SaslAuthenticateResponse, type SaslHandshakeResponse } from '@millrace/protocol'
import { scramClient } from '../../../kafka/src/network/scram.ts'
import type { RawConnection } from './raw-connection.ts'

export function handshake(connection: RawConnection, mechanism: string, version = 1): Promise<SaslHandshakeResponse> {
  return connection.call(apis.SaslHandshake, version, { mechanism })
}

export function token(
  connection: RawConnection,
  bytes: string | Buffer,
  version = 2,
): Promise<SaslAuthenticateResponse> {
  return connection.call(apis.SaslAuthenticate, version, { authBytes: Buffer.from(bytes as string) })
}

/** Handshake and token of PLAIN; the answer to the token. */
export async function plain(
  connection: RawConnection,
  user: string,
  password: string,
): Promise<SaslAuthenticateResponse> {
  await handshake(connection, 'PLAIN')
  return token(connection, `\0${user}\0${password}`)
}

/** Handshake and tokens of SCRAM; the answer to the first that is refused, or to the last. */
export async function scram(
  connection: RawConnection,
  user: string,
  password: string,
  mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512' = 'SCRAM-SHA-256',
): Promise<SaslAuthenticateResponse> {
  await handshake(connection, mechanism)
  const client = scramClient(mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha512', user, password)
  const first = await token(connection, client.first())
  if (first.errorCode !== 0) return first
  const last = await token(connection, client.final(first.authBytes.toString()))
  if (last.errorCode === 0) client.verify(last.authBytes.toString())
  return last
}
