import { configDef } from '../config/config-def.ts'
import type { ConnectSchema } from '../data/schema.ts'
import { perSchema } from '../data/schemas.ts'
import { keyAndValue } from './plugin-makers.ts'

const definition = configDef({
  field: { type: 'string', importance: 'medium', doc: 'The name of the only field of the new struct.' },
})

/** Makes the key or value the only field of a struct. */
export const hoistFieldPlugins = keyAndValue('HoistField', definition, ({ field }) => {
  const schemaOf = perSchema((schema): ConnectSchema => ({ type: 'struct', fields: [{ name: field, schema }] }))
  return ({ schema, value }) => ({
    schema: schema && schemaOf(schema),
    value: Object.fromEntries([[field, value ?? null]]),
  })
})
