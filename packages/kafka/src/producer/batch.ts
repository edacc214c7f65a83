import type { RecordBatchBuilder } from '@millrace/protocol'
import type { ProducerIdentity } from './types.ts'

export interface BatchResult {
  /** -1 when the broker did not say. */
  readonly baseOffset: number
}

interface Waiter {
  readonly resolve: (result: BatchResult) => void
  readonly reject: (error: unknown) => void
}

/** Records of one partition that are written, acknowledged and retried as one. */
export class ProducerBatch {
  readonly builder: RecordBatchBuilder
  /** Epoch milliseconds after which it is given up. */
  readonly dueMs: number
  /** Epoch milliseconds from which on it may be sent. */
  readonly readyMs: number
  /** A raw batch never takes further records. */
  closed: boolean
  attempts = 0
  /** An attempt ended without an answer: the broker may have it. */
  maybeWritten = false
  identity: ProducerIdentity | undefined
  baseSequence = -1
  bytes: Buffer | undefined
  /** What it counts against the buffer. */
  chargedBytes = 0
  readonly #waiters: Waiter[] = []

  constructor(builder: RecordBatchBuilder, options: { dueMs: number; readyMs: number; closed: boolean }) {
    this.builder = builder
    this.dueMs = options.dueMs
    this.readyMs = options.readyMs
    this.closed = options.closed
  }

  get lastSequence(): number {
    return this.baseSequence + this.builder.count - 1
  }

  /** Settles with the batch. */
  wait(): Promise<BatchResult> {
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  /** Closes the batch and writes who sends it and with which sequence; again after an epoch bump. */
  stamp(identity: ProducerIdentity | undefined, baseSequence: number, transactional: boolean): void {
    this.closed = true
    this.identity = identity
    this.baseSequence = identity === undefined ? -1 : baseSequence
    this.bytes = this.builder.build({ ...identity, baseSequence: this.baseSequence, transactional })
  }

  complete(baseOffset: number): void {
    const result = { baseOffset }
    for (const { resolve } of this.#waiters.splice(0)) resolve(result)
  }

  fail(error: unknown): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error)
  }
}
