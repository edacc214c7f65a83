import { streamsError } from '../../errors.ts'
import { FlowRecord } from '../flow-record.ts'
import type { CreateProcessor } from '../processor.ts'
import type { ChangeBuffer, HeldChange } from '../stores/change-buffer.ts'
import type { TableLookup } from './table-getter.ts'

export interface SuppressOptions {
  /** The time that a change waits from: that of its record, or the end of its window. */
  readonly timeOf: (key: unknown, timestamp: number) => number
  /** How far stream time must have passed it. */
  readonly waitMs: number
  /** Final results: what was never handed on needs no deletion. */
  readonly dropsDeletions: boolean
  readonly maxRecords: number
  readonly maxBytes: number
  readonly whenFull: 'emitEarly' | 'shutDown'
}

/**
 * Holds changes of a table back until stream time has come to theirs; of several changes of a key only the last is handed
 * on. Stream time moves with records alone: what waits for a time goes on waiting while none comes.
 */
export function suppressOperator(options: SuppressOptions, storeName: string): CreateProcessor {
  const { timeOf, waitMs, dropsDeletions, maxRecords, maxBytes, whenFull } = options
  return ({ node, context, forward, store, observedTime }) => {
    const buffer = store<ChangeBuffer>(storeName)
    const time = observedTime()
    const out = new FlowRecord()
    const isDue = (): boolean => buffer.minTime <= time.value - waitMs
    const isFull = (): boolean => buffer.count > maxRecords || buffer.sizeBytes > maxBytes
    const emit = (change: HeldChange): void => {
      if (change.value === null && dropsDeletions) return
      out.setKey(change.key)
      out.setValue(change.value)
      out.oldValue = change.oldValue
      out.timestamp = change.context.timestamp
      forward(out)
    }
    return {
      process(record) {
        if (record.timestamp > time.value) time.value = record.timestamp
        buffer.put(timeOf(record.key, record.timestamp), record, context)
        if (isDue()) buffer.emitWhile(isDue, emit)
        if (!isFull()) return
        if (whenFull === 'emitEarly') buffer.emitWhile(isFull, emit)
        else {
          const message = `${node} holds back ${buffer.count} changes of ${buffer.sizeBytes} bytes, more than it may`
          throw streamsError('STREAMS_BUFFER_FULL', message, { node })
        }
      },
    }
  }
}

/** Rows as they are downstream: what they were before their key was held back. */
export function suppressedLookup(parent: TableLookup, storeName: string): TableLookup {
  return {
    stores: [storeName, ...parent.stores],
    open(setup) {
      const get = parent.open(setup)
      const buffer = setup.store<ChangeBuffer>(storeName)
      return (key) => {
        const prior = buffer.priorOf(key)
        if (prior === undefined) return get(key)
        return prior === null ? undefined : { value: prior, timestamp: -1 }
      }
    },
  }
}
