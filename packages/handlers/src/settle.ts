import { type Clock, isMillraceError, type Random, sleep } from '@millrace/base'
import { backoffMs, isForAnother } from '@millrace/base/internal'
import { type AnyTopicContract, type KeyOf, type ValueOf, whenReady } from '@millrace/contracts'
import { isNotReady } from '@millrace/contracts/internal'
import type { DeadLetters, Failure } from './dead-letters.ts'
import { handlerError } from './errors.ts'
import { type HandlerEventName, publish } from './events.ts'
import type { HandlerLimits } from './limits.ts'
import { decodeMessage, type Message, type RawMessage } from './message.ts'
import type { HandlerMetrics, Outcome } from './metrics.ts'
import { isOutage } from './outage.ts'
import type { Permits } from './permits.ts'

/** What becomes of a message that cannot be handled. */
export type FailurePolicy = 'fail' | 'dead-letter' | 'skip'

/** What `onFailure` may look at. */
export interface FailureContext extends Failure {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface SettleDependencies<C extends AnyTopicContract> {
  readonly contract: C
  readonly groupId: string
  readonly limits: HandlerLimits
  readonly clock: Clock
  readonly random: Random
  readonly permits: Permits
  readonly metrics: HandlerMetrics
  readonly deadLetters: Pick<DeadLetters, 'send'>
  readonly policy: (failure: FailureContext) => FailurePolicy
  /** Makes one attempt; false when the event had been handled before. */
  readonly attempt: (message: Message<KeyOf<C>, ValueOf<C>>, attempt: number) => Promise<boolean>
}

type DecodedMessage<C extends AnyTopicContract> = Message<KeyOf<C>, ValueOf<C>>

/** Takes a message to its end, whatever it takes; `stop` ends the waits between attempts, not an attempt. */
export type Settle = (raw: RawMessage, stop: AbortSignal) => Promise<Outcome>

/**
 * A message ends handled, recognised as a duplicate, in the dead-letter topic, or left out. While something it needs is
 * away it waits, and with it the rest of its partition, so that an outage costs time and nothing else.
 *
 * @returns a function that rejects with HANDLER_FAILED when the policy says so, and with the reason of `stop`
 */
export function makeSettle<C extends AnyTopicContract>(dependencies: SettleDependencies<C>): Settle {
  const { contract, limits, permits, metrics, deadLetters, policy } = dependencies

  async function settle(raw: RawMessage, stop: AbortSignal): Promise<Outcome> {
    // It came back from the dead letters of somebody else; here it was handled, or is a dead letter of its own.
    if (isForAnother(raw.headers, raw.topic, dependencies.groupId)) return 'skipped'
    let message: DecodedMessage<C>
    try {
      const decoded = decode(raw, stop)
      message = decoded instanceof Promise ? await decoded : decoded
    } catch (error) {
      // A contract that cannot work says nothing about the record; every record would follow it to the dead letters.
      if (isMillraceError(error) && error.code === 'CONTRACT_INVALID') throw failed(raw, error)
      return giveUp(raw, { stage: 'deserialize', error, attempt: 1 }, stop)
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const isNew = await throughOutages(raw, stop, () => attemptOnce(message, attempt))
        return isNew ? 'handled' : 'duplicate'
      } catch (error) {
        if (stop.aborted) throw stop.reason
        if (attempt >= limits.maxAttempts) return giveUp(raw, { stage: 'process', error, attempt }, stop)
        await pause('retry', raw, attempt, error, stop)
      }
    }
  }

  /** A schema that is on its way from a registry is waited for, however long the registry is away. */
  function decode(raw: RawMessage, stop: AbortSignal): DecodedMessage<C> | Promise<DecodedMessage<C>> {
    try {
      return decodeMessage(contract, raw)
    } catch (error) {
      if (!isNotReady(error)) throw error
      return throughOutages(raw, stop, async () => whenReady(() => decodeMessage(contract, raw)))
    }
  }

  function attemptOnce(message: Message<KeyOf<C>, ValueOf<C>>, attempt: number): Promise<boolean> {
    return permits.run(async () => {
      metrics.inFlight += 1
      try {
        return await dependencies.attempt(message, attempt)
      } finally {
        metrics.inFlight -= 1
      }
    })
  }

  /** Repeats `work` for as long as it fails because something is away. */
  async function throughOutages<T>(raw: RawMessage, stop: AbortSignal, work: () => Promise<T>): Promise<T> {
    let outages = 0
    try {
      for (;;) {
        stop.throwIfAborted()
        try {
          const result = await work()
          if (outages > 0) tell('resumed', raw)
          return result
        } catch (error) {
          if (!isOutage(error)) throw error
          if (outages === 0) metrics.inOutage += 1
          outages += 1
          await pause('outage', raw, outages, error, stop)
        }
      }
    } finally {
      if (outages > 0) metrics.inOutage -= 1
    }
  }

  async function giveUp(raw: RawMessage, failure: Failure, stop: AbortSignal): Promise<Outcome> {
    const { topic, partition, offset } = raw
    const decision = policy({ topic, partition, offset, ...failure })
    switch (decision) {
      case 'fail':
        throw failed(raw, failure.error)
      case 'skip':
        tell('skipped', raw, failure)
        return 'skipped'
      case 'dead-letter':
        await throughOutages(raw, stop, () => deadLetters.send(raw, failure))
        tell('deadLetter', raw, failure)
        return 'dead_letter'
      default:
        throw new TypeError(`onFailure returned ${JSON.stringify(decision satisfies never)}`)
    }
  }

  async function pause(
    kind: 'retry' | 'outage',
    raw: RawMessage,
    attempt: number,
    error: unknown,
    stop: AbortSignal,
  ): Promise<void> {
    metrics.retries += 1
    const backoff = { delayMsMin: limits.retryDelayMsMin, delayMsMax: limits.retryDelayMsMax }
    const delayMs = backoffMs(attempt, backoff, dependencies.random)
    tell(kind, raw, { attempt, delayMs, error })
    await sleep(dependencies.clock, delayMs, stop)
  }

  function tell(name: HandlerEventName, { topic, partition, offset }: RawMessage, more: object = {}): void {
    publish(name, { groupId: dependencies.groupId, topic, partition, offset, ...more })
  }

  return settle
}

function failed({ topic, partition, offset }: RawMessage, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error)
  const message = `${topic}-${partition} at offset ${offset} could not be handled: ${reason}`
  return handlerError('HANDLER_FAILED', message, { topic, partition, offset }, error)
}
