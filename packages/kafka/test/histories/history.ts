/** A partition as histories name it: `topic/index`. */
export type PartitionName = string

export interface SeenRecord {
  readonly partition: PartitionName
  readonly offset: number
  readonly value: string
}

/** What an answer said about a partition besides records. */
export interface Watermarks {
  readonly partition: PartitionName
  readonly high: number
  readonly stable: number
  readonly start: number
}

export interface CommittedOffset {
  readonly partition: PartitionName
  readonly offset: number
}

/** What a client does. `transaction` is the one it belongs to: unique over the whole history. */
export type Operation =
  | { readonly kind: 'init'; readonly transactionalId: string }
  | { readonly kind: 'begin' | 'commit' | 'abort'; readonly transaction: string; readonly transactionalId: string }
  | {
      readonly kind: 'send'
      readonly partition: PartitionName
      /** Unique over the whole history. */
      readonly value: string
      readonly transaction?: string
      readonly transactionalId?: string
      /** For what was computed from another record: its value. */
      readonly from?: string
    }
  | {
      readonly kind: 'poll'
      readonly isolation: 'read_committed' | 'read_uncommitted'
      readonly group?: string
      readonly transaction?: string
    }
  /** The partitions a consumer has from now on; it goes on wherever it begins in each. */
  | { readonly kind: 'assign'; readonly partitions: readonly PartitionName[] }
  | {
      readonly kind: 'commitOffsets'
      readonly group: string
      readonly offsets: readonly CommittedOffset[]
      readonly transaction?: string
    }
  | { readonly kind: 'readOffsets'; readonly group: string }
  /** Everything in a partition, read when all is quiet. */
  | {
      readonly kind: 'final'
      readonly partition: PartitionName
      readonly isolation: 'read_committed' | 'read_uncommitted'
    }

export interface Result {
  /** Of a send; undefined when the broker no longer knew. */
  readonly offset?: number
  /** Of a poll or final read. */
  readonly records?: readonly SeenRecord[]
  readonly watermarks?: readonly Watermarks[]
  /** Of readOffsets. */
  readonly offsets?: readonly CommittedOffset[]
}

/** `ok`: it happened. `fail`: it did not and never will. `unknown`: nobody can tell, or it has not ended. */
export type Outcome = 'ok' | 'fail' | 'unknown'

/** One call of one client, from its beginning to its end on the history's own clock. */
export interface Call {
  readonly process: string
  readonly operation: Operation
  readonly invoked: number
  readonly invokedMs: number
  /** Infinity while it has not ended. */
  ended: number
  endedMs: number
  outcome: Outcome
  result: Result
  error?: string
}

export type CallOf<Kind extends Operation['kind']> = Call & { readonly operation: Operation & { readonly kind: Kind } }

export type History = readonly Call[]

/** Ends a call. */
export interface Pending {
  ok(result?: Result): void
  fail(error: string): void
  unknown(error: string): void
}

/** Takes down what clients do, in the order in which it happens. */
export class Recorder {
  readonly calls: Call[] = []
  readonly #nowMs: () => number
  #step = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  invoke(process: string, operation: Operation): Pending {
    const call: Call = {
      process,
      operation,
      invoked: this.#step++,
      invokedMs: this.#nowMs(),
      ended: Number.POSITIVE_INFINITY,
      endedMs: Number.POSITIVE_INFINITY,
      outcome: 'unknown',
      result: {},
    }
    this.calls.push(call)
    const end = (outcome: Outcome, result: Result, error?: string): void => {
      call.ended = this.#step++
      call.endedMs = this.#nowMs()
      call.outcome = outcome
      call.result = result
      if (error !== undefined) call.error = error
    }
    return {
      ok: (result = {}) => end('ok', result),
      fail: (error) => end('fail', {}, error),
      unknown: (error) => end('unknown', {}, error),
    }
  }

  /** Something that happens at once. */
  note(process: string, operation: Operation): void {
    this.invoke(process, operation).ok()
  }
}

export function callsOf<Kind extends Operation['kind']>(history: History, kind: Kind): CallOf<Kind>[] {
  return history.filter((call) => call.operation.kind === kind) as CallOf<Kind>[]
}

/** A history as people read it: a line when a call begins, a line when it ends. */
export function printHistory(history: History): string[] {
  const lines: { step: number; text: string }[] = []
  for (const call of history) {
    const { process, operation, outcome, result, error } = call
    const { kind, ...rest } = operation
    const what = `${process.padEnd(12)} ${kind.padEnd(13)}`
    lines.push({ step: call.invoked, text: `${at(call.invokedMs)} ${what} …       ${brief(rest)}` })
    if (call.ended === Number.POSITIVE_INFINITY) continue
    const tail = error === undefined ? brief(result) : error
    lines.push({ step: call.ended, text: `${at(call.endedMs)} ${what} ${outcome.padEnd(7)} ${brief(rest)} ${tail}` })
  }
  return lines.sort((a, b) => a.step - b.step).map(({ text }) => text)
}

function at(ms: number): string {
  return String(ms).padStart(7)
}

function brief(value: object): string {
  const { records, watermarks, offsets, ...rest } = value as Result
  const parts = Object.entries(rest).map(([name, one]) => `${name}=${String(one)}`)
  if (records) parts.push(`[${records.map((one) => `${one.partition}@${one.offset}=${one.value}`).join(' ')}]`)
  if (watermarks) parts.push(`{${watermarks.map((one) => `${one.partition} ${one.stable}/${one.high}`).join(', ')}}`)
  if (offsets) parts.push(`(${offsets.map((one) => `${one.partition}:${one.offset}`).join(' ')})`)
  return parts.join(' ')
}
