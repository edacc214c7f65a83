import type { ConfigDef, ConfigResult, Properties } from './config-def.ts'
import type { ConfigKey } from './config-key.ts'
import { shown } from './config-value.ts'

/** The answer of `PUT /connector-plugins/{name}/config/validate`, in Connect's JSON. */
export interface ConfigInfos {
  readonly name: string
  readonly error_count: number
  readonly groups: readonly string[]
  readonly configs: readonly ConfigInfo[]
}

export interface ConfigInfo {
  /** Null for a name that is not defined. */
  readonly definition: ConfigKeyInfo | null
  readonly value: ConfigValueInfo
}

export interface ConfigKeyInfo {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly default_value: string | null
  readonly importance: string
  readonly documentation: string
  readonly group: string | null
  readonly width: string
  readonly display_name: string
  readonly dependents: readonly string[]
  readonly order: number
}

interface ConfigValueInfo {
  readonly name: string
  readonly value: string | null
  readonly recommended_values: readonly string[]
  readonly errors: readonly string[]
  readonly visible: boolean
}

/**
 * What Connect says about a config: the definition of every name beside its value and errors.
 *
 * @param given the properties before secrets were filled in: of what was, only this is shown.
 */
export function configInfos(
  className: string,
  definition: ConfigDef,
  properties: Properties,
  given = properties,
): ConfigInfos {
  const results = definition.validate(properties, given)
  const infos = new Map(configKeyInfos(definition).map((info) => [info.name, info]))
  return {
    name: className,
    error_count: results.reduce((count, { errors }) => count + errors.length, 0),
    groups: [...new Set([...infos.values()].flatMap(({ group }) => group ?? []))],
    configs: results.map((result) => ({
      definition: infos.get(result.name) ?? null,
      value: valueInfo(result, given[result.name] === properties[result.name] ? undefined : given[result.name]),
    })),
  }
}

/** The definitions alone (`GET /connector-plugins/{name}/config`). */
export function configKeyInfos(definition: ConfigDef): ConfigKeyInfo[] {
  const orders = new Map<string, number>()
  return Object.entries<ConfigKey>(definition.keys)
    .filter(([, { internal }]) => !internal)
    .map(([name, key]) => keyInfo(name, key, orders))
}

function keyInfo(name: string, key: ConfigKey, orders: Map<string, number>): ConfigKeyInfo {
  const order = key.group === undefined ? -1 : (orders.get(key.group) ?? 0) + 1
  if (key.group !== undefined) orders.set(key.group, order)
  return {
    name,
    type: key.type.toUpperCase(),
    required: key.default === undefined && key.notSupported === undefined,
    default_value: key.default === null || key.default === undefined ? null : shown(key, key.default),
    importance: key.importance.toUpperCase(),
    documentation: key.notSupported === undefined ? key.doc : `Not supported: ${key.notSupported}`,
    group: key.group ?? null,
    width: (key.width ?? 'none').toUpperCase(),
    display_name: key.displayName ?? name,
    dependents: key.dependents ?? [],
    order,
  }
}

function valueInfo(result: ConfigResult, reference: string | null | undefined): ConfigValueInfo {
  const { name, key, value, errors, recommended, visible } = result
  const text = reference ?? (key === undefined || value === undefined ? null : shown(key, value))
  return { name, value: text, recommended_values: recommended, errors, visible }
}
