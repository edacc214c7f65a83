import { Worker } from 'node:worker_threads'
import type { MetricSample } from '@millrace/base'
import {
  checkedInterception,
  type InterceptedRequest,
  type Interception,
  type Interceptor,
} from '../core/interception.ts'
import { brokerError } from '../errors.ts'
import { authorizationDeniedChannel, connectionClosedChannel, logFailedChannel } from './diagnostics.ts'
import type { ListenerEndpoint } from './listener.ts'
import type { ResolvedOptions } from './options.ts'
import { type FromWorker, fromPlainError, portable, type ToWorker, toPlainError } from './worker-protocol.ts'

/**
 * Requests and answers are buffers outside of V8's heap, large beside the objects that lead to them. With the default of 48 MB
 * those objects do not always fill the young generation before V8 counts 64 MB of buffers and marks the whole heap to be rid of
 * them. Much smaller, and it is collected so often that what a thousand long polls hold is copied again and again.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 24 }

/** A broker in a worker thread, seen from the thread that started it. */
export class WorkerBroker {
  readonly endpoints: readonly ListenerEndpoint[]
  readonly strayTopicIds: readonly string[]
  /** Resolves when the broker has closed; rejects with BROKER_CLOSED when its worker ended on its own. */
  readonly closed: Promise<void>
  readonly #worker: Worker
  readonly #interceptors = new Map<number, Interceptor>()
  readonly #asked = new Map<number, (samples: readonly MetricSample[]) => void>()
  #calls = 0

  private constructor(worker: Worker, started: FromWorker & { kind: 'listening' }, closed: Promise<void>) {
    this.#worker = worker
    this.endpoints = started.endpoints
    this.strayTopicIds = started.strayTopicIds
    this.closed = closed
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'intercepted') void this.#decide(message.call, message.request)
      if (message.kind === 'metrics') {
        this.#asked.get(message.call)?.(message.samples)
        this.#asked.delete(message.call)
      }
      if (message.kind === 'authorizationDenied') authorizationDeniedChannel.publish(message.denied)
      if (message.kind === 'connectionClosed') {
        const { clientHost } = message
        connectionClosedChannel.publish({ clientHost, error: fromPlainError(message.error) })
      }
    })
  }

  static start(options: ResolvedOptions): Promise<WorkerBroker> {
    const worker = new Worker(new URL(import.meta.resolve('#worker-main')), { workerData: options, resourceLimits })
    return new Promise((resolve, reject) => {
      let cause: unknown
      let ending = false
      const closed = new Promise<void>((done, fail) => {
        worker.on('error', (error: unknown) => {
          cause = error
        })
        worker.on('message', (message: FromWorker) => {
          if (message.kind === 'closed') ending = true
          // Also before it listens: the start finds what has been lost.
          if (message.kind === 'logFailed') {
            const { topic, partition } = message
            logFailedChannel.publish({ topic, partition, error: fromPlainError(message.error) })
          }
          if (message.kind === 'failed') cause = fromPlainError(message.error)
          if (message.kind === 'failed') reject(cause as Error)
        })
        worker.on('exit', () => {
          const error = brokerError('BROKER_CLOSED', "the broker's worker has ended", {}, cause)
          reject(error)
          if (ending) done()
          else fail(error)
        })
      })
      // Whoever does not look at it must not be ended by it.
      closed.catch(() => {})
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'listening') resolve(new WorkerBroker(worker, message, closed))
      })
    })
  }

  async #decide(call: number, request: InterceptedRequest): Promise<void> {
    try {
      const interceptor = this.#interceptors.get(request.apiKey)
      const decision = checkedInterception(await interceptor?.(portable(request) as InterceptedRequest))
      this.#tell({ kind: 'decision', call, decision: portable(decision) as Interception | undefined })
    } catch (error) {
      // What a hook throws, and what cannot be sent to the worker: the connection closes with it.
      this.#tell({
        kind: 'decisionFailed',
        call,
        error: toPlainError(error instanceof Error ? error : new Error(String(error))),
      })
    }
  }

  intercept(apiKey: number, interceptor: Interceptor): () => void {
    this.#interceptors.set(apiKey, interceptor)
    this.#tell({ kind: 'intercept', apiKey, active: true })
    return () => {
      if (this.#interceptors.get(apiKey) !== interceptor) return
      this.#interceptors.delete(apiKey)
      this.#tell({ kind: 'intercept', apiKey, active: false })
    }
  }

  /** Rejects with BROKER_CLOSED when the broker closes before it has answered. */
  async metrics(): Promise<readonly MetricSample[]> {
    const call = this.#calls++
    const answered = new Promise<readonly MetricSample[]>((resolve) => this.#asked.set(call, resolve))
    this.#tell({ kind: 'metrics', call })
    const gone = this.closed.then(() => {
      throw brokerError('BROKER_CLOSED', 'the broker has closed')
    })
    return Promise.race([answered, gone])
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  async close(): Promise<void> {
    this.#tell({ kind: 'close' })
    await this.closed
  }
}
