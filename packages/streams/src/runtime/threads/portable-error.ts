import { type ErrorFields, isMillraceError, MillraceError } from '@millrace/base'

/** An error as it travels between threads: structured cloning keeps neither codes nor fields. */
export interface PortableError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly millrace:
    | { readonly code: string; readonly retriable: boolean; readonly remedy: string; readonly fields: ErrorFields }
    | undefined
  readonly code: string | undefined
  readonly cause: PortableError | undefined
}

const causesMax = 10

export function toPortable(error: unknown, depth = 0): PortableError {
  const { name, message, stack, cause } = error instanceof Error ? error : new Error(String(error))
  const { code } = (error ?? {}) as { code?: unknown }
  return {
    name,
    message,
    stack,
    millrace: isMillraceError(error)
      ? { code: error.code, retriable: error.retriable, remedy: error.remedy, fields: { ...error.fields } }
      : undefined,
    code: typeof code === 'string' ? code : undefined,
    cause: cause === undefined || depth === causesMax ? undefined : toPortable(cause, depth + 1),
  }
}

export function fromPortable({ name, message, stack, millrace, code, cause }: PortableError): Error {
  const inner = cause && fromPortable(cause)
  const error = millrace
    ? new MillraceError(millrace.code, message, { ...millrace, cause: inner })
    : Object.assign(new Error(message, inner && { cause: inner }), { name, ...(code === undefined ? {} : { code }) })
  if (stack !== undefined) error.stack = stack
  return error
}
