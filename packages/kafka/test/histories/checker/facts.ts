import { type CallOf, callsOf, type History, type PartitionName, type SeenRecord } from '../history.ts'

export type TransactionOutcome = 'committed' | 'aborted' | 'unknown'

export interface TransactionFacts {
  readonly name: string
  readonly transactionalId: string
  readonly process: string
  readonly outcome: TransactionOutcome
  /** When its end was first asked for; Infinity when never. */
  readonly commitInvoked: number
  readonly sends: CallOf<'send'>[]
}

/** What follows from a history at once, for all checks. */
export interface Facts {
  readonly sends: readonly CallOf<'send'>[]
  readonly polls: readonly CallOf<'poll'>[]
  readonly sendOf: ReadonlyMap<string, CallOf<'send'>>
  readonly transactions: ReadonlyMap<string, TransactionFacts>
  /** The log as it is in the end, and what of it a reader of committed records sees; by partition. */
  readonly log: ReadonlyMap<PartitionName, readonly SeenRecord[]>
  readonly visible: ReadonlyMap<PartitionName, readonly SeenRecord[]>
}

export function factsOf(history: History): Facts {
  const sends = callsOf(history, 'send')
  const log = new Map<PartitionName, readonly SeenRecord[]>()
  const visible = new Map<PartitionName, readonly SeenRecord[]>()
  for (const { operation, result, outcome } of callsOf(history, 'final')) {
    if (outcome !== 'ok') continue
    ;(operation.isolation === 'read_committed' ? visible : log).set(operation.partition, result.records ?? [])
  }
  return {
    sends,
    polls: callsOf(history, 'poll').filter(({ outcome }) => outcome === 'ok'),
    sendOf: new Map(sends.map((send) => [send.operation.value, send])),
    transactions: transactionsOf(history, sends),
    log,
    visible,
  }
}

function transactionsOf(history: History, sends: readonly CallOf<'send'>[]): Map<string, TransactionFacts> {
  const commits = new Map<string, CallOf<'commit'>>()
  const aborted = new Set<string>()
  for (const call of callsOf(history, 'commit')) {
    const { transaction } = call.operation
    const before = commits.get(transaction)
    // A commit that is asked for again tells how the first one ended.
    if (!before || call.outcome === 'ok') commits.set(transaction, call)
  }
  const firstCommit = new Map<string, number>()
  for (const { operation, invoked } of callsOf(history, 'commit')) {
    if (!firstCommit.has(operation.transaction)) firstCommit.set(operation.transaction, invoked)
  }
  for (const { operation, outcome } of callsOf(history, 'abort')) {
    if (outcome === 'ok') aborted.add(operation.transaction)
  }
  const facts = new Map<string, TransactionFacts>()
  for (const { operation, process } of callsOf(history, 'begin')) {
    const { transaction, transactionalId } = operation
    const commit = commits.get(transaction)
    const outcome = commit?.outcome === 'ok' ? 'committed' : commit && !aborted.has(transaction) ? 'unknown' : 'aborted'
    const own = sends.filter((send) => send.operation.transaction === transaction)
    const commitInvoked = firstCommit.get(transaction) ?? Number.POSITIVE_INFINITY
    facts.set(transaction, { name: transaction, transactionalId, process, outcome, commitInvoked, sends: own })
  }
  return facts
}

/** What a reader of the given isolation finds in a partition, in the end. */
export function readable(facts: Facts, partition: PartitionName, isolation: string): readonly SeenRecord[] {
  return (isolation === 'read_committed' ? facts.visible : facts.log).get(partition) ?? []
}
