import { type FieldSchema, includesVersion } from '@millrace/protocol/internal'
import type { AnyHandler } from '../../src/core/request.ts'
import type { Dictionary } from './dictionary.ts'
import { randomRecords } from './random-records.ts'

/** A few arrays are long, so that work which grows with the square of something shows. */
const longArray = 3_000

/** A request of one version with every field it carries: plausible mostly, hostile here and there. */
export function randomBody(handler: AnyHandler, version: number, dictionary: Dictionary): Record<string, unknown> {
  return struct(handler.api.request.fields, '', version, dictionary, { budget: 6_000 })
}

/** Bounds what one body may hold, nested arrays included. */
interface Size {
  budget: number
}

function struct(
  fields: readonly FieldSchema[],
  parent: string,
  version: number,
  dictionary: Dictionary,
  size: Size,
): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  for (const field of fields) {
    const carried = includesVersion(field.versions, version)
    if (!carried && !includesVersion(field.tagged, version)) continue
    // Tagged fields are optional: most requests have few of them.
    if (field.tag >= 0 && dictionary.chance(0.5)) continue
    body[field.name] = value(field, parent, version, dictionary, size)
  }
  return body
}

function value(field: FieldSchema, parent: string, version: number, dictionary: Dictionary, size: Size): unknown {
  if (includesVersion(field.nullable, version) && dictionary.chance(0.12)) return null
  if (!field.isArray) return single(field, parent, version, dictionary, size)
  const dice = dictionary.below(1_000)
  const length = dice === 0 ? longArray : dice < 150 ? 0 : dice < 850 ? 1 : 2 + dictionary.below(4)
  const values: unknown[] = []
  for (let count = 0; count < length && size.budget > 0; count++) {
    size.budget--
    values.push(single(field, parent, version, dictionary, size))
  }
  return values
}

function single(field: FieldSchema, parent: string, version: number, dictionary: Dictionary, size: Size): unknown {
  const { name, type } = field
  switch (type) {
    case '{}':
      return struct(field.fields, name, version, dictionary, size)
    case 'bool':
      return dictionary.chance(0.5)
    case 'int8':
      return dictionary.integer(name, 8)
    case 'int16':
      return dictionary.integer(name, 16)
    case 'uint16':
      return dictionary.below(65_536)
    case 'int32':
      return dictionary.integer(name, 32)
    case 'uint32':
      return dictionary.below(2 ** 32)
    case 'int64':
      return dictionary.integer(name, 64)
    case 'float64':
      return dictionary.pick([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e308])
    case 'string':
      return dictionary.text(name, `${parent}.${name}`)
    case 'uuid':
      return dictionary.uuid(name)
    case 'bytes':
      return dictionary.bytes()
    case 'records':
      return randomRecords(dictionary)
  }
}
