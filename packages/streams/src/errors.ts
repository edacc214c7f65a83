import { type ErrorTable, errorFactory } from '@millrace/base'

/** Every error of this package, its cause and what to do about it. */
export const streamsErrors = {
  STREAMS_TOPOLOGY_INVALID: {
    retriable: false,
    cause:
      'The program describes a topology that cannot run: a name used twice, a missing name, or an option out of range.',
    remedy: 'Correct the step that the message names.',
  },
  STREAMS_NAMES_MISSING: {
    retriable: false,
    cause: 'Internal topics or stores have names made from positions, and the topology was told to refuse them.',
    remedy: 'Give the steps that keep state a `store`, and those that regroup a `name`.',
  },
  STREAMS_SERDE_MISSING: {
    retriable: false,
    cause: 'A key that is no string has to be written to an internal topic or store, and nothing says how.',
    remedy: 'Give the step that makes the key a serde: { key: serdes.int32 }, for example.',
  },
  STREAMS_PROMISE_RETURNED: {
    retriable: false,
    cause:
      'A callback of the topology returned a promise; topologies are synchronous so that they can be exactly-once.',
    remedy: 'Move the asynchronous work behind the topology: into a handler or a sink that consumes its output.',
  },
  STREAMS_VALUE_MUTATED: {
    retriable: false,
    cause: 'A callback changed a value in place that a state store or another step still holds.',
    remedy: 'Return a new value instead: { ...old, total }.',
  },
  STREAMS_VALUE_LOSSY: {
    retriable: false,
    cause: 'A value kept in a store is not the same after it was written and read back (a Date in JSON, for example).',
    remedy: 'Give the step a serde that carries such values ({ value: … }), or keep them in a form that JSON carries.',
  },
  STREAMS_DESERIALIZE_FAILED: {
    retriable: false,
    cause: 'The bytes of a record do not match what the topology expects of its topic.',
    remedy:
      "Correct the producer or the contract; to let such records pass: app('./x.ts', { onDeserializationError: 'dead-letter' }) in the configuration, or the deserialize handler of startStreams().",
  },
  STREAMS_PROCESS_FAILED: {
    retriable: false,
    cause: 'A callback of the topology threw.',
    remedy:
      "Correct the callback; to let such records pass: app('./x.ts', { onProcessingError: 'dead-letter' }) in the configuration, or the process handler of startStreams().",
  },
  STREAMS_PRODUCE_FAILED: {
    retriable: false,
    cause: 'A result cannot be serialised for the topic or store that it is meant for, or the broker refuses it.',
    remedy:
      "Correct the step, the contract, or the topic's settings; to let such results pass, set the produce handler to deadLetter or continue.",
  },
  STREAMS_OUTPUT_REFUSED: {
    retriable: true,
    cause:
      'The broker refuses something that was written: a record is larger than its topic allows, for example, or of a time that it does not take.',
    remedy:
      'Nothing by hand: the transaction is aborted and its records are processed again, to find out which record it is; the produce handler then decides.',
  },
  STREAMS_CHANGELOG_REFUSED: {
    retriable: false,
    cause: 'The broker refuses an update of a state store, whose changelog must have all of them.',
    remedy:
      "Raise what the changelog topic takes (changelog: { 'max.message.bytes': '…' } in the step, or the topic's settings where it exists), or keep less in one row.",
  },
  STREAMS_DEAD_LETTER_REFUSED: {
    retriable: false,
    cause: 'The broker refuses a dead letter, which is somewhat larger than the record that failed.',
    remedy: "Raise the dead-letter topic's max.message.bytes, or let such records pass with the decision `continue`.",
  },
  STREAMS_RETRY_AFTER_EFFECTS: {
    retriable: true,
    cause: 'A handler asked to retry a record that had already changed state or produced output.',
    remedy: 'Nothing by hand: the transaction is aborted and its records are processed again.',
  },
  STREAMS_TIMESTAMP_INVALID: {
    retriable: false,
    cause: 'A record has a negative timestamp.',
    remedy: 'Correct the producer, or let such records pass with the deserialize handler.',
  },
  STREAMS_SOURCE_TOPIC_MISSING: {
    retriable: true,
    cause: 'A topic that the application reads does not exist.',
    remedy: 'Create the topic, or start what creates it.',
  },
  STREAMS_TOPIC_RECREATED: {
    retriable: false,
    cause:
      'A topic that the application reads, or keeps its state in, was deleted and created again: its offsets and the state are of the old one.',
    remedy:
      "Reset the application, so that it begins anew with the topic as it is. If that was done just now, delete the state of this instance too, since a reset deletes only what it is told of: `millrace streams reset <application> --state-dir <dir> --yes` while no instance runs, or the folder `<dir>/<application>` (`<dir>` is `stateDir`, with `millrace run` `<data-dir>/state`). Where what is there now simply goes on, start it with `lostInput: 'continue'`.",
  },
  STREAMS_PARTITIONS_CHANGED: {
    retriable: false,
    cause: 'A topic got more partitions while the application was at work: it would not read them.',
    remedy:
      'Start the application again: one without state reads them all then. One with state says STREAMS_INTERNAL_TOPIC_MISMATCH, since keys have moved to other partitions: reset it.',
  },
  STREAMS_INPUT_LOST: {
    retriable: false,
    cause:
      'Records that the application was still to read are gone: deleted by age or size before it came to them, cut off, or gone with their topic.',
    remedy:
      "Give the topic a longer retention. To go on with the oldest record that is left, start the application with `lostInput: 'continue'`; to compute its state anew, reset it.",
  },
  STREAMS_INPUT_DOUBTED: {
    retriable: true,
    cause: 'A topic does not go on where the last fetch ended, or another instance has gone on with it.',
    remedy:
      'Nothing by hand: the tasks are taken over anew, and STREAMS_INPUT_LOST says so where records are gone indeed.',
  },
  STREAMS_NOT_COPARTITIONED: {
    retriable: false,
    cause: 'Joined topics must have equally many partitions, or equal keys do not meet.',
    remedy: 'Create the topics with equal partition counts, or put .repartition({ name, partitions }) before the join.',
  },
  STREAMS_STORE_UNKNOWN: {
    retriable: false,
    cause: 'No store of the topology has that name.',
    remedy: 'Use the name that the step was given as { store }; describe() lists all of them.',
  },
  STREAMS_STORE_NOT_CONNECTED: {
    retriable: false,
    cause: 'A processor asked for a store that its step was not connected to.',
    remedy: 'Name the store in the step: process(supplier, { stores: [totals] }), or in the supplier itself.',
  },
  STREAMS_CHILD_UNKNOWN: {
    retriable: false,
    cause: 'A processor handed a record to a step by a name that no step behind it has.',
    remedy: 'Use the `name` of a step that follows directly; describe() shows them behind the arrow.',
  },
  STREAMS_CONFIG_UNSUPPORTED: {
    retriable: false,
    cause: 'A setting under a Kafka Streams name asks for something that is done otherwise here, or not at all.',
    remedy: 'Do what the message says, or take the setting out; the reference lists what each setting comes to.',
  },
  STREAMS_RESET_INVALID: {
    retriable: false,
    cause:
      'What a reset is to do cannot be done: a topic or a moment that there is not, or a file that cannot be read.',
    remedy: 'Correct what the message names; "millrace streams describe" lists the topics of an application.',
  },
  STREAMS_RESET_ACTIVE: {
    retriable: true,
    cause: 'Instances of the application still run, or have died and are not yet out of their group.',
    remedy: 'Stop all instances and wait for the session time-out, or add --force when all of them have stopped.',
  },
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
    cause:
      'The state directory cannot be read or written, or a store in it could not be, again after it was closed and restored.',
    remedy:
      'Look at the cause (a full disk, missing rights, broken hardware). State is restored from the changelog topics: a damaged directory may be deleted.',
  },
  STREAMS_INTERNAL_TOPIC_MISMATCH: {
    retriable: false,
    cause: 'An internal topic exists with another number of partitions than the topology needs.',
    remedy: 'Use another application id, or reset the application and delete its internal topics.',
  },
  STREAMS_TOPOLOGY_DIFFERS: {
    retriable: false,
    cause:
      'An application with the same id, and another topology, is at work: other topics, sub-topologies or stores than this instance has.',
    remedy:
      'Give one of them another application id. To replace a topology by one whose sub-topologies or stores differ, stop all instances first.',
  },
  STREAMS_STORE_CHANGED: {
    retriable: false,
    cause:
      'A store of that name was one of another kind before (windows instead of rows, for example), and its state is laid out in another way.',
    remedy:
      'Give the store another name, or reset the application, which deletes its state and changelog. Where a store only keeps no headers any more, it is enough to delete the state directory. A setting of the changelog that was changed by hand has to be set back.',
  },
  STREAMS_NAMES_MOVED: {
    retriable: false,
    cause:
      'Internal topics that are named by the positions of their steps are there under other names: a step was added or taken out before them. Their state, or records on their way, would be left behind.',
    remedy:
      "Name the steps; one that is to go on with its state takes the name that it had: { store: 'KSTREAM-AGGREGATE-STATE-STORE-0000000001' }. To begin anew, reset the application, or delete the topics that the message names.",
  },
  STREAMS_ASSIGNMENT_VERSION: {
    retriable: false,
    cause: 'Another instance of the group speaks a newer assignment protocol that this release does not read.',
    remedy: 'Finish the upgrade of all instances to the same release.',
  },
  STREAMS_ASSIGNMENT_INVALID: {
    retriable: false,
    cause: 'The task assignor that the application was given left out a task, or gave one away twice.',
    remedy: 'Correct the `taskAssignor`: every task is active exactly once, and has one copy per process at most.',
  },
  STREAMS_SHUTDOWN_REQUESTED: {
    retriable: false,
    cause: 'A thread of some instance failed, and its uncaught handler chose to stop the whole application.',
    remedy: 'Look for the failure in the logs of the instance that asked; start the instances again when it is mended.',
  },
  STREAMS_THREADS_NEED_MODULE: {
    retriable: false,
    cause:
      'Several threads were asked for, and part of the application is a closure or an object that cannot go to another thread.',
    remedy:
      'Give `topology` as the URL or path of a module and `brokers` instead of a client; export handlers and a task assignor of your own from that module as `handlers` and `taskAssignor`.',
  },
  STREAMS_CHANGELOG_LOST: {
    retriable: false,
    cause:
      'The changelog of a store was created anew or has lost records that the store, and the committed offsets, know of.',
    remedy:
      'Bring the changelog back. If what is left of it is to do, delete the state directory to rebuild from that; to compute the state anew, reset the application.',
  },
  STREAMS_BUFFER_FULL: {
    retriable: false,
    cause:
      "A step holds back more updates than its buffer may have, and was told to shut down then (`whenFull: 'shutDown'`).",
    remedy:
      'Give the buffer more room, make windows and their grace shorter, or let updates out early where they need not be final.',
  },
  STREAMS_CHANGELOG_FORMAT: {
    retriable: false,
    cause: 'The changelog of held-back updates has records in a layout of Kafka Streams before 2.6.',
    remedy:
      'Run the Java application once more with Kafka Streams 2.6 or later, so that it writes them anew, or reset the application.',
  },
  STREAMS_STORE_KIND: {
    retriable: false,
    cause: 'A store was asked for something that its kind does not have: a key-value store for windows, for example.',
    remedy: 'Ask key-value stores for keys and ranges, window and session stores for windows and sessions of a key.',
  },
  STREAMS_MEMBERSHIP_LOST: {
    retriable: true,
    cause:
      'The instance was thrown out of its consumer group before it could commit, or others have run its tasks meanwhile.',
    remedy:
      'Nothing by hand: what was not committed is processed again after rejoining; if it happens often, look for pauses longer than `sessionTimeoutMs`.',
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
  STREAMS_BOUND_NOT_REACHED: {
    retriable: true,
    cause: 'A query is bound to a write whose effects the store does not show yet.',
    remedy: 'Ask again in a moment, or give the query more time to wait in.',
  },
  STREAMS_BOUND_UNRELATED: {
    retriable: false,
    cause:
      'A query is bound to a topic from which nothing comes to the store, so that the bound could never be reached.',
    remedy: 'Bind the query to writes of topics that the topology reads on the way to the store.',
  },
  STREAMS_STORE_TOO_STALE: {
    retriable: true,
    cause: 'A standby copy is further behind than the query allows.',
    remedy: 'Ask the active instance, or allow a greater lag.',
  },
  STREAMS_STORE_NO_CHANGES: {
    retriable: false,
    cause: 'A store was asked for its changes that tells none: it keeps no changelog, or is a global table.',
    remedy: 'Follow a store that is logged, or the topic that the global table is read from.',
  },
  STREAMS_CHANGES_LOST: {
    retriable: true,
    cause:
      'A reader of changes is further behind than the buffer reaches, or the changelog no longer has what it asks for.',
    remedy: 'Read the store anew and follow its changes from there; read faster, or raise the buffer.',
  },
} as const satisfies ErrorTable

export const streamsError = errorFactory(streamsErrors)
