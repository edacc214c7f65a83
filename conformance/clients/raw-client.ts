import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { decodeResponse, encodeRequest, type MessageInput, type MessageType } from '@millrace/protocol'

interface ApiOf<Request, Response> {
  readonly key: number
  readonly name: string
  readonly request: MessageType<Request>
  readonly response: MessageType<Response>
}

/** What Apache Kafka does lazily, it does late on a busy machine. */
const finalWithinMs = 60_000

/** One connection without a client library: what is sent and what comes back is exactly what the test says. */
export class RawClient {
  readonly #socket: Socket
  readonly #waiting: ((frame: Buffer | undefined) => void)[] = []
  #received = Buffer.alloc(0)
  #correlationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('close', () => {
      for (const resolve of this.#waiting.splice(0)) resolve(undefined)
    })
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes])
      while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)) {
        const end = 4 + this.#received.readInt32BE(0)
        this.#waiting.shift()?.(this.#received.subarray(4, end))
        this.#received = this.#received.subarray(end)
      }
    })
  }

  static async open(brokers: string): Promise<RawClient> {
    const [host = '', port] = brokers.split(':')
    const socket = connect(Number(port), host)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  async ask<Request, Response>(
    api: ApiOf<Request, Response>,
    version: number,
    body: MessageInput<Request>,
  ): Promise<Response> {
    const correlationId = this.#correlationId++
    const frame = await this.#send(encodeRequest({ api, version, correlationId, clientId: 'raw', body }))
    if (!frame) throw new Error(`${api.name}: the broker closed the connection`)
    return decodeResponse({ api, version, bytes: frame }).body
  }

  /** Sends a request that no encoder would make; gives the answer without its length. */
  async sendBytes(request: Buffer): Promise<Buffer> {
    const frame = await this.#send(request)
    if (!frame) throw new Error('the broker closed the connection')
    return frame
  }

  #send(request: Buffer): Promise<Buffer | undefined> {
    const length = Buffer.alloc(4)
    length.writeInt32BE(request.length)
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#socket.write(Buffer.concat([length, request]))
    })
  }

  /** Asks until the answer is none of those that only say "not yet". */
  async askUntil<Request, Response>(
    isFinal: (response: Response) => boolean,
    ...[api, version, body]: Parameters<typeof this.ask<Request, Response>>
  ): Promise<Response> {
    for (const deadline = Date.now() + finalWithinMs; Date.now() < deadline; await delay(25)) {
      const response = await this.ask(api, version, body)
      if (isFinal(response)) return response
    }
    throw new Error(`${api.name} was not answered for good within ${finalWithinMs} ms`)
  }

  close(): void {
    this.#socket.destroy()
  }
}
