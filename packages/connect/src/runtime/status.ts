import { isMillraceError, type MetricSample, type MetricSource } from '@millrace/base'

export type ConnectorState =
  /** Opening, or waiting for something that `activity` names. */
  | 'starting'
  | 'running'
  /** Lost its database or broker and tries again by itself. */
  | 'retrying'
  /** Another instance of the same connector is at work; takes over when that one is gone. */
  | 'standby'
  /** Needs people: `error` says what to do. */
  | 'failed'
  | 'stopped'

export interface ConnectorStatus {
  readonly name: string
  readonly kind: 'source' | 'sink'
  readonly state: ConnectorState
  /** What it is doing or waiting for. */
  readonly activity: string
  /** The last error, until the next success. */
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string } | undefined
  /** Attempts since the last success. */
  readonly attempts: number
  readonly records: number
  readonly batches: number
  readonly deadLetters: number
  /** Records that a transform or converter refused and that went nowhere, as `errors.tolerance` allows. */
  readonly skipped: number
  /** When the last batch was committed, in epoch milliseconds. */
  readonly lastBatchMs: number | undefined
  /** Sources: when the database committed the last event. Sinks: the last record's timestamp. */
  readonly lastEventMs: number | undefined
  /** Sources: bytes of the database's log not confirmed yet. Sinks: records not written yet. */
  readonly lag: number | undefined
}

/** A connector that runs. */
export interface RunningConnector extends MetricSource, AsyncDisposable {
  readonly name: string
  status(): ConnectorStatus
  /** Topics that it has written to, or read from, since it was started. */
  topics(): ReadonlySet<string>
  /** Begins to gather them anew. */
  forgetTopics(): void
  /** Resolves when it runs for the first time; rejects when it fails or is closed before. */
  readonly ready: Promise<void>
  /** Resolves when it has been closed; rejects when it has failed. */
  readonly finished: Promise<void>
  /** Finishes the commit in flight and lets go of everything. */
  close(): Promise<void>
}

/** What a runner counts; `ConnectorStatus` is its view. */
export class StatusBoard implements MetricSource {
  readonly name: string
  readonly kind: 'source' | 'sink'
  state: ConnectorState = 'starting'
  activity = 'starting'
  error: unknown
  attempts = 0
  records = 0
  batches = 0
  deadLetters = 0
  skipped = 0
  /** Topics that records were written to or read from. */
  readonly topics = new Set<string>()
  lastBatchMs: number | undefined
  /** Asked for when the status is. */
  figures: () => { lag: number | undefined; lastEventMs: number | undefined } = () => ({
    lag: undefined,
    lastEventMs: undefined,
  })

  constructor(name: string, kind: 'source' | 'sink') {
    this.name = name
    this.kind = kind
  }

  committed(records: number, nowMs: number): void {
    this.records += records
    this.batches++
    this.lastBatchMs = nowMs
    this.attempts = 0
    this.error = undefined
  }

  status(): ConnectorStatus {
    const { name, kind, state, activity, attempts, records, batches, lastBatchMs, error } = this
    const { deadLetters, skipped } = this
    return {
      name,
      kind,
      state,
      activity,
      attempts,
      records,
      batches,
      deadLetters,
      skipped,
      lastBatchMs,
      error: error === undefined ? undefined : described(error, name),
      ...this.figures(),
    }
  }

  *metrics(): Iterable<MetricSample> {
    const { lag, lastEventMs } = this.figures()
    const labels = { connector: this.name, kind: this.kind }
    const sample = (name: string, type: MetricSample['type'], help: string, value: number): MetricSample => ({
      name: `millrace_connector_${name}`,
      type,
      help,
      labels,
      value,
    })
    yield sample('up', 'gauge', '1 while the connector runs or stands by', Number(isUp(this.state)))
    yield sample('records_total', 'counter', 'Records committed', this.records)
    yield sample('batches_total', 'counter', 'Batches committed', this.batches)
    yield sample('dead_letters_total', 'counter', 'Records set aside', this.deadLetters)
    yield sample('skipped_total', 'counter', 'Records refused by a transform or converter and skipped', this.skipped)
    if (lastEventMs !== undefined) {
      yield sample('last_event_timestamp_seconds', 'gauge', 'When the last event happened', lastEventMs / 1000)
    }
    if (lag === undefined) return
    if (this.kind === 'source') yield sample('lag_bytes', 'gauge', 'Log of the database not confirmed yet', lag)
    else yield sample('lag_records', 'gauge', 'Records not written yet', lag)
  }
}

function isUp(state: ConnectorState): boolean {
  return state === 'running' || state === 'standby'
}

/** With what caused it, where the message itself keeps that back: what fetch throws says nothing else than that it failed. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Ours tell of their causes in their own words, unless those are fetch's.
  if (isMillraceError(error) && !error.message.endsWith('fetch failed')) return error.message
  let text = error.message
  let { cause } = error
  for (let depth = 0; cause instanceof Error && depth < 5; depth++) {
    const reason = cause.message || (cause as { readonly code?: string }).code
    if (reason && !text.includes(reason)) text = `${text}: ${reason}`
    cause = cause.cause
  }
  return text
}

function described(error: unknown, name: string): NonNullable<ConnectorStatus['error']> {
  const message = messageOf(error)
  if (isMillraceError(error)) return { code: error.code, message, remedy: error.remedy.replaceAll('<name>', name) }
  return {
    code: 'UNEXPECTED',
    message,
    remedy: 'This is a defect of Millrace or of a function it was given; report it.',
  }
}
