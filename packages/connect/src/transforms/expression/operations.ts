import { JavaRegex } from '../../data/java-regex.ts'

type Method = (own: string, parameter: string) => unknown

/** Methods of strings, under the names of JavaScript and of Java. */
const stringMethods: Readonly<Record<string, Method>> = {
  startsWith: (own, text) => own.startsWith(text),
  endsWith: (own, text) => own.endsWith(text),
  contains: (own, text) => own.includes(text),
  includes: (own, text) => own.includes(text),
  equals: (own, text) => own === text,
  equalsIgnoreCase: (own, text) => own.toLowerCase() === text.toLowerCase(),
  matches: (own, text) => new JavaRegex(text).matches(own),
  toLowerCase: (own) => own.toLowerCase(),
  toUpperCase: (own) => own.toUpperCase(),
  trim: (own) => own.trim(),
  toString: (own: string) => own,
  length: (own) => own.length,
  size: (own) => own.length,
  isEmpty: (own) => own === '',
}
/** Of Java's structs and maps, whose fields an expression may also name. */
const getters = new Set([
  'get',
  'getString',
  'getStruct',
  'getInt32',
  'getInt64',
  'getBoolean',
  'getFloat64',
  'getWithoutDefault',
])

/** Null has no members, and nothing has those that it did not get itself. */
export function memberOf(object: unknown, name: unknown): unknown {
  if (object === null || object === undefined) return null
  if (object instanceof Map) return object.get(name) ?? null
  if (Array.isArray(object)) return name === 'length' ? object.length : (object[name as number] ?? null)
  if (typeof object === 'string') return name === 'length' ? object.length : null
  if (typeof object !== 'object' || !Object.hasOwn(object, name as string)) return null
  return (object as Record<string, unknown>)[name as string] ?? null
}

/** Calls one of the few methods that there are. Null stays null. */
export function call(object: unknown, method: string, parameters: readonly unknown[]): unknown {
  if (object === null || object === undefined) return null
  const [first] = parameters
  if (typeof object === 'string' && Object.hasOwn(stringMethods, method)) {
    return stringMethods[method]!(object, first === undefined ? '' : String(first))
  }
  if (Array.isArray(object)) {
    if (method === 'contains' || method === 'includes') return object.some((item) => isEqual(item, first))
    if (method === 'size') return object.length
    if (method === 'isEmpty') return object.length === 0
  } else if (typeof object === 'object' && getters.has(method)) return memberOf(object, first)
  if (method === 'equals') return isEqual(object, first)
  if (method === 'toString') return String(object)
  throw new TypeError(`there is no method ${method} of ${Array.isArray(object) ? 'lists' : typeof object}`)
}

/** Numbers are equal whatever their type, and a missing value is null. */
export function isEqual(a: unknown, b: unknown): boolean {
  const [left, right] = [a ?? null, b ?? null]
  const areNumbers = [left, right].every((value) => typeof value === 'number' || typeof value === 'bigint')
  // biome-ignore lint/suspicious/noDoubleEquals: 5n and 5 are one number
  return areNumbers ? left == right : left === right
}

export function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (value === null || value === undefined) return false
  throw new TypeError('a condition that is neither true nor false')
}
