import { type LimitTable, resolveLimits } from '@millrace/base/internal'
import { defaultCacheMaxBytes } from '../core/stores/record-cache.ts'
import type { RackAwareStrategy } from './assignment/group-model.ts'

export type ProcessingGuarantee = 'exactly_once' | 'at_least_once'

/** Every bound of the runtime with its default. */
export const streamsLimits = {
  cacheMaxBytes: {
    default: defaultCacheMaxBytes,
    min: 0,
    max: 2 ** 40,
    reached: 'The eldest cached updates are written down and forwarded; 0 forwards every update.',
  },
  uncommittedMaxBytes: {
    default: 64 * 1024 * 1024,
    min: 1,
    max: 2 ** 40,
    reached: 'The transaction is committed before its interval is over.',
  },
  // Small on purpose: what was read a moment ago is still in the processor's cache when it is processed, and V8 lets go of
  // fetched bytes late, so that a process takes a multiple of this.
  fetchAheadMaxBytes: {
    default: 2 * 1024 * 1024,
    min: 1,
    max: 2 ** 30,
    reached: 'Nothing more is fetched until some of it is handed to the tasks.',
  },
  fetchPartitionMaxBytes: {
    default: 256 * 1024,
    min: 1,
    max: 2 ** 30,
    reached: 'A fetch brings no more of one partition, but for a batch that is larger.',
  },
  bufferedRecordsMax: {
    default: 2_500,
    min: 1,
    max: 10 ** 9,
    reached: 'Fetching of the partition pauses until half of them are processed.',
  },
  inflightMaxBytes: {
    default: 16 * 1024 * 1024,
    min: 1,
    max: 2 ** 40,
    reached: 'Processing waits until the broker has taken some of the output.',
  },
  batchMaxBytes: {
    default: 256 * 1024,
    min: 1,
    max: 2 ** 30,
    reached: 'The output batch is sent and another one begun.',
  },
  // As Kafka Streams sets its producers.
  lingerMs: {
    default: 100,
    min: 0,
    max: 60_000,
    reached: 'Output at least once is sent although its batch is not full; with exactly-once the commit sends it.',
  },
  sliceMs: {
    default: 10,
    min: 1,
    max: 1_000,
    reached: 'Processing yields, so that heartbeats and queries run.',
  },
  sliceRecordsMax: {
    default: 50_000,
    min: 1,
    max: 10 ** 9,
    reached: 'Processing yields, so that heartbeats and queries run.',
  },
  pollTimeoutMs: { default: 100, min: 0, max: 60_000, reached: 'An idle loop looks after its timers.' },
  sourceTopicsTimeoutMs: {
    default: 60_000,
    min: 0,
    max: 2 ** 40,
    reached: 'The application stops because topics that it reads do not exist.',
  },
  transactionTimeoutMs: {
    default: 10_000,
    min: 1_000,
    max: 900_000,
    reached: 'The broker aborts the transaction of an instance that went silent.',
  },
  // A quarter of Kafka's default: it is how long the tasks of a killed instance stand still, and heartbeats do not wait
  // for processing here.
  sessionTimeoutMs: {
    default: 10_000,
    min: 100,
    max: 1_800_000,
    reached: 'The tasks of an instance that went silent move to the others.',
  },
  heartbeatIntervalMs: { default: 3_000, min: 10, max: 600_000, reached: 'The next heartbeat is sent.' },
  rebalanceTimeoutMs: {
    default: 300_000,
    min: 100,
    max: 3_600_000,
    reached: 'A member that has not joined the rebalance, or whose loop hangs, is out.',
  },
  topicCheckIntervalMs: {
    default: 30_000,
    min: 100,
    max: 2 ** 40,
    reached: 'The application looks whether its topics are still what they were when it started.',
  },
  retryDelayMsMin: { default: 100, min: 1, max: 600_000, reached: 'The first wait after a failure.' },
  retryDelayMsMax: { default: 10_000, min: 1, max: 600_000, reached: 'Waits after failures grow no further.' },
  closeTimeoutMs: {
    default: 30_000,
    min: 0,
    max: 3_600_000,
    reached: '`close` returns although the broker has not answered; the next start finds everything as after a kill.',
  },
  acceptableRecoveryLag: {
    default: 10_000,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    reached: 'A copy of state that misses more records is not handed its task.',
  },
  maxWarmupReplicas: {
    default: 2,
    min: 1,
    max: 10_000,
    reached: 'Further tasks that are to move wait until the copies that are being made are ready.',
  },
  probingRebalanceIntervalMs: {
    default: 600_000,
    min: 100,
    max: 2 ** 40,
    reached: 'The group looks again whether copies are ready.',
  },
  standbyFetchMaxBytes: {
    default: 1024 * 1024,
    min: 1,
    max: 2 ** 30,
    reached: 'Heartbeats, queries and running tasks have their turn before standby copies take more.',
  },
  stateCleanupDelayMs: {
    default: 600_000,
    min: 0,
    max: 2 ** 40,
    reached: 'State on disk of a task that has gone elsewhere is deleted.',
  },
  repartitionPurgeIntervalMs: {
    default: 30_000,
    min: 0,
    max: 2 ** 40,
    reached: 'Records of repartition topics that are consumed and committed are deleted.',
  },
  restoreFailuresMax: {
    default: 3,
    min: 1,
    max: 1_000,
    reached: 'The application stops because a store on disk keeps failing.',
  },
} as const satisfies LimitTable

