/** JSON with integers that a double would round kept as they stand; a part of the language that its types do not know yet. */
const exact = JSON as unknown as { rawJSON(text: string): unknown }

interface Envelope {
  readonly op?: string
  readonly after?: unknown
  readonly source?: Readonly<Record<string, unknown>>
}

/**
 * The event of a delete that nobody saw, from the last event about the row. Undefined where that was a delete already, or
 * is not an event of ours.
 */
export function vanishedEvent(last: Buffer, nowMs: number): Buffer | undefined {
  const whole = parsed(last.toString()) as { schema?: unknown; payload?: Envelope } & Envelope
  const hasSchema = whole.schema !== undefined && whole.payload !== undefined
  const event = hasSchema ? whole.payload! : whole
  if (event.op === undefined || event.op === 'd' || !event.source) return undefined
  const [micros, nanos] = [exact.rawJSON(`${nowMs}000`), exact.rawJSON(`${nowMs}000000`)]
  const times = { ts_ms: nowMs, ts_us: micros, ts_ns: nanos }
  const source = { ...event.source, ...times, snapshot: 'false', sequence: null, txId: null, lsn: null }
  const payload = { before: event.after, after: null, source, transaction: null, op: 'd', ...times }
  return Buffer.from(JSON.stringify(hasSchema ? { schema: whole.schema, payload } : payload))
}

function parsed(text: string): unknown {
  const reviver = (_: string, value: unknown, context: { readonly source?: string }): unknown =>
    typeof value === 'number' && context.source !== undefined ? exact.rawJSON(context.source) : value
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown)
}
