import type { ConfigOf, Properties } from '../../../config/config-def.ts'
import { connectError } from '../../../errors.ts'
import type { ValueModes } from './column-codec.ts'
import {
  type ColumnRule,
  hashRule,
  maskRule,
  nameMatcher,
  sourceTypeRule,
  splitList,
  truncateRule,
} from './column-rules.ts'
import type { debeziumConfig } from './debezium-config.ts'

type Config = ConfigOf<typeof debeziumConfig.keys>

export function valueModes(config: Config): ValueModes {
  const placeholder = config['unavailable.value.placeholder']
  return {
    decimals: config['decimal.handling.mode'],
    times: config['time.precision.mode'],
    binary: config['binary.handling.mode'],
    hstore: config['hstore.handling.mode'],
    intervals: config['interval.handling.mode'],
    moneyFractionDigits: config['money.fraction.digits'],
    includeUnknown: config['include.unknown.datatypes'],
    placeholder: placeholder.startsWith('hex:') ? Buffer.from(placeholder.slice(4), 'hex') : Buffer.from(placeholder),
  }
}

export function skippedOperations(list: readonly string[]): ReadonlySet<string> {
  return new Set(list.includes('none') ? [] : list)
}

/**
 * The rules of `column.mask.*`, `column.truncate.*` and the like, whose names carry numbers, algorithms and salts. Of several
 * that match a column only the first holds, in Debezium's order.
 *
 * @throws CONNECT_CONFIG_INVALID for a name of that kind that means nothing
 */
export function columnRules(properties: Properties, config: Config): ColumnRule[] {
  const truncates: ColumnRule[] = []
  const masks: ColumnRule[] = []
  const hashes: ColumnRule[] = []
  for (const [name, columns] of Object.entries(properties)) {
    if (columns === null || columns === undefined || !name.startsWith('column.')) continue
    const truncate = /^column\.truncate\.to\.(\d+)\.chars$/.exec(name)
    const mask = /^column\.mask\.with\.(\d+)\.chars$/.exec(name)
    const hash = /^column\.mask\.hash\.(v2\.)?([^.]+)\.with\.salt\.(.+)$/.exec(name)
    if (truncate) truncates.push(truncateRule(columns, Number(truncate[1])))
    else if (mask) masks.push(maskRule(columns, Number(mask[1])))
    else if (hash) hashes.push(hashRuleOf(name, columns, hash))
    else if (/^column\.(truncate|mask)\./.test(name)) throw invalid(`Configuration is not defined: ${name}`)
  }
  const ownType = config['column.propagate.source.type']
  const typeOf = config['datatype.propagate.source.type']
  return [
    ...truncates,
    ...masks,
    ...(ownType === undefined ? [] : [sourceTypeRule(ownType, false)]),
    ...(typeOf === undefined ? [] : [sourceTypeRule(typeOf, true)]),
    ...hashes,
  ]
}

function hashRuleOf(name: string, columns: string, [, second, algorithm = '', salt = '']: RegExpExecArray): ColumnRule {
  try {
    return hashRule(columns, algorithm, salt, second === undefined ? 1 : 2)
  } catch (error) {
    throw invalid(`${name}: ${(error as Error).message}`)
  }
}

/**
 * `message.key.columns`: `expression:column,column;expression:column`, where the expression matches `schema.table`.
 *
 * @throws CONNECT_CONFIG_INVALID
 */
export function keyColumns(text: string | undefined): (table: string) => readonly string[] | undefined {
  const keys = (text ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => {
      const colon = part.lastIndexOf(':')
      if (colon < 1) throw invalid(`message.key.columns: "${part}" is not of the form table:column,column`)
      const columns = part.slice(colon + 1).split(',')
      return { matches: nameMatcher(part.slice(0, colon)), columns: columns.map((column) => column.trim()) }
    })
  return (table) => keys.find(({ matches }) => matches(table))?.columns
}

/**
 * `snapshot.select.statement.overrides`: the conditions of the statements, by table. A statement that does more than to leave
 * rows out would make other events than the stream does.
 *
 * @throws CONNECT_CONFIG_INVALID
 */
export function snapshotFilters(properties: Properties, config: Config): Record<string, string> {
  const prefix = 'snapshot.select.statement.overrides'
  const tables = splitList(config[prefix] ?? '')
  for (const name of Object.keys(properties)) {
    if (!name.startsWith(`${prefix}.`) || tables.includes(name.slice(prefix.length + 1))) continue
    throw invalid(`${name}: the table is not among those that ${prefix} names`)
  }
  const filters = tables.map((table) => {
    const name = `${prefix}.${table}`
    const statement = properties[name]
    const where = /^\s*select\s+(?:\w+\.)?\*\s+from\s+\S+\s+where\s+(.+?)(?:\s+order\s+by\s.*)?;?\s*$/is.exec(
      statement ?? '',
    )
    if (!where?.[1]) throw invalid(`${name}: only statements of the form SELECT * FROM ${table} WHERE … are understood`)
    return [table, where[1]] as const
  })
  return Object.fromEntries(filters)
}

function invalid(message: string): Error {
  return connectError('CONNECT_CONFIG_INVALID', message)
}
