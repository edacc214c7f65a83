import { type ErrorFields, isMillraceError, type MetricSample } from '@millrace/base'
import type { InterceptedRequest, Interception } from '../core/interception.ts'
import { brokerError, brokerErrors } from '../errors.ts'
import type { AuthorizationDenied } from './diagnostics.ts'
import type { ListenerEndpoint } from './listener.ts'

/** What the thread that started the broker tells its worker. */
export type ToWorker =
  | { readonly kind: 'close' }
  | { readonly kind: 'metrics'; readonly call: number }
  | { readonly kind: 'intercept'; readonly apiKey: number; readonly active: boolean }
  | { readonly kind: 'decision'; readonly call: number; readonly decision: Interception | undefined }
  | { readonly kind: 'decisionFailed'; readonly call: number; readonly error: PlainError }

/** What the worker tells the thread that started it. */
export type FromWorker =
  | {
      readonly kind: 'listening'
      readonly endpoints: readonly ListenerEndpoint[]
      readonly strayTopicIds: readonly string[]
    }
  | { readonly kind: 'failed'; readonly error: PlainError }
  | { readonly kind: 'closed' }
  | { readonly kind: 'metrics'; readonly call: number; readonly samples: readonly MetricSample[] }
  | { readonly kind: 'authorizationDenied'; readonly denied: AuthorizationDenied }
  | { readonly kind: 'connectionClosed'; readonly clientHost: string; readonly error: PlainError }
  | { readonly kind: 'logFailed'; readonly topic: string; readonly partition: number; readonly error: PlainError }
  | { readonly kind: 'intercepted'; readonly call: number; readonly request: InterceptedRequest }

/** An error as data. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  readonly fields: ErrorFields
  readonly cause: string | undefined
}

export function toPlainError(error: unknown): PlainError {
  const known = isMillraceError(error) ? error : undefined
  const cause = (error as Error).cause
  return {
    name: (error as Error).name,
    message: (error as Error).message,
    code: known?.code,
    fields: known?.fields ?? {},
    cause: cause === undefined ? undefined : String(cause),
  }
}

export function fromPlainError({ name, message, code, fields, cause }: PlainError): Error {
  const known = code !== undefined && Object.hasOwn(brokerErrors, code)
  const reason = cause === undefined ? undefined : new Error(cause)
  if (known) return brokerError(code as keyof typeof brokerErrors, message, fields, reason)
  return name === 'TypeError' ? new TypeError(message) : new Error(message)
}

/**
 * Copies a message body for the way between threads. Bytes are copied exactly: cloning a view would take the
 * whole memory it lies in. On arrival bytes become Buffers again.
 */
export function portable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(portable)
  if (typeof value !== 'object' || value === null || value instanceof Map) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, portable(inner)]))
}
