import { configDef } from '../config/config-def.ts'
import type { SourceConnector } from './connector.ts'
import type { ConnectorPlugin } from './plugin.ts'

declare const source: SourceConnector

const definition = configDef({
  url: { type: 'string', importance: 'high', doc: '' },
  size: { type: 'int', default: 5, importance: 'low', doc: '' },
  mode: { type: 'string', oneOf: ['fast', 'safe'], default: 'safe', importance: 'low', doc: '' },
  limit: { type: 'long', default: null, importance: 'low', doc: '' },
})

const { url, size, mode, limit } = definition.parse('feed', {})
export const typed: [string, number, 'fast' | 'safe', number | undefined] = [url, size, mode, limit]
// @ts-expect-error a number is no text
export const text: string = size
// @ts-expect-error it may be missing
export const always: number = limit
// @ts-expect-error no such value
export const other: 'slow' = mode
// @ts-expect-error no such name
definition.parse('feed', {}).sise

export const plugin: ConnectorPlugin = {
  classNames: ['example.Feed'],
  type: 'source',
  version: '1',
  configDef: definition,
  create: () => source,
}

// @ts-expect-error a sink's plugin makes sinks
export const wrong: ConnectorPlugin = {
  classNames: ['example.Feed'],
  type: 'sink',
  version: '1',
  configDef: definition,
  create: () => source,
}

// @ts-expect-error a plugin has a name
export const nameless: ConnectorPlugin = { ...plugin, classNames: [] }
