import { type Clock, systemClock } from '@millrace/base'
import { kafkaError } from './errors.ts'
import { PendingReplies } from './pending-replies.ts'
import type { Connection, SendOptions, Target, Transport } from './transport.ts'

/** The far end of one in-memory connection. */
export interface MemoryHandler {
  /**
   * Answers one request. Undefined means that the request has no reply (acks 0); a rejection ends the connection; a
   * promise that never settles is a lost reply. Replies are handed on in the order of the requests.
   */
  handle(request: Buffer): Promise<Buffer | undefined>
  close(): void
}

/**
 * A transport without sockets: for a broker core in the same process, and for tests that lose, delay or repeat replies.
 *
 * @example
 * const transport = memoryTransport(() => ({ handle: async (request) => core.answer(request), close() {} }), { clock })
 */
export function memoryTransport(
  handler: (target: Target) => MemoryHandler,
  options: { readonly clock?: Clock } = {},
): Transport {
  const clock = options.clock ?? systemClock
  return {
    async connect(target) {
      try {
        return new MemoryConnection(target, handler(target), clock)
      } catch (cause) {
        throw kafkaError(
          'KAFKA_CONNECT_FAILED',
          `cannot connect to ${target.host}:${target.port}`,
          { ...target },
          cause,
        )
      }
    },
  }
}

interface Exchange {
  response?: Buffer
}

class MemoryConnection implements Connection {
  readonly closed: Promise<void>
  readonly #target: Target
  readonly #handler: MemoryHandler
  readonly #replies: PendingReplies
  #exchanges: Exchange[] = []
  #markClosed: () => void = () => {}
  #error: unknown

  constructor(target: Target, handler: MemoryHandler, clock: Clock) {
    this.#target = target
    this.#handler = handler
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve
    })
    const { host, port } = target
    this.#replies = new PendingReplies(clock, () =>
      this.#end(kafkaError('KAFKA_TIMEOUT', `${host}:${port} did not reply in time`, { host, port })),
    )
  }

  send(request: Buffer, options: SendOptions): Promise<Buffer> {
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (options.expectResponse === false) {
      this.#handler.handle(request).catch((cause) => this.#end(this.#disconnected(cause)))
      return Promise.resolve(Buffer.alloc(0))
    }
    const exchange: Exchange = {}
    this.#exchanges.push(exchange)
    const reply = this.#replies.add(options.deadlineMs)
    this.#handler.handle(request).then(
      (response) => {
        if (response === undefined) return this.#end(this.#disconnected(new Error('the handler gave no response')))
        exchange.response = response
        this.#deliver()
      },
      (cause) => this.#end(this.#disconnected(cause)),
    )
    return reply
  }

  close(): void {
    this.#end(this.#disconnected())
  }

  #deliver(): void {
    while (this.#exchanges[0]?.response !== undefined) {
      this.#replies.settle((this.#exchanges.shift() as Required<Exchange>).response)
    }
  }

  #disconnected(cause?: unknown): unknown {
    const { host, port } = this.#target
    return kafkaError('KAFKA_DISCONNECTED', `connection to ${host}:${port} ended`, { host, port }, cause)
  }

  #end(error: unknown): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#exchanges = []
    this.#handler.close()
    this.#replies.failAll(error)
    this.#markClosed()
  }
}
