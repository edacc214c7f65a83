import type { Serde } from '@millrace/contracts'
import { streamsError } from '../errors.ts'

/** Freezes a value in depth, so that whoever changes it in place gets a TypeError. Bytes and class instances stay as they are. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || !isPlain(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part)
  return value
}

/**
 * The value as its serde carries it, frozen.
 *
 * @throws STREAMS_VALUE_LOSSY where that differs from the value
 */
export function roundTripped(value: unknown, serde: Serde<unknown, unknown>, store: string): unknown {
  const back = serde.deserialize(serde.serialize(value))
  if (sameValue(value, back)) return deepFreeze(back)
  throw streamsError(
    'STREAMS_VALUE_LOSSY',
    `a value of store '${store}' is not the same after being written by ${serde.name} and read back`,
    { store, serde: serde.name },
  )
}

/** Whether an error is that of changing a frozen value. */
export function isMutation(error: unknown): boolean {
  return (
    error instanceof TypeError && /read only|not extensible|Cannot delete property|Cannot redefine/.test(error.message)
  )
}

/** A property that is undefined counts as one that is not there. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (!isPlain(a)) return String(a) === String(b)
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => sameValue(left[key], right[key]))
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
