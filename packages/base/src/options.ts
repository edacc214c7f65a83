import { baseError } from './base-errors.ts'
import type { MillraceError } from './errors.ts'
import { nearest } from './nearest.ts'

type Primitive = 'string' | 'boolean' | 'function' | 'object' | 'array' | 'any'

/** What a value of an option may be. Numbers state their bounds, both inclusive. */
export type OptionRule =
  | Primitive
  | { readonly min: number; readonly max?: number; readonly integer?: boolean }
  | { readonly oneOf: readonly (string | number | boolean)[] }
  | readonly Primitive[]

/** One rule per option; an option added to the type without a rule does not compile. */
export type OptionRules<T> = { readonly [Name in keyof T]-?: OptionRule }

export interface CheckOptionsSettings<T> {
  /** Options that have no default. */
  readonly required?: readonly (keyof T & string)[]
}

/**
 * Refuses options that nobody reads and values that no code expects, before anything is started with them. Options that
 * are `undefined` count as not given.
 *
 * @throws CONFIG_UNKNOWN_OPTION, CONFIG_INVALID_OPTION, CONFIG_MISSING_OPTION
 * @example
 * checkOptions('kafkaClient', options, { brokers: ['string', 'array'], requestTimeoutMs: { min: 1, integer: true } })
 */
export function checkOptions<T extends object>(
  where: string,
  options: T,
  rules: OptionRules<T>,
  settings: CheckOptionsSettings<T> = {},
): void {
  const given: unknown = options
  if (!isA('object', given)) {
    throw baseError('CONFIG_INVALID_OPTION', `${where} takes an options object, not ${kindOf(given)}`, { where })
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    const rule = Object.hasOwn(rules, name) ? rules[name as keyof T] : undefined
    if (rule === undefined) throw unknownOption(where, name, Object.keys(rules))
    const problem = violation(rule, value)
    if (problem) {
      throw baseError('CONFIG_INVALID_OPTION', `${where}: \`${name}\` must be ${problem}, not ${shown(rule, value)}`, {
        where,
        option: name,
      })
    }
  }
  for (const name of settings.required ?? []) {
    if (options[name] === undefined) {
      throw baseError('CONFIG_MISSING_OPTION', `${where} needs the option \`${name}\``, { where, option: name })
    }
  }
}

/** The error for a key that is not among `known`, with the nearest known one in the message. */
export function unknownOption(where: string, name: string, known: readonly string[]): MillraceError {
  const meant = nearest(name, known)
  const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean \`${meant}\`?`
  return baseError('CONFIG_UNKNOWN_OPTION', `${where} has no option \`${name}\`; ${hint}`, { where, option: name })
}

/** One of a few names is no secret, and a name that was mistyped is seen only where it is shown. */
function shown(rule: OptionRule, value: unknown): string {
  const isChoice = typeof rule === 'object' && 'oneOf' in rule
  return isChoice && typeof value === 'string' && value.length <= 64 ? JSON.stringify(value) : kindOf(value)
}

/** What the rule wants, when the value is something else. */
function violation(rule: OptionRule, value: unknown): string | undefined {
  if (typeof rule === 'string') return isA(rule, value) ? undefined : article(rule)
  if ('oneOf' in rule) {
    const fits = rule.oneOf.includes(value as string)
    return fits ? undefined : `one of ${rule.oneOf.map((allowed) => JSON.stringify(allowed)).join(', ')}`
  }
  if ('min' in rule) return numberViolation(rule, value)
  return rule.some((kind) => isA(kind, value)) ? undefined : rule.map(article).join(' or ')
}

function numberViolation(rule: { min: number; max?: number; integer?: boolean }, value: unknown): string | undefined {
  const max = rule.max ?? Number.POSITIVE_INFINITY
  const whole = rule.integer === true
  if (typeof value === 'number' && value >= rule.min && value <= max && (!whole || Number.isInteger(value))) {
    return undefined
  }
  const noun = whole ? 'a whole number' : 'a number'
  return max === Number.POSITIVE_INFINITY ? `${noun} of at least ${rule.min}` : `${noun} from ${rule.min} to ${max}`
}

function isA(kind: Primitive, value: unknown): boolean {
  if (kind === 'any') return true
  if (kind === 'array') return Array.isArray(value)
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === kind
}

function article(kind: Primitive): string {
  return kind === 'object' || kind === 'array' ? `an ${kind}` : `a ${kind}`
}

/** Numbers, booleans are shown; strings are not, since an option may be a password. */
function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
