import type { PartitionName, SeenRecord } from '../history.ts'
import type { Anomaly } from './anomaly.ts'
import type { Facts } from './facts.ts'

/** Offsets and values: each belongs to one of the other, whoever looks, whenever. */
export function* checkOffsets(facts: Facts): Iterable<Anomaly> {
  const valueAt = new Map<string, { value: string; by: string }>()
  const offsetOf = new Map<string, { offset: number; by: string }>()
  const twice = new Set<string>()
  for (const { record, by } of everySighting(facts)) {
    const where = `${record.partition}@${record.offset}`
    const known = valueAt.get(where)
    if (known && known.value !== record.value) {
      yield {
        kind: 'inconsistent-offsets',
        witness: `${where} is ${known.value} (${known.by}) and ${record.value} (${by})`,
      }
    }
    valueAt.set(where, { value: record.value, by })
    const before = offsetOf.get(record.value)
    if (before && before.offset !== record.offset && !twice.has(record.value)) {
      twice.add(record.value)
      yield {
        kind: 'duplicate',
        witness: `${record.value} is at ${record.partition}@${before.offset} (${before.by}) and @${record.offset} (${by})`,
      }
    }
    offsetOf.set(record.value, { offset: record.offset, by })
  }
}

function* everySighting(facts: Facts): Iterable<{ record: SeenRecord; by: string }> {
  for (const records of facts.log.values()) for (const record of records) yield { record, by: 'the log' }
  for (const records of facts.visible.values()) for (const record of records) yield { record, by: 'the committed log' }
  for (const { operation, result, outcome, process } of facts.sends) {
    if (outcome !== 'ok' || result.offset === undefined) continue
    const { partition, value } = operation
    yield { record: { partition, value, offset: result.offset }, by: `the answer to ${process}` }
  }
  for (const { result, process } of facts.polls) {
    for (const record of result.records ?? []) yield { record, by: `a poll of ${process}` }
  }
}

/** What was acknowledged is in the log; what was committed is visible. */
export function* checkLosses(facts: Facts): Iterable<Anomaly> {
  const stored = new Set([...facts.log.values()].flat().map(({ value }) => value))
  const visible = new Set([...facts.visible.values()].flat().map(({ value }) => value))
  for (const { operation, outcome, process } of facts.sends) {
    if (outcome !== 'ok') continue
    const { value, partition, transaction } = operation
    if (!stored.has(value)) {
      yield { kind: 'lost-write', witness: `${value} of ${process} was acknowledged and is not in ${partition}` }
    } else if (!visible.has(value)) {
      const committed = transaction === undefined || facts.transactions.get(transaction)?.outcome === 'committed'
      if (committed) yield { kind: 'lost-write', witness: `${value} of ${process} was committed and is not visible` }
    }
  }
}

/** One producer's writes to one partition are in the order in which it sent them, and its answers say so. */
export function* checkOrder(facts: Facts): Iterable<Anomaly> {
  const sentBy = new Map<string, Facts['sends'][number][]>()
  for (const send of facts.sends) {
    const key = `${send.process} ${send.operation.partition}`
    const list = sentBy.get(key)
    if (list) list.push(send)
    else sentBy.set(key, [send])
  }
  const positions = positionsOf(facts.log)
  for (const sends of sentBy.values()) {
    let last: { value: string; offset: number } | undefined
    let told: { send: (typeof sends)[number]; offset: number } | undefined
    for (const send of sends) {
      const { value, partition, transaction } = send.operation
      const offset = positions.get(value)
      if (offset !== undefined) {
        if (last && offset < last.offset) {
          const witness = `${send.process} sent ${last.value} before ${value}; ${partition} has them at ${last.offset} and ${offset}`
          yield { kind: 'wrong-order', witness }
        }
        last = { value, offset }
      }
      const answered = send.outcome === 'ok' ? send.result.offset : undefined
      if (answered === undefined) continue
      if (told && answered <= told.offset) {
        const internal = transaction !== undefined && transaction === told.send.operation.transaction
        const witness = `${send.process} was told ${told.offset} for ${told.send.operation.value} and then ${answered} for ${value} in ${partition}`
        yield { kind: internal ? 'internal-nonmonotonic-send' : 'nonmonotonic-send', witness }
      }
      told = { send, offset: answered }
    }
  }
}

function positionsOf(log: ReadonlyMap<PartitionName, readonly SeenRecord[]>): Map<string, number> {
  const positions = new Map<string, number>()
  for (const records of log.values()) for (const { value, offset } of records) positions.set(value, offset)
  return positions
}
