import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { decodeResponse, encodeRequest, type MessageInput, type MessageType } from '@millrace/protocol'

interface ApiOf<Request, Response> {
  readonly key: number
  readonly name: string
  readonly request: MessageType<Request>
  readonly response: MessageType<Response>
}

export function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** A socket that knows frames and nothing else. */
export class RawConnection implements Disposable {
  readonly socket: Socket
  readonly closed: Promise<void>
  #chunks: Buffer[] = []
  #bytes = 0
  #waiters: (() => void)[] = []
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    const wake = (): void => {
      const waiters = this.#waiters
      this.#waiters = []
      for (const waiter of waiters) waiter()
    }
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#bytes += chunk.length
      wake()
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#isClosed = true
      wake()
    })
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('connect', () => resolve(new RawConnection(socket)))
    })
  }

  /** Resolves when the handshake is done; with TLS 1.3 the broker may still refuse the client's certificate then. */
  static openTls(port: number, options: ConnectionOptions): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', ...options })
      socket.once('error', reject)
      socket.once('secureConnect', () => resolve(new RawConnection(socket)))
    })
  }

  send<Request, Response>(
    api: ApiOf<Request, Response>,
    version: number,
    correlationId: number,
    body: MessageInput<Request>,
  ): void {
    this.socket.write(framed(encodeRequest({ api, version, correlationId, clientId: 'raw', body })))
  }

  /** Everything that has arrived and was not taken as a frame. */
  get received(): Buffer {
    return this.#start(this.#bytes)
  }

  /** The first chunk, put together with others so that it has so many bytes. Large frames come in a thousand chunks. */
  #start(bytes: number): Buffer {
    let count = 0
    for (let sum = 0; sum < bytes; count++) sum += this.#chunks[count]!.length
    if (count > 1) this.#chunks.splice(0, count, Buffer.concat(this.#chunks.slice(0, count)))
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  /** The next frame; rejects when the connection closes first. */
  async frame(): Promise<Buffer> {
    for (;;) {
      const length = this.#bytes >= 4 ? this.#start(4).readInt32BE(0) : Number.POSITIVE_INFINITY
      if (this.#bytes >= 4 + length) {
        const all = this.#start(4 + length)
        this.#chunks[0] = all.subarray(4 + length)
        this.#bytes -= 4 + length
        return all.subarray(4, 4 + length)
      }
      if (this.#isClosed) throw new Error('closed before a whole frame came')
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  async call<Request, Response>(
    api: ApiOf<Request, Response>,
    version: number,
    body: MessageInput<Request>,
  ): Promise<Response> {
    this.send(api, version, 1, body)
    return decodeResponse({ api, version, bytes: await this.frame() }).body
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}
