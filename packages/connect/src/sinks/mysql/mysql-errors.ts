import type { FailureClass } from '../sql/dialect.ts'

/** Numbers of the server's errors, and what helps. The driver's own failures are codes of Node or begin with PROTOCOL. */
const environment = new Set([
  1021, // disk full
  1037,
  1038, // out of memory, out of sort memory
  1040,
  1203,
  1226, // too many connections
  1041,
  1053,
  1077,
  1079, // shutting down
  1114, // the table is full, which is what a full disk looks like, too
  1205,
  1213, // lock wait time-out, deadlock
  1290,
  1792,
  1836,
  3024,
  3100, // read-only server or transaction, time-out
  1317,
  1927,
  1969,
  3169, // interrupted, killed
  1020, // record has changed since it was last read
])
const access = new Set([1044, 1045, 1049, 1142, 1143, 1227, 1251, 1698])
const table = new Set([1054, 1146, 1051, 1109, 1136])
const record = new Set([
  1048,
  1062,
  1169,
  1364, // null, duplicate, default missing
  1216,
  1217,
  1451,
  1452, // foreign keys
  1264,
  1265,
  1292,
  1366,
  1367,
  1406,
  1411,
  1416,
  1690, // out of range, truncated, wrong value, too long
  3140,
  3141,
  3156,
  3819,
  4025,
  1644, // JSON text, check constraint, SIGNAL of a trigger
  1118,
  1301,
  1153,
  1105, // row too large, packet too large
])

/** A row that is longer than the server takes, as the server would say it if it did not close the connection instead. */
export class StatementTooLong extends Error {
  readonly errno = 1153
  constructor(bytes: number, maxBytes: number) {
    super(`a row of ${bytes} bytes is longer than max_allowed_packet leaves room for, ${maxBytes}`)
    this.name = 'StatementTooLong'
  }
}

export function errnoOf(error: unknown): number {
  const { errno } = error as { errno?: unknown }
  return typeof errno === 'number' ? errno : 0
}

/** Sorts an error by what helps, as for the other databases. */
export function classify(error: unknown): FailureClass {
  const errno = errnoOf(error)
  const { code, fatal } = error as { code?: unknown; fatal?: unknown }
  if (record.has(errno)) return 'record'
  if (access.has(errno)) return 'access'
  if (table.has(errno)) return 'table'
  if (environment.has(errno) || fatal === true) return 'environment'
  const text = typeof code === 'string' ? code : ''
  if (/^(PROTOCOL_|POOL_CLOSED|E[A-Z]+$)/.test(text) && !text.startsWith('ER_')) return 'environment'
  return 'other'
}

export function isAlreadyThere(error: unknown): boolean {
  return [1050, 1060].includes(errnoOf(error))
}
