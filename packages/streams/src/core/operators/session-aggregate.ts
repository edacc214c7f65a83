import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, type ProcessorSetup, settled } from '../processor.ts'
import { asBuffer } from '../stores/bytes.ts'
import type { SpanStore } from '../stores/span-store.ts'
import type { SessionWindows } from '../windows/session-window.ts'
import { type EmitStrategy, FinalResults } from './final-results.ts'
import type { Aggregation } from './stream-aggregate.ts'

/** How records are folded into sessions, and sessions into one. */
export interface SessionAggregation extends Aggregation {
  /** The aggregate of a new session comes first, null where it begins with its first value. */
  readonly merge: (one: unknown, other: unknown, key: unknown) => unknown
}

/**
 * One aggregate a key and session. A record joins all sessions that end or begin within the gap of it into one: those
 * are deleted, and the result is put under the span of them all. A session takes records until stream time has passed
 * its end by gap and grace; a record that would only make one that is over is dropped and counted.
 */
export function sessionAggregateOperator(
  aggregation: SessionAggregation,
  windows: SessionWindows,
  storeName: string,
  sendOldValues: boolean,
  emit: EmitStrategy,
): CreateProcessor {
  const { initial, add, merge, readsValue, skipsNullValues } = aggregation
  const { gapMs, graceMs } = windows
  return (setup) => {
    const { node, context, drop, observedTime } = setup
    const state = openSessions(setup, storeName, sendOldValues, emit)
    const finals = emit === 'onClose' ? finalResults(setup, storeName, state) : undefined
    const time = observedTime()
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        if (skipsNullValues && !record.hasValue) return drop('null-value')
        const { key, timestamp } = record
        const value = readsValue ? record.value : undefined
        if (timestamp > time.value) time.value = timestamp
        const found = state.find(key, timestamp - gapMs, timestamp + gapMs)
        let start = timestamp
        let end = timestamp
        let aggregate = initial === undefined ? null : (initial() ?? null)
        for (const session of found) {
          aggregate = settled(merge(aggregate, session.value, key), node) ?? null
          if (session.start < start) start = session.start
          if (session.end > end) end = session.end
        }
        const closeTime = time.value - graceMs - gapMs
        if (end < closeTime) drop('late')
        else {
          if (start !== timestamp || end !== timestamp) {
            for (const session of found) {
              state.put(key, session.start, session.end, null, session.value, timestamp)
              if (finals !== undefined) finals.gone(key, session.start, session.end)
            }
          }
          const next = aggregate === null && initial === undefined ? value : add(aggregate, value, key, context)
          state.put(key, start, end, settled(next, node) ?? null, null, timestamp)
          if (finals !== undefined) finals.opened(key, start, end)
        }
        if (finals !== undefined) finals.emit(closeTime)
      },
    }
  }
}

function finalResults(setup: ProcessorSetup, storeName: string, state: SpanStore): FinalResults {
  return new FinalResults(setup, {
    store: state,
    storeName,
    layout: state.layout,
    endIsInclusive: true,
    read: (key, start, end) => state.getKept(key, start, end),
    timeOf: (_row, end) => end,
  })
}

/** Opens the sessions that an operator owns and, unless results wait for the close, hands updates on, at each one's end. */
function openSessions(
  { store, forwardAt }: ProcessorSetup,
  name: string,
  sendOldValues: boolean,
  emit: EmitStrategy,
): SpanStore {
  const state = store<SpanStore>(name)
  if (emit === 'onClose') return state
  const out = new FlowRecord()
  state.sendOldValues = sendOldValues
  state.onUpdate = ({ key, windowStart: start, windowEnd: end, value, oldValue, valueBytes }) => {
    out.setKey({ key, window: { start, end } })
    out.setValueWithBytes(value, valueBytes === null ? null : asBuffer(valueBytes), state.valueSerde)
    out.oldValue = oldValue
    out.timestamp = end
    forwardAt(out)
  }
  return state
}
