import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import type { OuterJoinStore, WaitingRecords } from '../stores/outer-join-store.ts'
import type { WindowListStore } from '../stores/window-list-store.ts'
import type { JoinWindows } from '../windows/join-windows.ts'

export type StreamJoiner = (left: unknown, right: unknown, key: unknown) => unknown

/** Keeps the records of one side of a join for those of the other side that are still to come. */
export function joinWindowOperator(storeName: string): CreateProcessor {
  return ({ forward, drop, store, observedTime }) => {
    const window = store<WindowListStore>(storeName)
    window.time = observedTime()
    return {
      process(record) {
        // First: a record is not joined with itself where a stream is joined with itself.
        forward(record)
        if (record.hasKey && !window.put(record)) drop('late')
      },
    }
  }
}

export interface StreamJoinOptions {
  readonly isLeft: boolean
  readonly windows: JoinWindows
  readonly joiner: StreamJoiner
  /** The store of the other side's records. */
  readonly otherStore: string
  /** Whether a record of this side that finds no partner makes a result. */
  readonly ownAlone: boolean
  /** Records of either side that wait for a partner; undefined in inner joins. */
  readonly outerStore: string | undefined
  /** What both sides keep their common stream time under. */
  readonly timeName: string
}

/**
 * One side of a join of two streams: a record meets those of the other side that are there already, and waits in the
 * window store of its own for those to come. Where it finds none and a record alone is a result too, it waits in a store
 * that both sides share, until its window and the grace period have passed: only then is it certain that it stayed alone
 * (KAFKA-10847). Waiting records are looked for when a record moves stream time, in order of time.
 */
export function streamJoinOperator(options: StreamJoinOptions): CreateProcessor {
  const { isLeft, joiner, ownAlone } = options
  const { graceMs } = options.windows
  const beforeMs = isLeft ? options.windows.beforeMs : options.windows.afterMs
  const afterMs = isLeft ? options.windows.afterMs : options.windows.beforeMs
  return ({ node, forward, forwardAt, drop, store, observedTime }) => {
    const others = store<WindowListStore>(options.otherStore)
    const outer = options.outerStore === undefined ? undefined : store<OuterJoinStore>(options.outerStore)
    const time = observedTime(options.timeName)
    const out = new FlowRecord()
    const joined = (own: unknown, other: unknown, key: unknown): unknown =>
      settled(isLeft ? joiner(own, other, key) : joiner(other, own, key), node) ?? null
    const emitAlone = (record: FlowRecord): void => {
      out.keyFrom(record)
      out.setValue(joined(record.value, null, record.key))
      out.timestamp = record.timestamp
      forward(out)
    }
    return {
      process(record) {
        const { timestamp } = record
        if (timestamp > time.value) time.value = timestamp
        if (!record.hasValue) return drop(record.hasKey ? 'null-value' : 'null-key')
        if (!record.hasKey) {
          // Without key it can have no partner: since KIP-962 it is a result at once where a record alone is one.
          return ownAlone ? emitAlone(record) : drop('null-key')
        }
        if (outer !== undefined && timestamp === time.value && outer.minTime + afterMs + graceMs < time.value) {
          emitClosed(outer, options, time.value, (entry) => {
            for (const value of entry.values) {
              out.setKey(entry.key)
              const [left, right] = entry.isLeft ? [value, null] : [null, value]
              out.setValue(settled(joiner(left, right, entry.key), node) ?? null)
              out.timestamp = entry.timestamp
              forwardAt(out)
            }
          })
        }
        const keyBytes = others.keyBytes(record)
        const from = timestamp - beforeMs
        const to = Math.max(0, timestamp + afterMs)
        const found = others.fetch(keyBytes, from, to, (otherTimestamp, other) => {
          outer?.removeIfThere(keyBytes, otherTimestamp, !isLeft, timestamp)
          out.keyFrom(record)
          out.setValue(joined(record.value, other, record.key))
          out.timestamp = Math.max(otherTimestamp, timestamp)
          forwardAt(out)
        })
        if (found > 0 || !ownAlone || outer === undefined) return
        // Its window has passed: nothing that is still to come could be its partner.
        if (to < time.value) return emitAlone(record)
        if (timestamp < outer.minTime) outer.minTime = timestamp
        outer.put(keyBytes, timestamp, isLeft, outer.valueBytes(record, isLeft))
      },
    }
  }
}

/**
 * Hands on the waiting records whose windows have closed. They leave the store before they are handed on: a callback
 * that throws on one of them, and a handler that goes on without it, must not meet it again at every record.
 */
function emitClosed(
  outer: OuterJoinStore,
  { windows: { beforeMs, afterMs, graceMs } }: StreamJoinOptions,
  streamTime: number,
  emit: (entry: WaitingRecords) => void,
): void {
  let leftOpen = false
  let rightOpen = false
  let after: Buffer | undefined
  outer.minTime = Number.POSITIVE_INFINITY
  do {
    const { found, last } = outer.scan(after, (timestamp, isLeft) => {
      // As in Kafka Streams: the last one looked at, which need not be the earliest that is still open.
      outer.minTime = timestamp
      if (leftOpen && rightOpen) return 'stop'
      if (timestamp + (isLeft ? afterMs : beforeMs) + graceMs < streamTime) return 'take'
      if (isLeft) leftOpen = true
      else rightOpen = true
      return 'skip'
    })
    for (const entry of found) {
      outer.remove(entry, streamTime)
      emit(entry)
    }
    after = last
  } while (after !== undefined)
}
