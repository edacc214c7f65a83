import { readFile } from 'node:fs/promises'
import { parseProperties } from '@millrace/base/internal'
import { millraceError } from '../errors.ts'

export interface ConnectorFile {
  readonly name: string
  readonly config: Readonly<Record<string, string>>
}

/**
 * A connector's config as people have it in files: properties (`connect-standalone`), the JSON of `POST /connectors`
 * (`{"name", "config"}`), or the config alone as JSON.
 *
 * @throws CONNECTOR_INVALID
 */
export async function readConnectorFile(path: string): Promise<ConnectorFile> {
  const invalid = (what: string, cause?: unknown): Error =>
    millraceError('CONNECTOR_INVALID', `${path} ${what}`, { path }, cause)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw invalid('cannot be read', error)
  }
  const config =
    path.endsWith('.json') || text.trimStart().startsWith('{') ? fromJson(text, invalid) : parseProperties(text)
  const { name } = config
  if (!name) throw invalid('names no connector: the property "name" is missing')
  return { name, config }
}

function fromJson(text: string, invalid: (what: string, cause?: unknown) => Error): Record<string, string> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw invalid('is not JSON', error)
  }
  if (!isObject(parsed)) throw invalid('holds no JSON object')
  const { name, config } = parsed
  const properties = isObject(config) ? { ...(typeof name === 'string' && { name }), ...config } : parsed
  return Object.fromEntries(
    Object.entries(properties).map(([property, value]) => {
      if (value === null || typeof value === 'object') throw invalid(`gives "${property}" a value that is not a text`)
      return [property, String(value)]
    }),
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
