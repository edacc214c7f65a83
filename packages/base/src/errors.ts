/** What an error code means and what to do about it; `docs/reference/errors.md` is generated from these tables. */
export interface ErrorDescription {
  /** Whether the same call may succeed later without anyone changing anything. */
  readonly retriable: boolean
  /** Why it happens, one sentence. */
  readonly cause: string
  /** What the reader should do, one sentence. */
  readonly remedy: string
}

export type ErrorTable = Readonly<Record<string, ErrorDescription>>

/** The object an error is about (topic, partition, offset, slot, table, file …): never a payload. */
export type ErrorFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>

const brand = Symbol.for('millrace.error')

/**
 * Every error that Millrace throws on purpose. `code` is stable across releases, the message is not.
 *
 * @example
 * try { await producer.commit() } catch (error) {
 *   if (isMillraceError(error) && error.retriable) { … }
 * }
 */
export class MillraceError extends Error {
  readonly [brand] = true
  override readonly name = 'MillraceError'
  readonly code: string
  readonly retriable: boolean
  readonly fields: ErrorFields
  /** What to do, for people; printed under the message by the command line. */
  readonly remedy: string

  constructor(
    code: string,
    message: string,
    options: { retriable: boolean; remedy: string; fields?: ErrorFields; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retriable = options.retriable
    this.remedy = options.remedy
    this.fields = options.fields ?? {}
  }
}

/** True for errors of any copy of this package in the process. */
export function isMillraceError(error: unknown): error is MillraceError {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[brand] === true
}

/** Makes errors of one package's table; the code is checked by the compiler. */
export type ErrorFactory<Table extends ErrorTable> = (
  code: keyof Table & string,
  message: string,
  fields?: ErrorFields,
  cause?: unknown,
) => MillraceError

/**
 * Binds a package's table of codes to a factory.
 *
 * @example
 * export const kafkaErrors = { KAFKA_TIMEOUT: { retriable: true, cause: '…', remedy: '…' } } as const satisfies ErrorTable
 * export const kafkaError = errorFactory(kafkaErrors)
 * throw kafkaError('KAFKA_TIMEOUT', 'Fetch was not answered within 30000 ms', { broker: 'localhost:9092' })
 */
export function errorFactory<Table extends ErrorTable>(table: Table): ErrorFactory<Table> {
  return (code, message, fields, cause) => {
    const { retriable, remedy } = table[code] as ErrorDescription
    return new MillraceError(code, message, { retriable, remedy, ...(fields && { fields }), cause })
  }
}
