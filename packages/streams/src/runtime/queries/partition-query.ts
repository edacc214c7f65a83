import { isMillraceError, sleep } from '@millrace/base'
import { isNotReady } from '@millrace/contracts/internal'
import type { Isolation } from '../../core/stores/task-store.ts'
import type { StorePlan } from '../../core/topology/plan.ts'
import { streamsError } from '../../errors.ts'
import { answerQuery } from './answer-query.ts'
import { isReached, type Position, type PositionBound } from './position.ts'
import type { QuerySource } from './query-source.ts'
import { notReached } from './resolve-bound.ts'
import type { StateCopy } from './state-copy.ts'
import type { StateQuery } from './state-query.ts'

/** How far behind a standby copy may be that answers; what is given counts, and where nothing is, the acceptable lag. */
export interface StalenessBound {
  /** Records of its changelogs that it has not read yet. */
  readonly maxLagRecords?: number | undefined
  /** Milliseconds that may have passed since the moment that the copy is as of. */
  readonly maxStalenessMs?: number | undefined
}

export interface PartitionQueryOptions {
  /** In terms of the topics that the store's own task reads. */
  readonly bound: PositionBound
  readonly isolation: Isolation
  /** Whether a standby copy may answer. */
  readonly standby: StalenessBound | undefined
  /** How long to wait for the bound (clock milliseconds). */
  readonly deadlineMs: number
}

/** Why a partition gave no answer; the first six are Kafka Streams' names. */
export type FailureReason =
  | 'doesNotExist'
  | 'notPresent'
  | 'notActive'
  | 'notUpToBound'
  | 'unknownQueryType'
  | 'storeException'
  | 'notReady'
  | 'tooStale'

export interface PartitionAnswer<R> {
  readonly ok: true
  readonly result: R
  /** What the copy that answered reflects, at least. */
  readonly position: Position
  readonly role: 'active' | 'standby'
  /** The next changelog offset behind what was read, of stores that keep a changelog. */
  readonly checkpoint: number | undefined
  /** The next changelog offset that the copy reads, with what only marks the ends of transactions. */
  readonly reached?: number | undefined
}

export interface PartitionFailure {
  readonly ok: false
  readonly reason: FailureReason
  readonly error: Error
}

export type PartitionResult<R> = PartitionAnswer<R> | PartitionFailure

const askAgainMs = 5
const observeAgainMs = 20

/** Asks the copy of a partition that is in this process; at once where nothing has to be waited for. */
export function askPartition(
  source: QuerySource,
  store: StorePlan,
  partition: number,
  query: StateQuery,
  options: PartitionQueryOptions,
): PartitionResult<unknown> | Promise<PartitionResult<unknown>> {
  const copy = source.copyOf(store, partition)
  if (copy === undefined || copy === 'notReady' || isBeyond(copy, options)) {
    const asked = source.askThread?.(store, partition, query, options)
    if (asked) return asked
    if (copy === undefined) return failure('notPresent', notHere(source, store, partition))
    return failure('notReady', notReady(store, partition))
  }
  if (copy.role === 'active') {
    if (isReached(copy.freshness().position, options.bound, partition))
      return read(copy, store, partition, query, options)
    return awaitBound(source, store, partition, query, options)
  }
  if (options.standby === undefined || options.isolation === 'uncommitted') {
    return failure('notActive', notHere(source, store, partition))
  }
  return askStandby(source, copy, store, partition, query, options)
}

function isBeyond({ readsCommittedOnly = false }: StateCopy, { isolation }: PartitionQueryOptions): boolean {
  return readsCommittedOnly && isolation === 'uncommitted'
}

function read(
  copy: StateCopy,
  store: StorePlan,
  partition: number,
  query: StateQuery,
  { isolation }: PartitionQueryOptions,
): PartitionResult<unknown> {
  // Before the read: the copy may be ahead of it, never behind.
  const { position } = copy.freshness()
  try {
    const result = answerQuery(store, copy.view(store.name, isolation), query)
    const [checkpoint, reached] = [copy.checkpoint(store.name), copy.reached(store.name)]
    if (copy.isStill?.() === false) return failure('notReady', notReady(store, partition))
    return { ok: true, result, position, role: copy.role, checkpoint, reached }
  } catch (error) {
    // A schema of the rows is on its way: whoever asks waits for it.
    if (isNotReady(error)) throw error
    const isKind = isMillraceError(error) && error.code === 'STREAMS_STORE_KIND'
    return failure(isKind ? 'unknownQueryType' : 'storeException', error as Error)
  }
}

