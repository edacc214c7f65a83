/** A command for a running source, in Debezium's form. */
export interface Signal {
  /** Names it in notifications; one that was seen lately is not acted on again. */
  readonly id: string
  /** `execute-snapshot`, `stop-snapshot`, `pause-snapshot`, `resume-snapshot`, `log`, or a name among the `actions`. */
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Where a source takes its signals from; a signal that comes twice, or by two ways, is acted on once. */
export interface SignalOptions {
  /** `table` or `schema.table` with the columns `id`, `type`, `data` of text; inserting a row is the signal. */
  readonly table?: string
  /** Topic of one partition; the record's key is the connector's name, its value JSON with `id`, `type` and `data`. */
  readonly topic?: string
  /** Key of the records in `topic` that are meant. Default: the connector's name. */
  readonly topicKey?: string
  /** File of JSON objects with `id`, `type` and `data`, one a line; emptied once they were acted on. */
  readonly file?: string
  /** Signals from this process. */
  readonly inProcess?: SignalSender
  /** What signals of other types do. */
  readonly actions?: Readonly<Record<string, (signal: Signal) => void>>
}

/**
 * Sends signals to a source in the same process.
 *
 * @example
 * const signals = new SignalSender()
 * postgresTables({ url, tables, signals: { inProcess: signals } })
 * signals.send({ id: 'again-1', type: 'execute-snapshot', data: { 'data-collections': ['public.orders'] } })
 */
export class SignalSender {
  #waiting: Signal[] = []

  send(signal: Signal): void {
    this.#waiting.push(signal)
  }

  /** @internal */
  take(): readonly Signal[] {
    if (this.#waiting.length === 0) return []
    const taken = this.#waiting
    this.#waiting = []
    return taken
  }
}

/** Reads a signal's JSON; `data` may be an object or the text of one. A string says why it is none. */
export function parseSignal(text: string): Signal | string {
  try {
    const { id, type, data } = JSON.parse(text) as Record<string, unknown>
    if (typeof id !== 'string' || typeof type !== 'string') return 'has no id or no type'
    return signalOf(id, type, data)
  } catch {
    return 'is not JSON'
  }
}

export function signalOf(id: string, type: string, data: unknown): Signal | string {
  try {
    const parsed: unknown = typeof data === 'string' && data !== '' ? JSON.parse(data) : (data ?? {})
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? { id, type, data: parsed as Signal['data'] } : { id, type, data: {} }
  } catch {
    return 'has data that is not JSON'
  }
}
