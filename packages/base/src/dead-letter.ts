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

/**
 * Ours, which every letter of ours carries, and those of Kafka Streams (KIP-1034) and Kafka Connect (KIP-298), which stand
 * beside it so that tools made for them read our letters, and we read theirs.
 */
const deadLetterPrefixes = {
  millrace: '__millrace.errors.',
  streams: '__streams.errors.',
  connect: '__connect.errors.',
} as const

/** What Kafka Connect's names tell beyond ours. */
export interface ConnectFailure {
  /** Default `0`. */
  readonly taskId?: string
  /** Kafka Connect's name of the stage (`VALUE_CONVERTER`). Default: the one that comes closest to our stage. */
  readonly stage?: string
  /** What was at work: a converter, a transform, a sink. Default: the connector's name. */
  readonly className?: string
}

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
 * read from a dead-letter topic) is replaced. Key and value bytes of the record stay as they were. `beside` adds the
 * names of Kafka Streams or Kafka Connect; the stack trace, the longest by far, then stands under their name alone.
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
  beside?: 'streams' | ConnectFailure,
): Header[] {
  const { exception, message, stacktrace } = describe(failure.error)
  const letter: DeadLetterTexts = {
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
  const { stacktrace: _, ...short } = letter
  const kept = (failure.headers ?? []).filter(({ key }) => familyOf(key) === undefined)
  return [
    ...kept,
    ...named(deadLetterPrefixes.millrace, beside === undefined ? letter : short),
    ...(beside === undefined ? [] : beside === 'streams' ? streamsHeaders(letter) : connectHeaders(letter, beside)),
  ]
}

type DeadLetterTexts = Record<keyof DeadLetter, string>

function named(prefix: string, texts: Readonly<Record<string, string>>): Header[] {
  return Object.entries(texts).map(([name, text]) => ({ key: prefix + name, value: Buffer.from(text) }))
}

function streamsHeaders({ exception, message, stacktrace, topic, partition, offset }: DeadLetterTexts): Header[] {
  return named(deadLetterPrefixes.streams, { exception, message, stacktrace, topic, partition, offset })
}

/** Kafka Connect's stages, and what they are with us. What is not listed is `process`. */
const connectStages: Readonly<Record<string, DeadLetterStage>> = {
  KEY_CONVERTER: 'deserialize',
  VALUE_CONVERTER: 'deserialize',
  HEADER_CONVERTER: 'deserialize',
  KAFKA_PRODUCE: 'produce',
}

function connectHeaders(letter: DeadLetterTexts, given: ConnectFailure): Header[] {
  const closest = { deserialize: 'VALUE_CONVERTER', produce: 'KAFKA_PRODUCE' }[letter.stage] ?? 'TASK_PUT'
  return named(deadLetterPrefixes.connect, {
    topic: letter.topic,
    partition: letter.partition,
    offset: letter.offset,
    'connector.name': letter.application,
    'task.id': given.taskId ?? '0',
    stage: given.stage ?? closest,
    'class.name': given.className ?? letter.application,
    'exception.class.name': letter.exception,
    'exception.message': letter.message,
    'exception.stacktrace': letter.stacktrace,
  })
}

type Family = keyof typeof deadLetterPrefixes
const families = Object.entries(deadLetterPrefixes) as [Family, string][]

function familyOf(header: string): Family | undefined {
  return families.find(([, prefix]) => header.startsWith(prefix))?.[0]
}

/** Kafka Connect's name for a field of ours, where it has another one. */
const connectNames: Partial<Record<keyof DeadLetter, string>> = {
  application: 'connector.name',
  exception: 'exception.class.name',
  message: 'exception.message',
  stacktrace: 'exception.stacktrace',
}

/**
 * Reads the envelope of a dead letter, ours, Kafka Streams' or Kafka Connect's; undefined where the headers hold none. What
 * an envelope does not say is empty, -1 for partition and offset.
 */
export function readDeadLetter(headers: Iterable<{ key: string; value: Uint8Array | null }>): DeadLetter | undefined {
  const found = new Map<string, string>()
  for (const { key, value } of headers) {
    if (value && familyOf(key) !== undefined) found.set(key, new TextDecoder().decode(value))
  }
  if (found.size === 0) return undefined
  const { millrace, streams, connect } = deadLetterPrefixes
  const given = (name: keyof DeadLetter): string | undefined =>
    found.get(millrace + name) ?? found.get(streams + name) ?? found.get(connect + (connectNames[name] ?? name))
  const text = (name: keyof DeadLetter): string => given(name) ?? ''
  const whole = (name: keyof DeadLetter, absent: number): number => {
    const value = Number(given(name) ?? absent)
    return Number.isSafeInteger(value) ? value : absent
  }
  const theirs = found.has(`${millrace}stage`) ? undefined : found.get(`${connect}stage`)
  return {
    topic: text('topic'),
    partition: whole('partition', -1),
    offset: whole('offset', -1),
    stage: theirs === undefined ? text('stage') : (connectStages[theirs] ?? 'process'),
    exception: text('exception'),
    message: text('message'),
    stacktrace: text('stacktrace'),
    attempt: whole('attempt', 1),
    application: text('application'),
  }
}

/** Whether a header belongs to an envelope, whoever wrote it. */
export function isDeadLetterHeader(name: string): boolean {
  return familyOf(name) !== undefined
}

/**
 * The same for the same record and application however often it was set aside: a process that died between writing the
 * dead letter and committing its offset writes it again, and a reader drops the second by this id.
 */
export function deadLetterId(letter: Pick<DeadLetter, 'application' | 'topic' | 'partition' | 'offset'>): string {
  return `${letter.application}/${letter.topic}/${letter.partition}/${letter.offset}`
}

/** Errors of databases are told apart by their code: their names are all `error`, or none. */
function exceptionOf(error: Error): string {
  const { code } = error as { readonly code?: unknown }
  const name = /^error$/i.test(error.name) ? error.constructor.name : error.name
  return typeof code === 'string' && code !== '' ? `${name} ${code}` : name
}

function describe(error: unknown): Pick<DeadLetter, 'exception' | 'message' | 'stacktrace'> {
  if (!(error instanceof Error) && !isMillraceError(error)) {
    return { exception: typeof error, message: String(error).slice(0, messageMaxChars), stacktrace: '' }
  }
  const exception = isMillraceError(error) ? error.code : exceptionOf(error)
  const stacktrace = (error.stack ?? '').slice(0, deadLetterStacktraceMaxChars)
  return { exception, message: error.message.slice(0, messageMaxChars), stacktrace }
}
