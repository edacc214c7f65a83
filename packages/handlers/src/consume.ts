import { type Clock, type Random, systemClock, systemRandom } from '@millrace/base'
import type { AnyTopicContract, KeyOf, ValueOf } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import type { InboxStore } from '@millrace/outbox'
import { DeadLetters } from './dead-letters.ts'
import { handlerError } from './errors.ts'
import { type AnyInbox, eventInbox } from './event-inbox.ts'
import type { HandlerTransaction } from './inbox-transaction.ts'
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

export interface InboxContext<Tx = HandlerTransaction> extends HandlerContext {
  /** The open transaction. Effects that go through it, the outbox included, happen once per event. */
  readonly tx: Tx
}

/** With an inbox there is a transaction to work in, of the kind that the inbox's client has. */
export type ContextOf<Inbox extends AnyInbox | undefined> = [Inbox] extends [InboxStore<infer Tx>]
  ? InboxContext<Tx>
  : [Inbox] extends [AnyInbox]
    ? InboxContext
    : HandlerContext

export type Handler<C extends AnyTopicContract, Inbox extends AnyInbox | undefined> = (
  message: Message<KeyOf<C>, ValueOf<C>>,
  context: ContextOf<Inbox>,
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
export async function consume<C extends AnyTopicContract, Inbox extends AnyInbox | undefined = undefined>(
  contract: C,
  handler: Handler<C, Inbox>,
  options: ConsumeOptions<Inbox>,
): Promise<RunningHandler> {
  const limits = checkConsumeOptions(options)
  const { groupId, inboxTable = 'inbox', onFailure = 'fail' } = options
  const inbox = options.inbox && eventInbox(options.inbox, `${groupId}/${contract.name}`, inboxTable)
  const clock: Clock = options.clock ?? systemClock
  const random: Random = options.random ?? systemRandom
  const client = options.client ?? kafkaClient({ brokers: options.brokers ?? [], clientId: groupId, clock, random })
  const deadLetters = new DeadLetters(client, {
    application: groupId,
    topic: options.deadLetterTopic,
    source: contract.name,
  })
  const metrics = new HandlerMetrics(groupId, contract.name)
  const call = (message: Message<KeyOf<C>, ValueOf<C>>, attempt: number, tx?: unknown): Promise<void> =>
    withinTime(clock, limits.handlerTimeoutMs, async (signal) => {
      await handler(message, { attempt, signal, ...(tx !== undefined && { tx }) } as ContextOf<Inbox>)
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
      if (inbox) return inbox.once(message.eventId, (tx) => call(message, attempt, tx))
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
    housekeeping: async () => inbox?.forget(limits.inboxRetentionMs),
    onStopped: async () => {
      options.signal?.removeEventListener('abort', stop)
      inbox?.close()
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
