/** Where a broker listens. */
export interface Target {
  readonly host: string
  readonly port: number
}

export interface SendOptions {
  /**
   * Milliseconds from now within which the reply must have arrived. When it has not, the connection is closed and every
   * outstanding request fails: replies come in order, so a connection that skipped one could no longer be read.
   */
  readonly deadlineMs: number
  /** False for Produce with acks 0: resolves with an empty buffer once the request was handed over. Default true. */
  readonly expectResponse?: boolean
}

/**
 * One ordered byte channel to one broker. Requests and responses are as `encodeRequest` and `decodeResponse` have
 * them, without the length frame. Replies arrive in the order of the requests.
 */
export interface Connection {
  /** Fails with KAFKA_TIMEOUT, KAFKA_DISCONNECTED, KAFKA_HUNG_UP, KAFKA_TLS_FAILED or KAFKA_RESPONSE_TOO_LARGE. */
  send(request: Buffer, options: SendOptions): Promise<Buffer>
  /**
   * The same for a request in pieces, whose memory stays as it is until the answer is there; connections that have it are
   * spared the copying of all that is produced.
   */
  sendParts?(request: readonly Buffer[], options: SendOptions): Promise<Buffer>
  /** Resolves, never rejects, once the connection has ended for whatever reason. */
  readonly closed: Promise<void>
  close(): void
}

/** How the client reaches brokers: `networkTransport()` or `memoryTransport()`. */
export interface Transport {
  /** Fails with KAFKA_CONNECT_FAILED, KAFKA_HUNG_UP, KAFKA_TLS_FAILED or KAFKA_AUTHENTICATION_FAILED. */
  connect(target: Target, options: { readonly clientId: string; readonly signal?: AbortSignal }): Promise<Connection>
}
