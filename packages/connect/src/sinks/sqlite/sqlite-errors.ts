import type { FailureClass } from '../sql/dialect.ts'

/** Primary result codes; the driver gives extended ones, whose lowest byte is the primary. */
const codes = {
  error: 1,
  perm: 3,
  busy: 5,
  locked: 6,
  noMem: 7,
  readOnly: 8,
  ioErr: 10,
  full: 13,
  cantOpen: 14,
  schema: 17,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  range: 25,
  notADb: 26,
} as const

const environment: readonly number[] = [codes.busy, codes.locked, codes.noMem, codes.ioErr, codes.full, codes.schema]
const record: readonly number[] = [codes.tooBig, codes.constraint, codes.mismatch, codes.range]
const access: readonly number[] = [codes.perm, codes.readOnly, codes.cantOpen, codes.notADb]

/** Sorts an error by what helps, as for the other databases. */
export function classify(error: unknown): FailureClass {
  const { errcode, code, message } = error as { errcode?: number; code?: string; message?: string }
  // A bigint beyond 64 bits, or a value that the driver does not take.
  if (code === 'ERR_INVALID_ARG_VALUE' || code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_OUT_OF_RANGE')
    return 'record'
  if (errcode === undefined) return 'other'
  const primary = errcode & 0xff
  if (environment.includes(primary)) return 'environment'
  if (record.includes(primary)) return 'record'
  if (access.includes(primary)) return 'access'
  // What a trigger raises comes as a constraint; what is left under this code is about names.
  if (primary === codes.error && /no such (table|column)|has no column/.test(message ?? '')) return 'table'
  return 'other'
}

export function isAlreadyThere(error: unknown): boolean {
  return /already exists|duplicate column name/.test(error instanceof Error ? error.message : '')
}
