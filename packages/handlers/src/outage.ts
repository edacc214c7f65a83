import { isMillraceError } from '@millrace/base'
import { DatabaseUnavailable } from './inbox-transaction.ts'

/** Node's codes of connections that cannot be opened or broke. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/**
 * SQLSTATE classes and codes after which the same statement may succeed without anyone changing it: connection (08),
 * resources (53), operator intervention (57P), read-only after a failover (25006), and conflicts with other transactions
 * (40001, 40P01, 55P03).
 */
const sqlStates = /^(08...|53...|57P..|25006|40001|40P01|55P03)$/

/**
 * True for errors that say nothing about the message: something it needs is away or busy. Such a message waits, however
 * long it takes, and is never set aside.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true
  if (isMillraceError(error)) return error.retriable
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && (networkCodes.has(code) || sqlStates.test(code))
}
