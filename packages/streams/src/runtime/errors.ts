import { type ErrorTable, errorFactory } from '@millrace/base'

/** Errors of the runtime around the streams core: state on disk, assignment, commits, queries. */
export const runtimeErrors = {
  STREAMS_STATE_VERSION: {
    retriable: false,
    cause: 'A newer release wrote the state directory.',
    remedy: 'Run the newer release, or delete the named directory to restore it from the changelog topics.',
  },
  STREAMS_STATE_LOCKED: {
    retriable: false,
    cause: 'Another process uses the same state directory for the same application.',
    remedy: 'Stop the process that the message names, or give this one its own `stateDir`.',
  },
  STREAMS_STATE_FAILED: {
    retriable: false,
    cause: 'A store on disk could not be read or written, again after it was closed and restored.',
    remedy:
      'Look at the cause (a full disk, missing rights, broken hardware); state is restored from the changelog topics.',
  },
  STREAMS_SOURCE_TOPIC_MISSING: {
    retriable: true,
    cause: 'The topology reads topics that do not exist, and they did not appear within `sourceTopicsTimeoutMs`.',
    remedy: 'Create the named topics, or correct their names in the contracts.',
  },
  STREAMS_NOT_CO_PARTITIONED: {
    retriable: false,
    cause: 'Topics that are joined have different numbers of partitions, so equal keys meet in different tasks.',
    remedy: 'Give the named topics the same number of partitions, or put `.repartition(...)` before the join.',
  },
  STREAMS_INTERNAL_TOPIC_MISMATCH: {
    retriable: false,
    cause: 'An internal topic exists with another number of partitions than the topology needs.',
    remedy: 'Use another application id, or reset the application and delete its internal topics.',
  },
  STREAMS_ASSIGNMENT_VERSION: {
    retriable: false,
    cause: 'Another instance of the group speaks a newer assignment protocol that this release does not read.',
    remedy: 'Finish the upgrade of all instances to the same release.',
  },
  STREAMS_TASK_FAILED: {
    retriable: false,
    cause: 'A record could not be processed and no failure handler let it pass.',
    remedy: 'Look at the cause, or set a failure handler that continues or sends to the dead-letter topic.',
  },
  STREAMS_STORE_UNKNOWN: {
    retriable: false,
    cause: 'The topology has no store of this name.',
    remedy: 'Ask for one of the stores that the message lists.',
  },
  STREAMS_STORE_NOT_LOCAL: {
    retriable: true,
    cause: 'Another instance owns the partition of this key.',
    remedy: 'Ask the host that `metadataForKey` names.',
  },
  STREAMS_STORE_NOT_READY: {
    retriable: true,
    cause: 'The store is being restored or moved to another instance.',
    remedy: 'Ask again in a moment.',
  },
  STREAMS_OPTION_INVALID: {
    retriable: false,
    cause: 'An option of startStreams is missing or makes no sense.',
    remedy: 'Correct the option that the message names.',
  },
} as const satisfies ErrorTable

export const runtimeError = errorFactory(runtimeErrors)
