/** States of a transactional id, with the bytes Kafka's transaction log has for them. */
export const transactionStates = {
  Empty: 0,
  Ongoing: 1,
  PrepareCommit: 2,
  PrepareAbort: 3,
  CompleteCommit: 4,
  CompleteAbort: 5,
  Dead: 6,
} as const

export type TransactionState = keyof typeof transactionStates

/**
 * What happens to a transactional id. `commit1` and `abort1` are EndTxn of clients whose epoch stays (EndTxn up to v4);
 * `commit2` and `abort2` of clients whose epoch goes up with every transaction (v5, KIP-890), and `commit2Again` and
 * `abort2Again` are those a second time, which the epoch gives away.
 */
export type TransactionEvent =
  | 'init'
  | 'addPartitions'
  | 'commit1'
  | 'abort1'
  | 'commit2'
  | 'abort2'
  | 'commit2Again'
  | 'abort2Again'
  | 'markersWritten'
  | 'expire'

/**
 * The next state, or why there is none. `busy`: CONCURRENT_TRANSACTIONS, the markers are being written. `invalid`:
 * INVALID_TXN_STATE. `fenced`: PRODUCER_FENCED. `done`: the answer of the first time again. `abortFirst`: the open
 * transaction of the predecessor is aborted, then the same event once more. `never`: this broker does not let it happen.
 */
export type TransactionStep = TransactionState | 'busy' | 'invalid' | 'fenced' | 'done' | 'abortFirst' | 'never'

export const transactionTable: Readonly<Record<TransactionState, Readonly<Record<TransactionEvent, TransactionStep>>>> =
  {
    Empty: {
      init: 'Empty',
      addPartitions: 'Ongoing',
      commit1: 'invalid',
      abort1: 'invalid',
      commit2: 'invalid',
      // A client that cannot tell whether its requests arrived aborts to get a new epoch, also without partitions.
      abort2: 'PrepareAbort',
      commit2Again: 'fenced',
      abort2Again: 'fenced',
      markersWritten: 'never',
      expire: 'Dead',
    },
    Ongoing: {
      init: 'abortFirst',
      addPartitions: 'Ongoing',
      commit1: 'PrepareCommit',
      abort1: 'PrepareAbort',
      commit2: 'PrepareCommit',
      abort2: 'PrepareAbort',
      commit2Again: 'fenced',
      abort2Again: 'fenced',
      markersWritten: 'never',
      expire: 'never',
    },
    PrepareCommit: {
      init: 'busy',
      addPartitions: 'busy',
      commit1: 'busy',
      abort1: 'invalid',
      // The epoch has gone up already: whoever names it as its own has not got it from this transaction's end.
      commit2: 'fenced',
      abort2: 'fenced',
      commit2Again: 'busy',
      abort2Again: 'invalid',
      markersWritten: 'CompleteCommit',
      expire: 'never',
    },
    PrepareAbort: {
      init: 'busy',
      addPartitions: 'busy',
      commit1: 'invalid',
      abort1: 'busy',
      commit2: 'fenced',
      abort2: 'fenced',
      commit2Again: 'invalid',
      abort2Again: 'busy',
      markersWritten: 'CompleteAbort',
      expire: 'never',
    },
    CompleteCommit: {
      init: 'Empty',
      addPartitions: 'Ongoing',
      commit1: 'done',
      abort1: 'invalid',
      commit2: 'invalid',
      abort2: 'PrepareAbort',
      commit2Again: 'done',
      abort2Again: 'invalid',
      markersWritten: 'never',
      expire: 'Dead',
    },
    CompleteAbort: {
      init: 'Empty',
      addPartitions: 'Ongoing',
      commit1: 'invalid',
      abort1: 'done',
      commit2: 'invalid',
      abort2: 'PrepareAbort',
      commit2Again: 'invalid',
      abort2Again: 'done',
      markersWritten: 'never',
      expire: 'Dead',
    },
    Dead: {
      init: 'never',
      addPartitions: 'never',
      commit1: 'never',
      abort1: 'never',
      commit2: 'never',
      abort2: 'never',
      commit2Again: 'never',
      abort2Again: 'never',
      markersWritten: 'never',
      expire: 'never',
    },
  }

export function transactionStateOf(status: number): TransactionState | undefined {
  return (Object.keys(transactionStates) as TransactionState[]).find((state) => transactionStates[state] === status)
}
