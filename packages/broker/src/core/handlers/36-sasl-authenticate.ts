import { apis, type SaslAuthenticateResponse } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'
import { lateToken } from '../security/authentication.ts'

/**
 * SaslAuthenticate (36), v0 to v2. One token of the mechanism agreed on. From version 1 the last answer says how long the session
 * lasts (KIP-368). What fails is answered after a pause, then the connection closes.
 */
export const saslAuthenticate = handler({
  api: apis.SaslAuthenticate,
  versions: [0, 2],
  kips: [84, 152, 255, 368, 768],
  leftOut: 'Delegation tokens (KIP-48) do not log in: there are none.',
  handle({ authBytes }, { session }) {
    if (!session.authentication) return lateToken
    const answer = new Deferred<SaslAuthenticateResponse>()
    session.authentication.token(authBytes, (result) => answer.resolve(result))
    return answer
  },
})