/** An active copy comes up to the bound with one of its next commits. */
async function awaitBound(
  source: QuerySource,
  store: StorePlan,
  partition: number,
  query: StateQuery,
  options: PartitionQueryOptions,
): Promise<PartitionResult<unknown>> {
  while (source.clock.now() + askAgainMs <= options.deadlineMs) {
    await sleep(source.clock, askAgainMs)
    const copy = source.copyOf(store, partition)
    if (copy === undefined || copy === 'notReady') return failure('notReady', notReady(store, partition))
    if (copy.role === 'active' && isReached(copy.freshness().position, options.bound, partition)) {
      return read(copy, store, partition, query, options)
    }
  }
  return failure('notUpToBound', notReached(store.name))
}

/** At once where the copy is fresh enough. */
function askStandby(
  source: QuerySource,
  copy: StateCopy,
  store: StorePlan,
  partition: number,
  query: StateQuery,
  options: PartitionQueryOptions,
): PartitionResult<unknown> | Promise<PartitionResult<unknown>> {
  const { maxStalenessMs } = options.standby!
  const { maxLagRecords = maxStalenessMs === undefined ? source.acceptableLagRecords : undefined } = options.standby!
  const lag = copy.lagRecords()
  if (maxLagRecords !== undefined && (lag === undefined || lag > maxLagRecords)) {
    return failure('tooStale', tooStale(store, partition, { lag, maxLagRecords }))
  }
  return isFresh(source, copy, partition, options)
    ? read(copy, store, partition, query, options)
    : awaitStandby(source, copy, store, partition, query, options)
}

function isFresh(
  { clock }: QuerySource,
  copy: StateCopy,
  partition: number,
  { standby, bound }: PartitionQueryOptions,
): boolean {
  const { asOfMs, position } = copy.freshness()
  const { maxStalenessMs } = standby!
  const isYoung = maxStalenessMs === undefined || clock.now() - (asOfMs ?? -Infinity) <= maxStalenessMs
  return isYoung && isReached(position, bound, partition)
}

async function awaitStandby(
  source: QuerySource,
  copy: StateCopy,
  store: StorePlan,
  partition: number,
  query: StateQuery,
  options: PartitionQueryOptions,
): Promise<PartitionResult<unknown>> {
  while (!isFresh(source, copy, partition, options)) {
    if (source.clock.now() + askAgainMs > options.deadlineMs) {
      const isBehind = !isReached(copy.freshness().position, options.bound, partition)
      const { maxStalenessMs } = options.standby!
      return isBehind
        ? failure('notUpToBound', notReached(store.name))
        : failure('tooStale', tooStale(store, partition, { maxStalenessMs }))
    }
    try {
      // Again and again: the owner may not have committed yet what is waited for.
      await copy.observe()
    } catch (error) {
      return failure('storeException', error as Error)
    }
    if (!isFresh(source, copy, partition, options)) await sleep(source.clock, observeAgainMs)
  }
  // It may have been promoted, closed or wiped while we waited.
  const now = source.copyOf(store, partition)
  if (now === undefined || now === 'notReady') return failure('notReady', notReady(store, partition))
  return now.role === 'active' && !isReached(now.freshness().position, options.bound, partition)
    ? awaitBound(source, store, partition, query, options)
    : read(now, store, partition, query, options)
}

function failure(reason: FailureReason, error: Error): PartitionFailure {
  return { ok: false, reason, error }
}

export function notReady(store: StorePlan, partition: number): Error {
  const message = `partition ${partition} of ${store.name} is being restored or moved`
  return streamsError('STREAMS_STORE_NOT_READY', message, { store: store.name, partition })
}

export function notHere(source: QuerySource, store: StorePlan, partition: number): Error {
  const task = `${store.subtopology}_${partition}`
  const { active } = source.hostsOf(task)
  const message = source.threadHas?.(task)
    ? `partition ${partition} of ${store.name} is in another thread, which answers \`query\` and \`askPartition\` only`
    : `partition ${partition} of ${store.name} is ${active === undefined ? 'on its way, or at an instance without applicationServer' : `at ${active}`}`
  return streamsError('STREAMS_STORE_NOT_LOCAL', message, { store: store.name, partition, host: active })
}

function tooStale(store: StorePlan, partition: number, fields: Record<string, unknown>): Error {
  const message = `the copy of partition ${partition} of ${store.name} is further behind than the query allows`
  return streamsError('STREAMS_STORE_TOO_STALE', message, { store: store.name, partition, ...fields })
}
