import { isMillraceError } from './errors.ts'

/** A Kafka record header. */
interface Header {
  readonly key: string
  readonly value: Buffer | null
}

/** Where in the pipeline a record failed. */
export type DeadLetterStage = 'deserialize' | 'process' | 'produce' | (string & {})

/** Why a record was set aside, and where it came from. */
export interface DeadLetter {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly stage: DeadLetterStage
  /** The error's stable code, or its class name where it has none. */
  readonly exception: string
  readonly message: string
  readonly stacktrace: string
  /** How many attempts were made, the first included. */
  readonly attempt: number
  /** Consumer group, streams application or connector that set the record aside. */
  readonly application: string
}

/** `__millrace.errors.` for our own; Kafka Streams applications write and read `__streams.errors.` (KIP-1034). */
export const deadLetterPrefixes = { millrace: '__millrace.errors.', streams: '__streams.errors.' } as const

/** A stack trace beyond this is cut: headers travel with every copy of the record. */
export const deadLetterStacktraceMaxChars = 8_192
const messageMaxChars = 1_024

/**
 * The topic that takes the dead letters of another.
 *
 * @example deadLetterTopic('order') // 'order.dlq'
 */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dlq`
}

/**
 * The headers of a dead letter: the record's own, then the envelope. An envelope that the record already carried (it was
 * read from a dead-letter topic) is replaced. Key and value bytes of the record stay as they were.
 */
export function deadLetterHeaders(
  failure: {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly stage: DeadLetterStage
    readonly error: unknown
    readonly attempt?: number
    readonly application: string
    /** Headers of the record that failed. */
    readonly headers?: readonly Header[]
  },
  prefix: string = deadLetterPrefixes.millrace,
): Header[] {
  const { exception, message, stacktrace } = describe(failure.error)
  const envelope: Record<keyof DeadLetter, string> = {
    topic: failure.topic,
    partition: String(failure.partition),
    offset: String(failure.offset),
    stage: failure.stage,
    exception,
    message,
    stacktrace,
    attempt: String(failure.attempt ?? 1),
    application: failure.application,
  }
  const kept = (failure.headers ?? []).filter(({ key }) => !key.startsWith(prefix))
  return [
    ...kept,
    ...Object.entries(envelope).map(([name, text]) => ({ key: prefix + name, value: Buffer.from(text) })),
  ]
}

/**
 * Reads the envelope of a dead letter, ours or Kafka Streams'; undefined where the headers hold none. What an envelope
 * does not say is empty, -1 for partition and offset.
 */
export function readDeadLetter(headers: Iterable<{ key: string; value: Uint8Array | null }>): DeadLetter | undefined {
  const found = new Map<string, string>()
  for (const { key, value } of headers) {
    const prefix = Object.values(deadLetterPrefixes).find((known) => key.startsWith(known))
    if (prefix && value) found.set(key.slice(prefix.length), new TextDecoder().decode(value))
  }
  if (found.size === 0) return undefined
  const text = (name: keyof DeadLetter): string => found.get(name) ?? ''
  const whole = (name: keyof DeadLetter, absent: number): number => {
    const value = Number(found.get(name) ?? absent)
    return Number.isSafeInteger(value) ? value : absent
  }
  return {
    topic: text('topic'),
    partition: whole('partition', -1),
    offset: whole('offset', -1),
    stage: text('stage'),
    exception: text('exception'),
    message: text('message'),
    stacktrace: text('stacktrace'),
    attempt: whole('attempt', 1),
    application: text('application'),
  }
}

/**
 * The same for the same record and application however often it was set aside: a process that died between writing the
 * dead letter and committing its offset writes it again, and a reader drops the second by this id.
 */
export function deadLetterId(letter: Pick<DeadLetter, 'application' | 'topic' | 'partition' | 'offset'>): string {
  return `${letter.application}/${letter.topic}/${letter.partition}/${letter.offset}`
}

function describe(error: unknown): Pick<DeadLetter, 'exception' | 'message' | 'stacktrace'> {
  if (!(error instanceof Error) && !isMillraceError(error)) {
    return { exception: typeof error, message: String(error).slice(0, messageMaxChars), stacktrace: '' }
  }
  const exception = isMillraceError(error) ? error.code : error.name
  const stacktrace = (error.stack ?? '').slice(0, deadLetterStacktraceMaxChars)
  return { exception, message: error.message.slice(0, messageMaxChars), stacktrace }
}
