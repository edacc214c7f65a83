import { JsonConverter } from '../converters/json-converter.ts'
import type { RecordPipeline } from './pipeline.ts'

/** JSON without schemas; what a connector has that says nothing else. */
const plainJson = new JsonConverter({ 'schemas.enable': 'false' })

export const defaultPipeline: RecordPipeline = {
  keyConverter: plainJson,
  valueConverter: plainJson,
  headerConverter: plainJson,
  transforms: [],
}
