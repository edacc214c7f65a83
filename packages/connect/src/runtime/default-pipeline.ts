import type { Converter, HeaderConverter } from '../converters/converter.ts'
import type { SchemaAndValue } from '../data/record.ts'
import type { RecordPipeline } from './pipeline.ts'

/** JSON without schemas; what a connector has that says nothing else. */
const plainJson: Converter & HeaderConverter = {
  fromConnect: (_, __, { value }) => write(value),
  toConnect: (_, __, bytes) => read(bytes),
  fromConnectHeader: (_, __, { value }) => write(value),
  toConnectHeader: (_, __, bytes) => read(bytes),
}

export const defaultPipeline: RecordPipeline = {
  keyConverter: plainJson,
  valueConverter: plainJson,
  headerConverter: plainJson,
  transforms: [],
}

function write(value: unknown): Uint8Array | null {
  return value === null || value === undefined ? null : Buffer.from(JSON.stringify(value))
}

function read(bytes: Uint8Array | null): SchemaAndValue {
  return { schema: undefined, value: bytes === null ? null : JSON.parse(Buffer.from(bytes).toString()) }
}
