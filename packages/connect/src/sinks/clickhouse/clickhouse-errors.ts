import type { ErrorFields, MillraceError } from '@millrace/base'
import type { FailureClass } from '../sql/dialect.ts'
import { driverError } from '../sql/driver-error.ts'

/** Codes of the server's errors (`system.errors`), and what helps. */
const record = new Set([
  6,
  26,
  27,
  72,
  117,
  130, // cannot parse: text, quoted string, input, number, data of the format, array
  38,
  41,
  69,
  70,
  190,
  407, // date, time, out of bound, cannot convert, sizes of arrays, decimal overflow
  349,
  469,
  472,
  675,
  676,
  376,
  691, // null in an ordinary column, constraint, IP, UUID, element of an enum
  53,
  321,
  131,
  25,
  33,
  395,
  441,
  467, // type mismatch, value too large, cut text, `throwIf`, address, Bool
])
const table = new Set([16, 36, 44, 47, 60, 10, 8])
const access = new Set([81, 192, 193, 194, 195, 497, 516])
const environment = new Set([
  3,
  23,
  24,
  74,
  75,
  76,
  95, // reading and writing of files and streams
  159,
  160,
  164,
  173,
  198,
  202,
  203,
  209,
  210,
  236, // time-outs, read-only, memory, too many queries, network, aborted
  241,
  242,
  243,
  252,
  279,
  285,
  319,
  394,
  425,
  999,
  1000, // memory, read-only table, no space, too many parts, keeper
])

export function codeOf(error: unknown): number {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^\d+$/.test(code) ? Number(code) : 0
}

/** Sorts an error by what helps, as for the other databases. What is no answer of the server is the way to it. */
export function classify(error: unknown): FailureClass {
  const code = codeOf(error)
  if (record.has(code)) return 'record'
  if (table.has(code)) return 'table'
  if (access.has(code)) return 'access'
  if (environment.has(code)) return 'environment'
  const { code: text, message } = error as { code?: unknown; message?: unknown }
  if (typeof text === 'string' && /^(E[A-Z]+|UND_ERR_[A-Z_]+)$/.test(text)) return 'environment'
  if (/timeout error|socket|network|hang up/i.test(String(message))) return 'environment'
  return 'other'
}

export function clickHouseError(error: unknown, doing: string, fields: ErrorFields = {}): MillraceError {
  return driverError(error, classify(error), doing, { ...fields, databaseCode: codeOf(error) })
}
