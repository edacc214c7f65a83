import { type ConfigDef, configDef, type Properties } from '../../../config/config-def.ts'
import { connectError } from '../../../errors.ts'
import { listFilter } from './captured-tables.ts'
import type { ReselectionOptions } from './reselection.ts'

const reselectClass = 'io.debezium.processors.reselect.ReselectColumnsPostProcessor'
const flag = (value: boolean, doc: string) => ({ type: 'boolean', default: value, importance: 'medium', doc }) as const
const list = (doc: string) => ({ type: 'string', default: null, importance: 'medium', doc }) as const
const cache = { ...list('Not supported.'), notSupported: 'columns are read anew for each event; leave it out' } as const

const reselectConfig = configDef({
  type: { type: 'string', oneOf: [reselectClass], importance: 'high', doc: 'Class of the post-processor.' },
  'reselect.columns.include.list': list('Expressions of the columns that are read anew, as schema.table:column.'),
  'reselect.columns.exclude.list': list('Expressions of the columns that are not.'),
  'reselect.unavailable.values': flag(true, 'Whether large values that were not logged are read.'),
  'reselect.null.values': flag(true, 'Whether nulls are.'),
  'reselect.use.event.key': flag(
    false,
    'Whether the row is found by the key of the event, and not by the primary key.',
  ),
  'reselect.error.handling.mode': {
    type: 'string',
    oneOf: ['warn', 'fail'],
    ignoreCase: true,
    default: 'warn',
    importance: 'low',
    doc: 'What becomes of an event whose row is gone: it is published as it is, or the connector stops.',
  },
  'reselect.cache.enabled': cache,
  'reselect.cache.type': cache,
  'reselect.cache.ttl.ms': cache,
  'reselect.cache.max.size': cache,
  'reselect.cache.max.columns.per.row': cache,
})

const aliases = (properties: Properties): string[] =>
  (properties['post.processors'] ?? '').split(',').flatMap((alias) => alias.trim() || [])

/** The names that `post.processors` brings in: each one's own under its alias. */
export function postProcessorConfig(properties: Properties): ConfigDef {
  return aliases(properties)
    .map((alias) => reselectConfig.under(`${alias}.`, `Post-processors: ${alias}`))
    .reduce((whole, one) => whole.and(one), configDef({}) as ConfigDef)
}

/**
 * What `post.processors` asks for; undefined for nothing.
 *
 * @throws CONNECT_CONFIG_INVALID
 */
export function reselectionOf(
  where: string,
  properties: Properties,
): Omit<ReselectionOptions, 'url' | 'applicationName' | 'tell'> | undefined {
  const [alias, ...others] = aliases(properties)
  if (alias === undefined) return undefined
  if (others.length > 0) {
    const message = `${where}: post.processors names more than one; ${reselectClass} is the only one that there is`
    throw connectError('CONNECT_CONFIG_INVALID', message, { where })
  }
  const prefix = `${alias}.`
  const own = Object.entries(properties).flatMap(([name, value]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
  )
  const config = reselectConfig.parse(`${where}, post-processor ${alias}`, Object.fromEntries(own))
  return {
    includesColumn: listFilter(config['reselect.columns.include.list'], config['reselect.columns.exclude.list']),
    unavailable: config['reselect.unavailable.values'],
    nulls: config['reselect.null.values'],
    byEventKey: config['reselect.use.event.key'],
    onError: config['reselect.error.handling.mode'],
  }
}
