import { streamsError } from '../../errors.ts'
import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, type Processor, type ProcessorSetup, settled } from '../processor.ts'
import { asBuffer } from '../stores/bytes.ts'
import {
  type FixedKeyRecord,
  type ForwardedRecord,
  type ForwardOptions,
  fixedKey,
  type ProcessorContext,
  type RecordProcessor,
} from './processor-api.ts'
import type { Cancellable, PunctuationOptions, Punctuator } from './punctuations.ts'
import { TaskContext } from './task-context.ts'

type AnyRecord = FixedKeyRecord<unknown, unknown>
type Create = (context: ProcessorContext<unknown, unknown>) => RecordProcessor<AnyRecord>

export interface UserProcessorOptions {
  readonly create: Create
  /** Stores that the step was connected to. */
  readonly stores: readonly string[]
  /** Whether it is given tombstones; where not, they are dropped and counted. */
  readonly takesNull: boolean
  /** Whether keys must stay as they are. */
  readonly keepsKeys: boolean
}

/** A processor of the user's, made when its task starts and again after an aborted transaction. */
export function userProcessorOperator(options: UserProcessorOptions): CreateProcessor {
  return (setup) => new UserProcessor(setup, options)
}

class UserProcessor extends TaskContext implements Processor, ProcessorContext<unknown, unknown> {
  readonly #options: UserProcessorOptions
  readonly #out = new FlowRecord()
  #processor: RecordProcessor<AnyRecord> | undefined
  #record: FlowRecord | undefined
  #isPunctuating = false

  constructor(setup: ProcessorSetup, options: UserProcessorOptions) {
    super(setup, options.stores)
    this.#options = options
    setup.task.onStart(
      () => this.#start(),
      () => this.#stop(),
    )
  }

  process(record: FlowRecord): void {
    const { node, context, drop } = this.setup
    if (!this.#options.takesNull && !record.hasValue) {
      drop('null-value')
      return
    }
    const { key } = record
    // An object of its own each time: processors keep records.
    const given = { key, value: record.value, timestamp: record.timestamp, headers: context.headers, [fixedKey]: key }
    this.#record = record
    try {
      settled(this.#processor!.process(given), node)
    } finally {
      this.#record = undefined
    }
  }

  override schedule(options: PunctuationOptions, punctuator: Punctuator): Cancellable {
    const { node, task } = this.setup
    return task.schedule(node, options, (timestampMs) => {
      this.#isPunctuating = true
      try {
        settled(punctuator(timestampMs), node)
      } finally {
        this.#isPunctuating = false
      }
    })
  }

  forward(forwarded: ForwardedRecord<unknown, unknown>, options?: ForwardOptions): void {
    const record = this.#record
    const { node, task } = this.setup
    if (record === undefined && !this.#isPunctuating) {
      throw new TypeError(`${node} may hand records on while it processes one or a punctuation, not before or after`)
    }
    if (this.#options.keepsKeys) this.#checkKey(forwarded)
    const { context } = task
    const timestamp = forwarded.timestamp ?? record?.timestamp ?? context.timestamp
    if (!(timestamp >= 0)) throw new RangeError(`${node} handed on a record with the timestamp ${timestamp}`)
    const out = this.#filled(forwarded, record, timestamp)
    const target = options?.to === undefined ? undefined : this.#childNamed(options.to)
    const { timestamp: timeBefore, headers: headersBefore } = context
    const headers = forwarded.headers ?? headersBefore
    if (headers === headersBefore && timestamp === timeBefore) {
      this.#send(out, target)
      return
    }
    context.change(timestamp, headers.map(withBuffer))
    try {
      this.#send(out, target)
    } finally {
      context.change(timeBefore, headersBefore)
    }
  }

  #send(out: FlowRecord, target: number | undefined): void {
    if (target === undefined) this.setup.forward(out)
    else this.setup.forwardTo(target, out)
  }

  /** What is handed on as it came keeps the bytes that it came in. */
  #filled(
    { key, value }: ForwardedRecord<unknown, unknown>,
    record: FlowRecord | undefined,
    timestamp: number,
  ): FlowRecord {
    const out = this.#out
    if (record !== undefined && key === record.key) out.keyFrom(record)
    else out.setKey(key ?? null)
    if (record !== undefined && value === record.value) out.valueFrom(record)
    else out.setValue(value ?? null)
    out.timestamp = timestamp
    return out
  }

  #childNamed(name: string): number {
    const { children, node } = this.setup
    const at = children.indexOf(name)
    if (at >= 0) return at
    const message = `${node} handed a record to '${name}', which does not follow it: ${children.join(', ') || 'nothing'} does`
    throw streamsError('STREAMS_CHILD_UNKNOWN', message, { node, child: name })
  }

  #checkKey(forwarded: object): void {
    const marked = forwarded as { readonly key: unknown; readonly [fixedKey]?: unknown }
    if (fixedKey in marked && Object.is(marked[fixedKey], marked.key)) return
    throw new TypeError(
      `${this.setup.node} keeps keys: hand on what was made from a record that came in, as { ...record, value }`,
    )
  }

  #start(): void {
    const { node } = this.setup
    const made = settled(this.#options.create(this), node)
    if (typeof made?.process !== 'function') {
      const message = `the supplier of ${node} must return an object with a process function`
      throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { node })
    }
    this.#processor = made
  }

  #stop(): void {
    const processor = this.#processor
    this.#processor = undefined
    processor?.close?.()
  }
}

function withBuffer({ key, value }: { readonly key: string; readonly value: Uint8Array | null }): {
  key: string
  value: Buffer | null
} {
  return { key, value: value === null ? null : asBuffer(value) }
}
