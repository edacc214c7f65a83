/** How names of schemas and fields are made fit for Avro. */
export type NameAdjustment = 'none' | 'avro' | 'avro_unicode'

/** Of a schema, whose parts are divided by dots. */
export function adjustSchemaName(name: string, mode: NameAdjustment): string {
  return replaced(name, mode, '.')
}

export function adjustFieldName(name: string, mode: NameAdjustment): string {
  return replaced(name, mode, '')
}

/** UTF-16 code units one by one, as Java does it. Under `avro_unicode` the underscore itself begins an escape. */
function replaced(name: string, mode: NameAdjustment, alsoValid: string): string {
  if (mode === 'none') return name
  const isUnicode = mode === 'avro_unicode'
  const isLetter = (unit: string): boolean => /[A-Za-z]/.test(unit) || (unit === '_' && !isUnicode)
  let text = ''
  for (let i = 0; i < name.length; i++) {
    const unit = name.charAt(i)
    const isDigit = /[0-9]/.test(unit)
    if (isLetter(unit) || (i > 0 && (isDigit || unit === alsoValid))) text += unit
    else if (isUnicode) text += escaped(unit)
    else text += isDigit ? `_${unit}` : '_'
  }
  return text
}

function escaped(unit: string): string {
  const hex = unit.charCodeAt(0).toString(16)
  return `_u${hex.length <= 2 ? `00${hex}` : hex}`
}

const longestTopic = 249

/** What Kafka does not take in the name of a topic becomes an underscore. */
export function topicName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, longestTopic)
  return name === '.' || name === '..' ? '_'.repeat(name.length) : name
}
