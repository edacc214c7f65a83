import { type CallOf, callsOf, type History, type PartitionName } from '../history.ts'
import type { Anomaly } from './anomaly.ts'
import type { Facts } from './facts.ts'

/** Groups: their offsets go forward, stand behind what members got, and move with the results of what they got. */
export function* checkGroups(history: History, facts: Facts): Iterable<Anomaly> {
  yield* checkOffsetReads(history, facts)
  yield* checkUnseen(history, facts)
  yield* checkProcessing(history, facts)
}

type Commit = CallOf<'commitOffsets'>

/** When a commit of offsets certainly holds, and from when on it may; undefined when it never does. */
function span(commit: Commit, history: History, facts: Facts): { from: number; certain: number } | undefined {
  const { transaction } = commit.operation
  if (commit.outcome === 'fail') return undefined
  if (transaction === undefined) {
    return { from: commit.invoked, certain: commit.outcome === 'ok' ? commit.ended : Number.POSITIVE_INFINITY }
  }
  const { outcome, commitInvoked } = facts.transactions.get(transaction)!
  if (outcome === 'aborted') return undefined
  const ok = callsOf(history, 'commit').find((one) => one.operation.transaction === transaction && one.outcome === 'ok')
  return { from: commitInvoked, certain: ok && commit.outcome === 'ok' ? ok.ended : Number.POSITIVE_INFINITY }
}

function* checkOffsetReads(history: History, facts: Facts): Iterable<Anomaly> {
  const spans = callsOf(history, 'commitOffsets').map((commit) => ({ commit, span: span(commit, history, facts) }))
  const reads = callsOf(history, 'readOffsets').filter(({ outcome }) => outcome === 'ok')
  const seen = new Map<string, { offset: number; ended: number }>()
  for (const read of reads) {
    const { group } = read.operation
    const found = new Map(read.result.offsets?.map(({ partition, offset }) => [partition, offset]))
    const own = spans.filter(({ commit }) => commit.operation.group === group)
    const partitions = new Set([
      ...found.keys(),
      ...own.flatMap(({ commit }) => commit.operation.offsets.map((one) => one.partition)),
    ])
    for (const partition of partitions) {
      const offset = found.get(partition) ?? -1
      const sources = own.filter(({ commit }) => offsetIn(commit, partition) === offset)
      if (offset >= 0 && !sources.some((one) => one.span && one.span.from < read.ended)) {
        const witness = `${group} stands at ${offset} in ${partition}, which ${sources.length === 0 ? 'nobody' : 'only an aborted transaction'} committed`
        yield { kind: 'aborted-offsets', witness }
      }
      const held = own
        .filter((one) => one.span !== undefined && one.span.certain < read.invoked)
        .map(({ commit }) => offsetIn(commit, partition) ?? -1)
      const known = seen.get(`${group} ${partition}`)
      const least = Math.max(-1, ...held, known && known.ended < read.invoked ? known.offset : -1)
      if (offset < least) {
        yield { kind: 'offsets-backwards', witness: `${group} stood at ${least} in ${partition}, then at ${offset}` }
      }
      seen.set(`${group} ${partition}`, { offset: Math.max(offset, known?.offset ?? -1), ended: read.ended })
    }
  }
}

function offsetIn(commit: Commit, partition: PartitionName): number | undefined {
  return commit.operation.offsets.find((one) => one.partition === partition)?.offset
}

/** In the end, where each group stands by its last reading. */
function lastOffsets(history: History): Map<string, Map<PartitionName, number>> {
  const last = new Map<string, Map<PartitionName, number>>()
  for (const { operation, outcome, result } of callsOf(history, 'readOffsets')) {
    if (outcome !== 'ok') continue
    last.set(operation.group, new Map(result.offsets?.map(({ partition, offset }) => [partition, offset])))
  }
  return last
}

function* checkUnseen(history: History, facts: Facts): Iterable<Anomaly> {
  for (const [group, offsets] of lastOffsets(history)) {
    const got = new Set(
      facts.polls
        .filter(({ operation }) => operation.group === group)
        .flatMap(({ result }) => (result.records ?? []).map(({ value }) => value)),
    )
    for (const [partition, end] of offsets) {
      const missed = (facts.visible.get(partition) ?? []).find(({ offset, value }) => offset < end && !got.has(value))
      if (!missed) continue
      const witness = `${group} stands at ${end} in ${partition}, and no member got @${missed.offset}=${missed.value}`
      yield { kind: 'unseen', witness }
    }
  }
}

/** Results that are sent in the transaction that commits the offset come once for each record before the offset. */
function* checkProcessing(history: History, facts: Facts): Iterable<Anomaly> {
  const results = new Map<string, string[]>()
  for (const { value } of [...facts.visible.values()].flat()) {
    const from = facts.sendOf.get(value)?.operation.from
    if (from !== undefined) results.set(from, [...(results.get(from) ?? []), value])
  }
  for (const [from, values] of results) {
    if (values.length > 1) yield { kind: 'processed-twice', witness: `${from} became ${values.join(' and ')}` }
  }
  const groups = new Set(
    callsOf(history, 'commitOffsets')
      .filter(({ operation }) => operation.transaction !== undefined)
      .map(({ operation }) => operation.group),
  )
  for (const [group, offsets] of lastOffsets(history)) {
    if (!groups.has(group)) continue
    for (const [partition, end] of offsets) {
      const missed = (facts.visible.get(partition) ?? []).find(
        ({ offset, value }) => offset < end && !results.has(value),
      )
      if (!missed) continue
      const witness = `${group} stands at ${end} in ${partition}, and @${missed.offset}=${missed.value} has no result`
      yield { kind: 'processed-never', witness }
    }
  }
}
