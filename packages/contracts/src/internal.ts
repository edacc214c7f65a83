export { contractError, contractErrors } from './errors.ts'
export { keyFromText, keyToText, valueFromJson, valueToJson } from './json-form.ts'
export { keySchemaSerde, valueSchemaSerde } from './schema-serde.ts'
export { decodeText, encodeText, parseJson, toJson } from './text.ts'
