import type { KafkaClient } from '@millrace/kafka'
import { orAborted } from '../abortable.ts'
import type { RuntimeConfig } from '../config.ts'

/** How many threads an instance has, kept through restarts. */
export interface ThreadMemory {
  recall(): number
  remember(threads: number): void
}

export interface LeftTransactionsOptions {
  readonly client: KafkaClient
  readonly config: RuntimeConfig
  readonly applicationId: string
  readonly instanceId: string
  /** Of this run. */
  readonly threads: number
  readonly memory: ThreadMemory
  readonly onFailure: (error: unknown) => void
  readonly signal: AbortSignal
}

/** The same after a restart, so that a thread ends what its predecessor left open, and different everywhere else. */
export function transactionalId(applicationId: string, instanceId: string, thread: number): string {
  return `${applicationId}-${instanceId}-${thread}`
}

/**
 * Ends transactions that the instance's threads left open when it died, where no thread of this run does: it has fewer of
 * them, or none writes transactions. Whoever takes over their tasks would wait for the time-out of those transactions.
 * What fails is left to that.
 */
export async function endLeftTransactions(options: LeftTransactionsOptions): Promise<void> {
  const { client, config, applicationId, instanceId, threads, memory, onFailure, signal } = options
  const had = memory.recall()
  const taken = config.processingGuarantee === 'exactly_once' ? threads : 0
  const left = Array.from({ length: Math.max(0, had - taken) }, (_, i) => taken + i + 1)
  const ended = left.map(async (thread) => {
    await using producer = client.producer({
      transactionalId: transactionalId(applicationId, instanceId, thread),
      transactionTimeoutMs: config.transactionTimeoutMs,
    })
    await producer.init()
  })
  for (const outcome of await orAborted(Promise.allSettled(ended), signal)) {
    if (outcome.status === 'fulfilled') continue
    onFailure(outcome.reason)
    return
  }
  if (had > threads) memory.remember(threads)
}
