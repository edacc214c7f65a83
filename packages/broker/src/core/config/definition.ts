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
  /** Read once at the start: it cannot be altered while the broker runs. */
  readonly fixed?: boolean
}

const int32Max = 0x7fffffff
const int64Max = 2 ** 63

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
      const elements = listElements(value)
      if (new Set(elements).size !== elements.length) return 'Configuration has duplicate values'
      const unknown = oneOf && elements.find((element) => !oneOf.includes(element))
      return unknown === undefined ? undefined : `String must be one of: ${oneOf!.join(', ')}`
    }
    case 'double':
      return /^-?\d+(\.\d+)?([eE]-?\d+)?$/.test(value)
        ? outOfRange(definition, Number(value))
        : 'Not a number of type DOUBLE'
    case 'short':
    case 'int':
    case 'long':
      return /^[+-]?\d+$/.test(value)
        ? outOfRange(definition, Number(value))
        : `Not a number of type ${type.toUpperCase()}`
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
