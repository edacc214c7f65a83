/** Where a transactional producer stands. */
export type TransactionState =
  | 'uninitialised'
  | 'initialising'
  | 'ready'
  | 'open'
  | 'committing'
  | 'aborting'
  | 'abortable'
  | 'fatal'

export type TransactionEvent =
  | 'init'
  | 'initialised'
  | 'initFailed'
  | 'begin'
  | 'write'
  | 'commit'
  | 'abort'
  | 'completed'
  | 'abortableError'
  | 'fatalError'

/**
 * Every state has an entry for every event; null is a call that is not allowed there.
 *
 * - `abortable`: a write was lost, so the transaction can only be aborted (KIP-1050).
 * - `committing` knows no abort: the commit may have taken effect, so it can only be repeated until its outcome is known.
 * - `aborting` takes further write errors for granted: the writes they are about are thrown away.
 * - `fatal` ends the producer.
 */
export const transactionTable: Readonly<
  Record<TransactionState, Readonly<Record<TransactionEvent, TransactionState | null>>>
> = {
  uninitialised: {
    init: 'initialising',
    initialised: null,
    initFailed: null,
    begin: null,
    write: null,
    commit: null,
    abort: null,
    completed: null,
    abortableError: null,
    fatalError: 'fatal',
  },
  initialising: {
    init: null,
    initialised: 'ready',
    initFailed: 'uninitialised',
    begin: null,
    write: null,
    commit: null,
    abort: null,
    completed: null,
    abortableError: null,
    fatalError: 'fatal',
  },
  ready: {
    init: 'initialising',
    initialised: null,
    initFailed: null,
    begin: 'open',
    write: null,
    commit: null,
    abort: null,
    completed: null,
    abortableError: null,
    fatalError: 'fatal',
  },
  open: {
    init: null,
    initialised: null,
    initFailed: null,
    begin: null,
    write: 'open',
    commit: 'committing',
    abort: 'aborting',
    completed: null,
    abortableError: 'abortable',
    fatalError: 'fatal',
  },
  committing: {
    init: null,
    initialised: null,
    initFailed: null,
    begin: null,
    write: null,
    commit: 'committing',
    abort: null,
    completed: 'ready',
    abortableError: 'abortable',
    fatalError: 'fatal',
  },
  aborting: {
    init: null,
    initialised: null,
    initFailed: null,
    begin: null,
    write: null,
    commit: null,
    abort: 'aborting',
    completed: 'ready',
    abortableError: 'aborting',
    fatalError: 'fatal',
  },
  abortable: {
    init: null,
    initialised: null,
    initFailed: null,
    begin: null,
    write: null,
    commit: null,
    abort: 'aborting',
    completed: null,
    abortableError: 'abortable',
    fatalError: 'fatal',
  },
  fatal: {
    init: null,
    initialised: null,
    initFailed: null,
    begin: null,
    write: null,
    commit: null,
    abort: null,
    completed: null,
    abortableError: 'fatal',
    fatalError: 'fatal',
  },
}
