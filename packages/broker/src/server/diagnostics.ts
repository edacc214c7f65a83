import { channel } from 'node:diagnostics_channel'

export interface ConnectionClosed {
  readonly clientHost: string
  readonly error: Error
}

/** A connection was closed by the broker; the message carries `clientHost` and the error with its code. */
export const connectionClosedChannel = channel('millrace:broker:connection-closed')
/** A listener serves; the message carries `host`, `port`, `listener`, `securityProtocol`, and how many bytes recovery cut. */
export const listeningChannel = channel('millrace:broker:listening')
