import type { Clock, Random } from '@millrace/base'
import { baseError, checkOptions, type OptionRules, resolveLimits } from '@millrace/base/internal'
import type { KafkaClient } from '@millrace/kafka'
import { type AnyInbox, isStore } from './event-inbox.ts'
import { type HandlerLimits, handlerLimits } from './limits.ts'
import type { FailureContext, FailurePolicy } from './settle.ts'

export interface ConsumeOptions<Inbox extends AnyInbox | undefined = AnyInbox | undefined> {
  /** `host:port`, one or several. Give this or `client`. */
  readonly brokers?: string | readonly string[]
  /** A client that stays open after the handler has stopped. */
  readonly client?: KafkaClient
  /** Consumer group; also the name under which the inbox remembers events. Instances with one name share the partitions. */
  readonly groupId: string
  /**
   * Name of this instance within the group, the same after a restart. An instance that was killed then takes its partitions
   * back at once, instead of when its session has timed out.
   */
  readonly instanceId?: string
  /**
   * The database that the handler changes: a pool of `pg`, or `inboxStore(db)` of `@millrace/outbox/kysely` and its siblings.
   * With it every event takes effect once, without it at least once.
   */
  readonly inbox?: Inbox
  /** Of a pool; a store has its own. Default `inbox`. */
  readonly inboxTable?: string
  /** What becomes of a message that cannot be decoded or whose attempts are used up. Default `fail`. */
  readonly onFailure?: FailurePolicy | ((failure: FailureContext) => FailurePolicy)
  /** Default `<topic>.dlq`. Created when missing. */
  readonly deadLetterTopic?: string
  /** Where a new group begins. Default `earliest`. */
  readonly from?: 'earliest' | 'latest'
  /** Handle messages of so many partitions at a time. Default 4. */
  readonly concurrency?: number
  /** Attempts before `onFailure` is asked. Default 5. */
  readonly maxAttempts?: number
  /** Pause after the first failed attempt; it doubles from there. Default 100. */
  readonly retryDelayMsMin?: number
  /** The longest pause between attempts. Default 10 000. */
  readonly retryDelayMsMax?: number
  /** How long one attempt may take. Default 60 000. */
  readonly handlerTimeoutMs?: number
  /** How often offsets of finished messages are committed. Default 1000. */
  readonly commitIntervalMs?: number
  /** Fetched blocks of one partition that wait in memory. Default 2. */
  readonly fetchedAheadMax?: number
  /** How long the group waits for a sign of life before it takes the instance for dead. Default 45 000. */
  readonly sessionTimeoutMs?: number
  /** How long stopping and rebalancing wait for the message in flight. Default 30 000. */
  readonly stopTimeoutMs?: number
  /** How long the inbox remembers events. Default seven days. */
  readonly inboxRetentionMs?: number
  /** Stops the handler, as `close` does. */
  readonly signal?: AbortSignal
  /** Injected in tests. */
  readonly clock?: Clock
  /** Injected in tests. */
  readonly random?: Random
}

const limitRules = Object.fromEntries(
  Object.entries(handlerLimits).map(([name, { min, max }]) => [name, { min, max }]),
) as { readonly [Name in keyof HandlerLimits]: { min: number; max: number } }

const rules: OptionRules<ConsumeOptions> = {
  ...limitRules,
  brokers: ['string', 'array'],
  client: 'object',
  groupId: 'string',
  instanceId: 'string',
  inbox: 'object',
  inboxTable: 'string',
  onFailure: ['string', 'function'],
  deadLetterTopic: 'string',
  from: { oneOf: ['earliest', 'latest'] },
  signal: 'object',
  clock: 'object',
  random: 'object',
}

/** Checks options and returns the limits in force. */
export function checkConsumeOptions(options: ConsumeOptions): HandlerLimits {
  checkOptions('consume', options, rules, { required: ['groupId'] })
  if ((options.brokers === undefined) === (options.client === undefined)) {
    throw baseError('CONFIG_MISSING_OPTION', 'consume needs either `brokers` or `client`', { option: 'brokers' })
  }
  if (options.inboxTable !== undefined && options.inbox && isStore(options.inbox)) {
    const message = 'consume: give `table` to `inboxStore` instead of `inboxTable`'
    throw baseError('CONFIG_INVALID_OPTION', message, { option: 'inboxTable' })
  }
  const { onFailure } = options
  if (typeof onFailure === 'string' && !['fail', 'dead-letter', 'skip'].includes(onFailure)) {
    const message = 'consume: `onFailure` must be "fail", "dead-letter", "skip" or a function that returns one'
    throw baseError('CONFIG_INVALID_OPTION', message, { option: 'onFailure' })
  }
  const given = Object.fromEntries(
    Object.keys(handlerLimits).map((name) => [name, options[name as keyof HandlerLimits]]),
  )
  return resolveLimits('consume', handlerLimits, given)
}
