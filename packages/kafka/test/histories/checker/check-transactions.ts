import { callsOf, type History } from '../history.ts'
import type { Anomaly } from './anomaly.ts'
import { readsOf } from './check-polls.ts'
import type { Facts, TransactionFacts } from './facts.ts'

/** Readers of committed records see what was committed, when it was committed, and all of it. */
export function* checkTransactions(history: History, facts: Facts): Iterable<Anomaly> {
  yield* checkCommittedReads(facts)
  yield* checkWholeness(facts)
  yield* checkStableOffsets(facts)
  yield* checkZombies(history, facts)
  yield* checkCircles(facts)
}

function* checkCommittedReads(facts: Facts): Iterable<Anomaly> {
  const readers = facts.polls.filter(({ operation }) => operation.isolation === 'read_committed')
  for (const { process, result, ended } of readers) {
    for (const record of result.records ?? []) {
      const transaction = transactionOf(facts, record.value)
      if (!transaction) continue
      const what = `${process} read ${record.partition}@${record.offset}=${record.value} of ${transaction.name}`
      if (transaction.outcome === 'aborted') yield { kind: 'aborted-read', witness: `${what}, which did not commit` }
      else if (transaction.commitInvoked > ended) yield { kind: 'dirty-read', witness: `${what} before its commit` }
    }
  }
  for (const record of [...facts.visible.values()].flat()) {
    const transaction = transactionOf(facts, record.value)
    if (transaction?.outcome !== 'aborted') continue
    const witness = `${record.partition}@${record.offset}=${record.value} of ${transaction.name} is visible, which did not commit`
    yield { kind: 'aborted-read', witness }
  }
}

function transactionOf(facts: Facts, value: string): TransactionFacts | undefined {
  const name = facts.sendOf.get(value)?.operation.transaction
  return name === undefined ? undefined : facts.transactions.get(name)
}

function* checkWholeness(facts: Facts): Iterable<Anomaly> {
  const visible = new Set([...facts.visible.values()].flat().map(({ value }) => value))
  for (const transaction of facts.transactions.values()) {
    if (transaction.outcome === 'aborted') continue
    // A commit waits for every answer: what was not acknowledged is not part of what was committed.
    const values = transaction.sends.filter(({ outcome }) => outcome === 'ok').map(({ operation }) => operation.value)
    const present = values.filter((value) => visible.has(value))
    const missing = values.filter((value) => !visible.has(value))
    if (present.length === 0 || missing.length === 0) continue
    yield {
      kind: 'torn-transaction',
      witness: `of ${transaction.name} ${present[0]} is visible and ${missing[0]} is not`,
    }
  }
}

function* checkStableOffsets(facts: Facts): Iterable<Anomaly> {
  const offsets = new Map([...facts.log.values()].flat().map((record) => [record.value, record]))
  const firstOffsets: {
    partition: string
    offset: number
    value: string
    transaction: TransactionFacts
    acked: number
  }[] = []
  for (const transaction of facts.transactions.values()) {
    // Others may have been aborted by the broker before anyone asked for it.
    if (transaction.outcome !== 'committed') continue
    for (const { operation, outcome, ended } of transaction.sends) {
      const record = offsets.get(operation.value)
      if (record && outcome === 'ok') firstOffsets.push({ ...record, transaction, acked: ended })
    }
  }
  for (const { process, result, ended } of facts.polls) {
    for (const { partition, stable } of result.watermarks ?? []) {
      const passed = firstOffsets.find(
        (one) => one.partition === partition && one.offset < stable && ended < one.transaction.commitInvoked,
      )
      if (!passed) continue
      const witness = `${process} saw ${partition} stable to ${stable} while ${passed.transaction.name} was open with ${passed.value} at ${passed.offset}`
      yield { kind: 'stable-past-open', witness }
    }
  }
}

/** Nothing that a producer begins after its successor has its epoch succeeds. */
function* checkZombies(history: History, facts: Facts): Iterable<Anomaly> {
  const inits = callsOf(history, 'init').filter(({ outcome }) => outcome === 'ok')
  const endings = [...callsOf(history, 'commit'), ...facts.sends].filter(({ outcome }) => outcome === 'ok')
  for (const call of endings) {
    const { transactionalId, kind } = call.operation
    if (transactionalId === undefined) continue
    const own = inits.findLast((init) => init.process === call.process && init.ended < call.invoked)
    const successor = inits.find(
      (init) =>
        init.operation.transactionalId === transactionalId &&
        init.process !== call.process &&
        init.ended < call.invoked &&
        (own === undefined || init.invoked > own.ended),
    )
    if (!successor) continue
    // A transaction in which nothing was sent ends without a word to the broker.
    if (
      kind === 'commit' &&
      !facts.transactions.get(call.operation.transaction)?.sends.some((send) => send.outcome === 'ok')
    )
      continue
    const what = kind === 'send' ? `sent ${call.operation.value}` : `committed ${call.operation.transaction}`
    yield { kind: 'zombie-write', witness: `${call.process} ${what} after ${successor.process} had succeeded it` }
  }
}

/** A circle of committed transactions, each of which read a record of the next. */
function* checkCircles(facts: Facts): Iterable<Anomaly> {
  const reads = readsOf(facts.polls)
  const next = new Map<string, Set<string>>()
  for (const [reader, values] of reads) {
    for (const value of values) {
      const writer = facts.sendOf.get(value)?.operation.transaction
      if (writer === undefined || writer === reader) continue
      const targets = next.get(reader) ?? new Set<string>()
      next.set(reader, targets.add(writer))
    }
  }
  const done = new Set<string>()
  const isCommitted = (name: string): boolean => facts.transactions.get(name)?.outcome === 'committed'
  const circle = (name: string, path: string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
    if (done.has(name) || !isCommitted(name)) return undefined
    for (const target of next.get(name) ?? []) {
      const found = circle(target, [...path, name])
      if (found) return found
    }
    done.add(name)
    return undefined
  }
  for (const name of next.keys()) {
    const found = circle(name, [])
    if (!found) continue
    yield { kind: 'circular-reads', witness: `${found.join(' read from ')}` }
    return
  }
}
