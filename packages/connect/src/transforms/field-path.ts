import type { ConfigRule } from '../config/config-def.ts'
import type { SchemaAndValue } from '../data/record.ts'
import type { ConnectField, ConnectSchema } from '../data/schema.ts'
import { fieldOf, fieldValue, ownValue } from '../data/schemas.ts'
import { invalid, requireObject, requireStruct } from './plugin-makers.ts'

const purpose = 'access to a nested field'

/** How transforms are told fields (KIP-821). */
export const fieldSyntaxVersion = {
  'field.syntax.version': {
    type: 'string',
    oneOf: ['V1', 'V2'],
    ignoreCase: true,
    default: 'V1',
    importance: 'high',
    doc: 'V1 takes a name for a field of the record; in V2 dots lead to nested fields, and names with dots stand between backticks.',
  },
} as const

/** A path that can be read in the syntax that is asked for. */
export function validPath(name: string): ConfigRule {
  return {
    name,
    problem: ({ [name]: path, 'field.syntax.version': version }) => {
      if (typeof path !== 'string' || version !== 'V2') return undefined
      try {
        parsePath(path)
        return undefined
      } catch (error) {
        return (error as Error).message
      }
    },
  }
}

/** The way to one field, nested or not. */
export class FieldPath {
  readonly #parents: readonly string[]
  readonly #last: string

  constructor(text: string, version: 'V1' | 'V2') {
    const steps = version === 'V1' ? [text] : parsePath(text)
    this.#parents = steps.slice(0, -1)
    this.#last = steps.at(-1) ?? ''
  }

  /** Undefined where there is no such field. */
  fieldOf(schema: ConnectSchema): ConnectField | undefined {
    let current: ConnectSchema | undefined = schema
    for (const step of this.#parents) current = current && fieldOf(current, step)?.schema
    return current && fieldOf(current, this.#last)
  }

  ofStruct(data: SchemaAndValue, withDefault: boolean): unknown {
    let { schema, value } = data
    for (const step of this.#parents) {
      const field = schema && fieldOf(schema, step)
      if (!field) return null
      value = fieldValue(requireStruct({ schema, value }, purpose), field, true)
      schema = field.schema
      if (value === null) return null
    }
    const field = schema && fieldOf(schema, this.#last)
    return field ? fieldValue(requireStruct({ schema, value }, purpose), field, withDefault) : null
  }

  ofObject(value: object): unknown {
    let current = value
    for (const step of this.#parents) {
      const next = ownValue(current, step)
      if (next === null) return null
      current = requireObject(next, purpose)
    }
    return ownValue(current, this.#last)
  }
}

/**
 * Steps are separated by dots. A step that begins with a backtick ends with the next one that is followed by a dot or by
 * nothing; before such a one a backslash makes it part of the name.
 */
function parsePath(path: string): string[] {
  const steps: string[] = []
  let at = 0
  while (at < path.length) {
    const [step, next] = path[at] === '`' ? quotedStep(path, at) : plainStep(path, at)
    steps.push(step)
    at = next
  }
  return path.endsWith('.') || path === '' ? [...steps, ''] : steps
}

function plainStep(path: string, start: number): [step: string, next: number] {
  const dot = path.indexOf('.', start)
  return dot < 0 ? [path.slice(start), path.length] : [path.slice(start, dot), dot + 1]
}

function quotedStep(path: string, start: number): [step: string, next: number] {
  let step = ''
  let from = start + 1
  for (let at = path.indexOf('`', from); at >= 0; at = path.indexOf('`', at + 1)) {
    const isLast = at === path.length - 1
    if (!isLast && path[at + 1] !== '.') continue
    if (path[at - 1] !== '\\') return [step + path.slice(from, at), at + 2]
    if (isLast) break
    step += `${path.slice(from, at - 1)}\``
    from = at + 1
  }
  throw invalid(
    `field path ${path}: nothing closes the backtick at ${start}; a backslash before it makes it part of the name`,
  )
}
