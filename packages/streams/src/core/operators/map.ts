import { streamsError } from '../../errors.ts'
import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'

type Callback<R> = (value: unknown, key: unknown, context: RecordContext) => R
export type Pair = readonly [key: unknown, value: unknown]

interface Options {
  /** Whether the callback is made for tombstones; where not, they are dropped and counted. */
  readonly takesNull: boolean
}

/** One record for one record, with a new key and value. */
export function mapOperator(fn: Callback<Pair>, { takesNull }: Options): CreateProcessor {
  return ({ node, context, forward, drop }) => {
    const out = new FlowRecord()
    return {
      process(record) {
        if (!takesNull && !record.hasValue) return drop('null-value')
        const pair = settled(fn(record.value, record.key, context), node)
        out.setKey(defined(pair[0]))
        out.setValue(defined(pair[1]))
        out.timestamp = record.timestamp
        forward(out)
      },
    }
  }
}

/** Any number of records for one. */
export function flatMapOperator(fn: Callback<Iterable<Pair>>, { takesNull }: Options): CreateProcessor {
  return ({ node, context, forward, drop }) => {
    const out = new FlowRecord()
    return {
      process(record) {
        if (!takesNull && !record.hasValue) return drop('null-value')
        const pairs = settled(fn(record.value, record.key, context), node)
        for (const [key, value] of iterable(pairs, node)) {
          out.setKey(defined(key))
          out.setValue(defined(value))
          out.timestamp = record.timestamp
          forward(out)
        }
      },
    }
  }
}

export function mapValuesOperator(fn: Callback<unknown>, { takesNull }: Options): CreateProcessor {
  return ({ node, context, forward, drop }) => {
    const out = new FlowRecord()
    return {
      process(record) {
        if (!takesNull && !record.hasValue) return drop('null-value')
        out.setValue(defined(settled(fn(record.value, record.key, context), node)))
        out.keyFrom(record)
        out.timestamp = record.timestamp
        forward(out)
      },
    }
  }
}

export function flatMapValuesOperator(fn: Callback<Iterable<unknown>>, { takesNull }: Options): CreateProcessor {
  return ({ node, context, forward, drop }) => {
    const out = new FlowRecord()
    return {
      process(record) {
        if (!takesNull && !record.hasValue) return drop('null-value')
        const values = settled(fn(record.value, record.key, context), node)
        out.keyFrom(record)
        for (const value of iterable(values, node)) {
          out.setValue(defined(value))
          out.timestamp = record.timestamp
          forward(out)
        }
      },
    }
  }
}

/** The value travels on as it is, as bytes where nobody has parsed it. */
export function selectKeyOperator(fn: Callback<unknown>, { takesNull }: Options): CreateProcessor {
  return ({ node, context, forward, drop }) => {
    const out = new FlowRecord()
    return {
      process(record) {
        if (!takesNull && !record.hasValue) return drop('null-value')
        out.setKey(defined(settled(fn(record.value, record.key, context), node)))
        out.valueFrom(record)
        out.timestamp = record.timestamp
        forward(out)
      },
    }
  }
}

/** JavaScript's undefined is no value that a record can have: it counts as null. */
function defined(value: unknown): unknown {
  return value === undefined ? null : value
}

function iterable<T>(values: Iterable<T>, node: string): Iterable<T> {
  if (typeof values === 'object' && values !== null && Symbol.iterator in values) return values
  throw streamsError('STREAMS_PROCESS_FAILED', `the callback of ${node} must return an array or another iterable`, {
    node,
  })
}
