import { jsonString } from '../../../../converters/json-text.ts'
import { inHashOrder } from './java-hash-order.ts'
import { codec, textCodec, type ValueCodec } from './value-codec.ts'

export type HstoreMode = 'json' | 'map'

/** The extension's `hstore`, `"a"=>"1", "b"=>NULL`: a JSON text or a map. */
export function hstoreCodec(mode: HstoreMode, placeholder: string): ValueCodec {
  const unavailable = new Map([[placeholder, placeholder]])
  if (mode === 'json') {
    const value = (text: string): string => mapText(parseHstore(text))
    const form = textCodec('io.debezium.data.Json')
    return { ...form, value, json: (text) => jsonString(value(text)), zero: '{}', unavailable: mapText(unavailable) }
  }
  const schema = {
    type: 'map',
    keySchema: { type: 'string' },
    valueSchema: { type: 'string', optional: true },
  } as const
  return { ...codec(schema, parseHstore, new Map()), unavailable }
}

function mapText(map: ReadonlyMap<string, string | null>): string {
  const entries = [...map].map(([key, value]) => `${jsonString(key)}:${value === null ? 'null' : jsonString(value)}`)
  return `{${entries.join(',')}}`
}

const entryText = /"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)/gs

function parseHstore(text: string): Map<string, string | null> {
  const entries: [string, string | null][] = []
  for (const [, key = '', value] of text.matchAll(entryText)) {
    entries.push([unescaped(key), value === undefined ? null : unescaped(value)])
  }
  return new Map(inHashOrder(entries))
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/gs, '$1')
}
