import { parentPort, workerData } from 'node:worker_threads'
import type { LogFailure } from '../core/broker-core.ts'
import type { InterceptedRequest, Interception } from '../core/interception.ts'
import { BrokerServer } from './broker-server.ts'
import {
  type AuthorizationDenied,
  authorizationDeniedChannel,
  type ConnectionClosed,
  connectionClosedChannel,
  logFailedChannel,
} from './diagnostics.ts'
import type { ResolvedOptions } from './options.ts'
import { type FromWorker, fromPlainError, portable, type ToWorker, toPlainError } from './worker-protocol.ts'

const port = parentPort!
const tell = (message: FromWorker): void => port.postMessage(message)

async function main(): Promise<void> {
  connectionClosedChannel.subscribe((message) => {
    const { clientHost, error } = message as ConnectionClosed
    tell({ kind: 'connectionClosed', clientHost, error: toPlainError(error) })
  })
  logFailedChannel.subscribe((message) => {
    const { topic, partition, error } = message as LogFailure
    tell({ kind: 'logFailed', topic, partition, error: toPlainError(error) })
  })
  authorizationDeniedChannel.subscribe((message) => {
    tell({ kind: 'authorizationDenied', denied: message as AuthorizationDenied })
  })
  const server = await BrokerServer.start(workerData as ResolvedOptions)
  const decisions = new Map<number, PromiseWithResolvers<Interception | undefined>>()
  let calls = 0
  const ask = (request: InterceptedRequest): Promise<Interception | undefined> => {
    const call = calls++
    tell({ kind: 'intercepted', call, request: portable(request) as InterceptedRequest })
    const decision = Promise.withResolvers<Interception | undefined>()
    decisions.set(call, decision)
    return decision.promise
  }
  const removals = new Map<number, () => void>()
  port.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'close':
        void server.close().then(
          () => {
            tell({ kind: 'closed' })
            port.close()
          },
          (error: unknown) => tell({ kind: 'failed', error: toPlainError(error) }),
        )
        break
      case 'intercept':
        removals.get(message.apiKey)?.()
        removals.delete(message.apiKey)
        if (message.active) removals.set(message.apiKey, server.core.intercept(message.apiKey, ask))
        break
      case 'metrics':
        tell({ kind: 'metrics', call: message.call, samples: [...server.core.metrics.metrics()] })
        break
      case 'decision':
        decisions.get(message.call)?.resolve(portable(message.decision) as Interception | undefined)
        decisions.delete(message.call)
        break
      case 'decisionFailed':
        decisions.get(message.call)?.reject(fromPlainError(message.error))
        decisions.delete(message.call)
        break
    }
  })
  tell({ kind: 'listening', endpoints: server.endpoints, strayTopicIds: server.core.strayTopicIds })
}

main().catch((error: unknown) => {
  tell({ kind: 'failed', error: toPlainError(error) })
  port.close()
})
