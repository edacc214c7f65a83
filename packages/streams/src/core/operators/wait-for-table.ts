import { FlowRecord } from '../flow-record.ts'
import type { CreateProcessor, ProcessorSetup } from '../processor.ts'
import type { JoinBuffer } from '../stores/join-buffer.ts'

export interface WaitForTableOptions {
  readonly buffer: string
  /** Names of the source nodes that the table's rows come from. */
  readonly tableSources: readonly string[]
  /** How far stream time may pass a record that waits. */
  readonly maxMs: number
}

/** What both sides do: let go of the records whose time the table has reached. */
function releasing(
  { store, task, forward, timeOf }: ProcessorSetup,
  { buffer: name, tableSources }: WaitForTableOptions,
) {
  const buffer = store<JoinBuffer>(name)
  const out = new FlowRecord()
  const release = (upToMs: number): void => {
    if (buffer.minTime > upToMs) return
    const origin = task.context.snapshot()
    buffer.takeUpTo(upToMs, ({ key, value, context }) => {
      task.context.assume(context)
      out.setKey(key)
      out.setValue(value)
      out.timestamp = context.timestamp
      forward(out)
    })
    task.context.assume(origin)
  }
  return { buffer, release, tableTime: () => timeOf(tableSources) }
}

/** The stream's side: a record that is later than the table waits, until stream time has passed it by `maxMs`. */
export function waitForTableOperator(options: WaitForTableOptions): CreateProcessor {
  return (setup) => {
    const { context, forward, observedTime } = setup
    const { buffer, release, tableTime } = releasing(setup, options)
    const time = observedTime()
    return {
      process(record) {
        const { timestamp } = record
        if (timestamp > time.value) time.value = timestamp
        const reached = Math.max(tableTime(), time.value - options.maxMs)
        release(reached)
        if (timestamp <= reached || !record.hasKey || !record.hasValue) forward(record)
        else buffer.put(record, context)
      },
    }
  }
}

/** The table's side: every update may be what records wait for. It comes behind the table's store: rows are there. */
export function releaseWaitingOperator(options: WaitForTableOptions): CreateProcessor {
  return (setup) => {
    const { release, tableTime } = releasing(setup, options)
    return { process: () => release(tableTime()) }
  }
}
