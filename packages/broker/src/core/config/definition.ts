/** Config types as DescribeConfigs numbers them (KIP-226). */
export const configTypeCodes = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  password: 9,
} as const
export type ConfigType = keyof typeof configTypeCodes

/** One setting under Kafka's dotted name. Values are text, as they travel. */
export interface ConfigDefinition {
  readonly name: string
  readonly type: ConfigType
  readonly defaultValue: string
  readonly documentation: string
  /** Smallest and greatest number allowed. */
  readonly range?: readonly [number, number]
  /** The values allowed; of a list, its elements. */
  readonly oneOf?: readonly string[]
  /** What else is wrong with a value, where its type does not say it. */
  readonly check?: (value: string) => string | undefined
  /** What DescribeConfigs shows as the default where Kafka has this setting unset: a coarser one, or nothing. */
  readonly coarserDefault?: { readonly name: string; readonly value: string } | 'none'
  /** Read once at the start: it cannot be altered while the broker runs. */
  readonly fixed?: boolean
}

export const int32Max = 0x7fffffff
const int64Max = 2 ** 63

/** A setting that can be altered while the broker runs. */
export function define(
  name: string,
  type: ConfigType,
  defaultValue: string,
  documentation: string,
  limits: Pick<ConfigDefinition, 'range' | 'oneOf'> = {},
): ConfigDefinition {
  return { name, type, defaultValue, documentation, ...limits }
}

/** A setting that is read once at the start, here or in Apache Kafka too. */
export function defineFixed(...setting: Parameters<typeof define>): ConfigDefinition {
  return { ...define(...setting), fixed: true }
}

/** A range without an end. */
export function atLeast(min: number): { range: readonly [number, number] } {
  return { range: [min, Number.POSITIVE_INFINITY] }
}

/** Says what is wrong with a value, in Kafka's manner; undefined when it is right. */
export function invalidValue(definition: ConfigDefinition, value: string): string | undefined {
  const problem = problemOf(definition, value.trim()) ?? definition.check?.(value.trim())
  const shown = definition.type === 'password' ? '[hidden]' : value
  return problem && `Invalid value ${shown} for configuration ${definition.name}: ${problem}`
}

function problemOf(definition: ConfigDefinition, value: string): string | undefined {
  const { type, oneOf } = definition
  switch (type) {
    case 'boolean':
      if (oneOf && !oneOf.includes(value.toLowerCase())) return `Only ${oneOf.join(' and ')} can be had here`
      return /^(true|false)$/i.test(value) ? undefined : 'Expected value to be either true or false'
    case 'password':
      return undefined
    case 'string':
      return !oneOf || oneOf.includes(value) ? undefined : `String must be one of: ${oneOf.join(', ')}`
    case 'list': {
      const unknown = oneOf && listElements(value).find((element) => !oneOf.includes(element))
      return unknown === undefined ? undefined : `String must be one of: ${oneOf!.join(', ')}`
    }
    case 'double':
      return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value)
        ? outOfRange(definition, Number(value))
        : 'Not a number of type DOUBLE'
    case 'short':
    case 'int':
    case 'long':
      if (!/^[+-]?\d+$/.test(value) || !fits(type, value)) return `Not a number of type ${type.toUpperCase()}`
      return outOfRange(definition, Number(value))
  }
}

const bitsOf = { short: 16, int: 32, long: 64 } as const

function fits(type: keyof typeof bitsOf, value: string): boolean {
  const number = BigInt(value.replace('+', ''))
  return number === BigInt.asIntN(bitsOf[type], number)
}

/** A value as Kafka writes it when it has read it. */
export function canonicalValue({ type }: ConfigDefinition, value: string): string {
  const text = value.trim()
  switch (type) {
    case 'boolean':
      return text.toLowerCase()
    case 'short':
    case 'int':
    case 'long':
      return String(BigInt(text.replace('+', '')))
    case 'double': {
      const number = Number(text)
      return Number.isInteger(number) ? number.toFixed(1) : String(number)
    }
    case 'list':
      return [...new Set(listElements(text))].join(',')
    default:
      return text
  }
}

function outOfRange(definition: ConfigDefinition, value: number): string | undefined {
  const typeMax = definition.type === 'long' || definition.type === 'double' ? int64Max : int32Max
  const [min, max] = definition.range ?? [-typeMax, typeMax]
  if (value < min) return `Value must be at least ${min}`
  return value > Math.min(max, typeMax) ? `Value must be no more than ${Math.min(max, typeMax)}` : undefined
}

export function listElements(value: string): string[] {
  return value
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
}
