import { schemaTexts } from '../../../converters/json-schemas.ts'
import { JsonWriter } from '../../../converters/json-writer.ts'
import type { ConnectSchema } from '../../../data/schema.ts'

const writer = new JsonWriter({ decimalFormat: 'BASE64', replaceNullWithDefault: true })

/** Data as the JSON converter writes it with its defaults. */
export function dataJson(schema: ConnectSchema, value: unknown): string {
  return writer.writer(schema)(value)
}

/** A schema as the JSON converter writes it. */
export const schemaJson = schemaTexts(writer)
