import { type FieldSchema, includesVersion } from '@millrace/protocol/internal'

/** `full`: every field of the version differs from its default. `sparse`: null where that may be, else empty. */
export type SampleVariant = 'full' | 'sparse'

/** A message as Kafka's JSON converters read it; bytes are base64. The same message and version give the same values. */
export function sampleMessage(
  fields: readonly FieldSchema[],
  version: number,
  variant: SampleVariant,
): Record<string, unknown> {
  let counter = version * 7

  const struct = (inner: readonly FieldSchema[]): Record<string, unknown> => {
    const value: Record<string, unknown> = {}
    for (const field of inner) {
      const isTagged = includesVersion(field.tagged, version)
      if (!includesVersion(field.versions, version) && !isTagged) continue
      if (variant === 'sparse' && isTagged) continue
      value[field.name] = sampleOf(field)
    }
    return value
  }

  const sampleOf = (field: FieldSchema): unknown => {
    if (variant === 'sparse') {
      if (includesVersion(field.nullable, version)) return null
      if (field.isArray) return []
    }
    if (field.isArray) return [scalar(field), scalar(field)]
    return scalar(field)
  }

  const scalar = (field: FieldSchema): unknown => {
    counter++
    switch (field.type) {
      case '{}':
        return struct(field.fields)
      case 'bool':
        return field.defaultText !== 'true'
      case 'int8':
        return (counter % 100) + 3
      case 'int16':
        return 3000 - (counter % 500)
      case 'uint16':
        return 65000 + (counter % 500)
      case 'int32':
        return counter % 2 === 0 ? 70_000 + counter : -70_000 - counter
      case 'uint32':
        return 4_000_000_000 + counter
      case 'int64':
        return counter % 2 === 0 ? 5_000_000_000_000 + counter : -6_000_000_000 - counter
      case 'float64':
        return counter + 0.25
      case 'string':
        return counter % 3 === 0 ? `schlüssel-漢-${counter}` : `name-${counter}`
      case 'uuid':
        return Buffer.alloc(16, counter % 251)
          .fill(7, 0, 1)
          .toString('base64url')
      case 'bytes':
      case 'records':
        return Buffer.from(`bytes of ${field.name} ${counter}`).toString('base64')
    }
  }

  return struct(fields)
}
