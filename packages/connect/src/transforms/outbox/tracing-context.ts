import { channel } from 'node:diagnostics_channel'

const traces = channel('millrace:connect:trace')

/** An event of an outbox on its way, for whoever draws spans: its writer's context is the parent. */
export interface TracedEvent {
  /** `tracing.operation.name`. */
  readonly operation: string
  readonly topic: string
  readonly eventId: string
  /** Such as `traceparent`; empty where the writer left none. */
  readonly context: Readonly<Record<string, string>>
}

/** Publishes it on `millrace:connect:trace`. */
export function reportTrace(event: TracedEvent): void {
  if (traces.hasSubscribers) traces.publish(event)
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

/** Reads what `java.util.Properties.store` wrote, which is how writers leave their tracing context in a column. */
export function parseProperties(text: string): Record<string, string> {
  const entries: [string, string][] = []
  // A backslash at the end of a line joins it with the next, without the blanks at its beginning.
  for (const line of text.replace(/\\\r?\n[ \t\f]*/g, '').split(/\r?\n|\r/)) {
    const match = /^[ \t\f]*((?:\\.|[^\\:= \t\f])+)[ \t\f]*[:=]?[ \t\f]*(.*)$/s.exec(line)
    if (match && !/^[ \t\f]*[#!]/.test(line)) entries.push([unescaped(match[1]!), unescaped(match[2]!)])
  }
  return Object.fromEntries(entries)
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, sign: string) =>
    hex === undefined ? (escapes[sign] ?? sign) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
