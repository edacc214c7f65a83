import { configDef } from '../config/config-def.ts'
import type { Validator } from '../config/config-key.ts'
import type { ConnectField, ConnectSchema } from '../data/schema.ts'
import { copyBasics, fieldValue, perSchema, setField } from '../data/schemas.ts'
import { replaceNullWithDefault } from './common-keys.ts'
import { failed, isNothing, keyAndValue, requireObject, requireStruct } from './plugin-makers.ts'

const validRenames = ((items: readonly string[]) => {
  const wrong = items.find((item) => item.split(':').length !== 2)
  return wrong === undefined ? undefined : `${wrong} is not an old and a new name, separated by a colon`
}) as Validator

const definition = configDef({
  exclude: { type: 'list', default: [], importance: 'medium', doc: 'Fields to leave out; goes before `include`.' },
  include: { type: 'list', default: [], importance: 'medium', doc: 'The only fields to keep; empty keeps all.' },
  renames: { type: 'list', default: [], valid: validRenames, importance: 'medium', doc: 'New names as old:new.' },
  ...replaceNullWithDefault,
})

const purpose = 'ReplaceField'

/** Leaves fields out and renames them. */
export const replaceFieldPlugins = keyAndValue('ReplaceField', definition, (config) => {
  const [exclude, include] = [new Set(config.exclude), new Set(config.include)]
  const renames = new Map(config.renames.map((item) => item.split(':') as [string, string]))
  const isKept = (name: string) => !exclude.has(name) && (include.size === 0 || include.has(name))
  const renamed = (name: string) => renames.get(name) ?? name
  const withDefault = config['replace.null.with.default']
  const plan = perSchema((schema) => {
    const kept = (schema.fields ?? []).filter(({ name }) => isKept(name))
    return { kept, schema: withNames(schema, kept, renamed) }
  })
  return (data) => {
    if (isNothing(data)) return data
    if (data.schema === undefined) {
      const kept: Record<string, unknown> = {}
      for (const [name, value] of Object.entries(requireObject(data.value, purpose))) {
        if (isKept(name)) setField(kept, renamed(name), value)
      }
      return { schema: undefined, value: kept }
    }
    const value = requireStruct(data, purpose)
    const { kept, schema } = plan(data.schema)
    const fields: Record<string, unknown> = {}
    for (const field of kept) setField(fields, renamed(field.name), fieldValue(value, field, withDefault))
    return { schema, value: fields }
  }
})

function withNames(
  schema: ConnectSchema,
  kept: readonly ConnectField[],
  renamed: (name: string) => string,
): ConnectSchema {
  const fields = kept.map(({ name, schema: own }) => ({ name: renamed(name), schema: own }))
  const names = fields.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw failed(`${purpose}: two fields would be called ${twice}`)
  return { type: 'struct', ...copyBasics(schema), fields }
}
