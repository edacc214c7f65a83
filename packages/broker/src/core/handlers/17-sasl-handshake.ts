import { apis, ErrorCode, type SaslHandshakeResponse } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'

/**
 * SaslHandshake (17), v0 and v1. Agrees on a mechanism. After version 0 tokens follow without headers, after version 1 in
 * SaslAuthenticate. Asks again before a session expires; elsewhere it is out of place.
 */
export const saslHandshake = handler({
  api: apis.SaslHandshake,
  versions: [0, 1],
  kips: [43, 152, 368],
  leftOut: 'GSSAPI (Kerberos) is not offered.',
  handle({ mechanism }, { session, apiVersion }) {
    if (!session.authentication) return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] }
    const answer = new Deferred<SaslHandshakeResponse>()
    session.authentication.handshake(mechanism, apiVersion, (errorCode, mechanisms) => {
      answer.resolve({ errorCode, mechanisms })
    })
    return answer
  },
})
