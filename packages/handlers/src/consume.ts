import { type Clock, type Random, systemClock, systemRandom } from '@millrace/base'
import type { AnyTopicContract, KeyOf, ValueOf } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { expireInbox, inboxExpireMaxRows } from '@millrace/outbox'
import { DeadLetters } from './dead-letters.ts'
import { handlerError } from './errors.ts'
import { type ErrorEmitter, type HandlerTransaction, type InboxPool, inTransactionOnce } from './inbox-transaction.ts'
import type { Message } from './message.ts'
import { HandlerMetrics } from './metrics.ts'
import { type ConsumeOptions, checkConsumeOptions } from './options.ts'
import { Permits } from './permits.ts'
import { Runner, type RunningHandler } from './running-handler.ts'
import { makeSettle } from './settle.ts'

/** What a handler gets beside the message. */
export interface HandlerContext {
  /** 1 at first. */
  readonly attempt: number
  /** Aborts when the attempt has taken too long. */
  readonly signal: AbortSignal
}

export interface InboxContext extends HandlerContext {
  /** The open transaction. Effects that go through it, the outbox included, happen once per event. */
  readonly tx: HandlerTransaction
}

/** With an inbox there is a transaction to work in. */
export type ContextOf<Pool extends InboxPool | undefined> = [Pool] extends [InboxPool] ? InboxContext : HandlerContext

export type Handler<C extends AnyTopicContract, Pool extends InboxPool | undefined> = (
  message: Message<KeyOf<C>, ValueOf<C>>,
  context: ContextOf<Pool>,
) => void | Promise<void>

/**
 * Handles every message of a topic, in order per partition, as a member of a consumer group.
 *
 * With an inbox the effect, the note that the event was handled and whatever the handler appends to the outbox are one
 * database transaction: each event takes effect once, however often it is delivered and whenever the process dies.
 * Without one each message is handled at least once.
 *
 * @returns when reading has begun; `stopped` of the result tells when and why it ends
 * @throws CONFIG_UNKNOWN_OPTION, CONFIG_INVALID_OPTION, CONFIG_MISSING_OPTION
 * @example
 * const running = await consume(customer, async ({ key, value }, { tx }) => {
 *   if (value === null) await tx.query('update orders set status = $2 where customer_id = $1', [key, 'cancelled'])
 * }, { brokers: 'localhost:9092', groupId: 'cancel-orders', inbox: pool, onFailure: 'dead-letter' })
 * process.once('SIGTERM', () => running.close())
 */
export async function consume<C extends AnyTopicContract, Pool extends InboxPool | undefined = undefined>(
  contract: C,
  handler: Handler<C, Pool>,
  options: ConsumeOptions<Pool>,
): Promise<RunningHandler> {
  const limits = checkConsumeOptions(options)
  const { groupId, inbox: pool, inboxTable = 'inbox', onFailure = 'fail' } = options
  const clock: Clock = options.clock ?? systemClock
  const random: Random = options.random ?? systemRandom
  const client = options.client ?? kafkaClient({ brokers: options.brokers ?? [], clientId: groupId, clock, random })
  const deadLetters = new DeadLetters(client, {
    application: groupId,
    topic: options.deadLetterTopic,
    source: contract.name,
  })
  const metrics = new HandlerMetrics(groupId, contract.name)
  const unwatch = watchPool(pool)
  const call = (message: Message<KeyOf<C>, ValueOf<C>>, attempt: number, tx?: HandlerTransaction): Promise<void> =>
    withinTime(clock, limits.handlerTimeoutMs, async (signal) => {
      await handler(message, { attempt, signal, ...(tx && { tx }) } as ContextOf<Pool>)
    })
  const settle = makeSettle<C>({
    contract,
    groupId,
    limits,
    clock,
    random,
    metrics,
    deadLetters,
    permits: new Permits(limits.concurrency),
    policy: (failure) => (typeof onFailure === 'function' ? onFailure(failure) : onFailure),
    async attempt(message, attempt) {
      if (pool) {
        const consumer = `${groupId}/${contract.name}`
        const event = { table: inboxTable, consumer, eventId: message.eventId }
        return inTransactionOnce(pool, event, (tx) => call(message, attempt, tx))
      }
      await call(message, attempt)
      return true
    },
  })
  const runner = new Runner({
    topic: contract.name,
    groupId,
    consumer: client.consumer({
      groupId,
      ...(options.instanceId !== undefined && { groupInstanceId: options.instanceId }),
      autoOffsetReset: options.from ?? 'earliest',
      sessionTimeoutMs: limits.sessionTimeoutMs,
    }),
    settle,
    metrics,
    limits,
    clock,
    housekeeping: async () => {
      if (pool) await forgetOldEvents(pool, inboxTable, limits.inboxRetentionMs)
    },
    onStopped: async () => {
      options.signal?.removeEventListener('abort', stop)
      unwatch()
      await deadLetters.close()
      if (!options.client) await client.close()
    },
  })
  const stop = (): void => runner.requestStop()
  options.signal?.addEventListener('abort', stop)
  if (options.signal?.aborted) stop()
  const finished = runner.run()
  const close = (): Promise<void> => {
    stop()
    return finished
  }
  return {
    get state() {
      return runner.state
    },
    stopped: runner.stopped,
    close,
    metrics: () => runner.metrics(),
    [Symbol.asyncDispose]: close,
  }
}

/** Ends the wait, not the work: what a handler does after its time is its own, and its transaction is gone. */
async function withinTime(clock: Clock, limitMs: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController()
  const late = Promise.withResolvers<never>()
  const cancel = clock.after(limitMs, () => {
    const error = handlerError('HANDLER_TIMEOUT', `the handler took longer than ${limitMs} ms`)
    controller.abort(error)
    late.reject(error)
  })
  const working = work(controller.signal)
  // When the time is up first, the handler's own end is of no interest.
  working.catch(() => {})
  try {
    await Promise.race([working, late.promise])
  } finally {
    cancel()
  }
}

/** How many bounded deletions one round of housekeeping makes. */
const expireStepsMax = 100

async function forgetOldEvents(pool: InboxPool, table: string, retentionMs: number): Promise<void> {
  const client = await pool.connect()
  let isBroken = true
  try {
    for (let step = 0; step < expireStepsMax; step++) {
      if ((await expireInbox(client, { table, retentionMs })) < inboxExpireMaxRows) break
    }
    isBroken = false
  } finally {
    client.release(isBroken)
  }
}

/** Idle connections of a pool that break are told as an event; the messages notice on their own. */
function watchPool(pool: InboxPool | undefined): () => void {
  const emitter = pool as ErrorEmitter | undefined
  const ignore = (): void => {}
  emitter?.on?.('error', ignore)
  return () => emitter?.off?.('error', ignore)
}
