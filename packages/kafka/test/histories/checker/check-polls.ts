import type { Call, CallOf, History, PartitionName, SeenRecord } from '../history.ts'
import type { Anomaly } from './anomaly.ts'
import { type Facts, readable } from './facts.ts'

/** Each consumer goes through each of its partitions forwards, and leaves out nothing that it should see. */
export function* checkPolls(history: History, facts: Facts): Iterable<Anomaly> {
  /** By process and partition: the record returned last. */
  const last = new Map<string, SeenRecord>()
  const readables = new Map<string, readonly SeenRecord[]>()
  const between = (partition: PartitionName, isolation: string, from: number, to: number): SeenRecord | undefined => {
    const key = `${isolation} ${partition}`
    const all = readables.get(key) ?? readable(facts, partition, isolation)
    readables.set(key, all)
    return all.find(({ offset }) => offset > from && offset < to)
  }
  for (const call of inOrderOfEnd(history)) {
    const { operation, process } = call
    if (operation.kind === 'assign') {
      // Where it goes on in what it got anew is not its own matter.
      for (const key of [...last.keys()]) {
        if (key.startsWith(`${process} `)) last.delete(key)
      }
    }
    if (operation.kind !== 'poll' || call.outcome !== 'ok') continue
    const seen = new Set<PartitionName>()
    for (const record of call.result.records ?? []) {
      const key = `${process} ${record.partition}`
      const before = last.get(key)
      const internal = seen.has(record.partition)
      if (before) {
        const skipped = between(record.partition, operation.isolation, before.offset, record.offset)
        const what = `${process} got ${before.partition}@${before.offset}=${before.value}, then @${record.offset}=${record.value}`
        if (record.offset <= before.offset) {
          yield { kind: internal ? 'internal-nonmonotonic-poll' : 'nonmonotonic-poll', witness: what }
        } else if (skipped) {
          const witness = `${what}, and not @${skipped.offset}=${skipped.value}`
          yield { kind: internal ? 'internal-poll-skip' : 'poll-skip', witness }
        }
      }
      last.set(key, record)
      seen.add(record.partition)
    }
  }
}

/** What answers say of a partition only goes forward, for each who asks. */
export function* checkWatermarks(facts: Facts): Iterable<Anomaly> {
  const known = new Map<string, number>()
  for (const { process, result } of [...facts.polls].sort((a, b) => a.ended - b.ended)) {
    for (const { partition, high, stable, start } of result.watermarks ?? []) {
      for (const [name, value] of Object.entries({
        'high watermark': high,
        'last stable offset': stable,
        'log start': start,
      })) {
        const key = `${process} ${partition} ${name}`
        const before = known.get(key) ?? -1
        if (value < before && value >= 0) {
          yield {
            kind: 'watermark-backwards',
            witness: `${process} saw the ${name} of ${partition} at ${before}, then at ${value}`,
          }
        }
        known.set(key, Math.max(before, value))
      }
    }
  }
}

function inOrderOfEnd(history: History): Call[] {
  return [...history].sort((a, b) => a.ended - b.ended)
}

/** The records of committed transactions that a transaction read, for the search of circles. */
export function readsOf(polls: readonly CallOf<'poll'>[]): Map<string, string[]> {
  const reads = new Map<string, string[]>()
  for (const { operation, result } of polls) {
    const { transaction } = operation
    if (transaction === undefined) continue
    const values = (result.records ?? []).map(({ value }) => value)
    reads.set(transaction, [...(reads.get(transaction) ?? []), ...values])
  }
  return reads
}