export type StreamsLimits = { readonly [Name in keyof typeof streamsLimits]: number }

/** Faults that a test plants in order to see that the simulation finds them. Never set in production. */
export interface PlantedFaults {
  /** Writes the stores before the transaction has committed. */
  readonly storesBeforeCommit?: boolean
  /** Commits consumed offsets without the group's generation, so that a zombie is not fenced. */
  readonly offsetsUnfenced?: boolean
  /** Restores up to the last stable offset instead of the end of the changelog. */
  readonly restoreToStableOffset?: boolean
  /** Commits offsets before the caches are flushed: results of records that are committed follow in the next transaction. */
  readonly commitBeforeFlush?: boolean
  /** Takes a store that has a checkpoint for complete, however long ago that was. */
  readonly staleCheckpoint?: boolean
  /** Restores a standby's store once more, from the beginning, when the task has been promoted and writes to it. */
  readonly doubleRestore?: boolean
  /** Notes of a standby copy that it has come to the end of its changelog when it has read a part of it. */
  readonly standbyAhead?: boolean
  /** Takes a commit whose reply was lost for one that failed: goes on from the offsets that it knows of. */
  readonly lostReplyIsAbort?: boolean
  /** Commits output without offsets where none has moved, so that a zombie's output is not fenced. */
  readonly outputUnfenced?: boolean
  /** Gives revoked tasks up without committing what they did; the thread's next commit takes their output along. */
  readonly revokedUncommitted?: boolean
  /** When the group has thrown the thread out, keeps what its tasks wrote for the next commit. */
  readonly lostOutputKept?: boolean
  /** Gives a task to its new owner while the old one still runs it. */
  readonly movesAtOnce?: boolean
}

export interface RuntimeConfig extends StreamsLimits {
  readonly processingGuarantee: ProcessingGuarantee
  readonly commitIntervalMs: number
  /** Replicas of internal topics; -1 takes the broker's default. */
  readonly replicationFactor: number
  readonly groupInstanceId: string | undefined
  /** Where dead letters of all inputs go; `<topic>.dlq` of each where there is none. */
  readonly deadLetterTopic: string | undefined
  /** Copies of every stateful task that other instances keep up to date. */
  readonly numStandbyReplicas: number
  /** Where this instance runs, and which of that standbys should differ in (KIP-708). */
  readonly clientTags: Readonly<Record<string, string>>
  readonly rackAwareAssignmentTags: readonly string[]
  /** The rack that this instance is in, and what it costs that tasks read from others (KIP-925). */
  readonly clientRack: string | undefined
  readonly rackAwareAssignmentStrategy: RackAwareStrategy
  readonly rackAwareAssignmentTrafficCost: number
  readonly rackAwareAssignmentNonOverlapCost: number
  /** Settings of all internal topics, under Kafka's names. */
  readonly internalTopicConfig: Readonly<Record<string, string>>
  /** How much longer than the window store itself its changelog keeps records. */
  readonly windowChangelogExtraMs: number
  /** What becomes of the application where records are gone that it was still to read. */
  readonly lostInput: 'fail' | 'continue'
  readonly faults: PlantedFaults
}

/** @throws CONFIG_UNKNOWN_OPTION, CONFIG_INVALID_OPTION */
export function resolveConfig(given: Partial<RuntimeConfig>): RuntimeConfig {
  const {
    processingGuarantee = 'exactly_once',
    // As in Kafka Streams: a transaction holds results back, so it is short; without one, offsets may wait.
    commitIntervalMs = processingGuarantee === 'exactly_once' ? 100 : 30_000,
    replicationFactor = -1,
    groupInstanceId,
    deadLetterTopic,
    numStandbyReplicas = 0,
    clientTags = {},
    rackAwareAssignmentTags = [],
    clientRack,
    rackAwareAssignmentStrategy = 'none',
    rackAwareAssignmentTrafficCost = 10,
    rackAwareAssignmentNonOverlapCost = 1,
    internalTopicConfig = {},
    windowChangelogExtraMs = 86_400_000,
    lostInput = 'fail',
    faults = {},
    ...limits
  } = given
  return {
    ...resolveLimits('startStreams', streamsLimits, limits),
    processingGuarantee,
    commitIntervalMs,
    replicationFactor,
    groupInstanceId,
    deadLetterTopic,
    numStandbyReplicas,
    clientTags,
    rackAwareAssignmentTags,
    clientRack: clientRack === '' ? undefined : clientRack,
    rackAwareAssignmentStrategy,
    rackAwareAssignmentTrafficCost,
    rackAwareAssignmentNonOverlapCost,
    internalTopicConfig,
    windowChangelogExtraMs,
    lostInput,
    faults,
  }
}
