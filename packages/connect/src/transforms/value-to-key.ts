import { configDef } from '../config/config-def.ts'
import { nonEmpty } from '../config/config-key.ts'
import type { ConnectSchema } from '../data/schema.ts'
import { fieldOf, fieldValue, ownValue, perSchema } from '../data/schemas.ts'
import { replaceNullWithDefault } from './common-keys.ts'
import { failed, ofRecords, requireObject, requireStruct } from './plugin-makers.ts'

const definition = configDef({
  fields: { type: 'list', valid: nonEmpty, importance: 'high', doc: 'Fields of the value that make up the key.' },
  ...replaceNullWithDefault,
})

const purpose = 'ValueToKey'

/** Makes a key of fields of the value. */
export const valueToKey = ofRecords('ValueToKey', definition, (config) => {
  const names = config.fields
  const withDefault = config['replace.null.with.default']
  const keySchema = perSchema((schema): ConnectSchema & { readonly fields: NonNullable<ConnectSchema['fields']> } => {
    const fields = names.map((name) => {
      const field = fieldOf(schema, name)
      if (!field) throw failed(`${purpose}: there is no field ${name}`)
      return field
    })
    return { type: 'struct', fields }
  })
  return (record) => {
    const { schema } = record.value
    if (schema === undefined) {
      const value = requireObject(record.value.value, purpose)
      const key = Object.fromEntries(names.map((name) => [name, ownValue(value, name)]))
      return { ...record, key: { schema, value: key } }
    }
    const value = requireStruct(record.value, purpose)
    const own = keySchema(schema)
    const key = Object.fromEntries(own.fields.map((field) => [field.name, fieldValue(value, field, withDefault)]))
    return { ...record, key: { schema: own, value: key } }
  }
})
