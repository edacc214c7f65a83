/** How names of schemas and fields are made fit for Avro. */
export type NameAdjustment = 'none' | 'avro' | 'avro_unicode'

const firstInName = /[A-Za-z_]/
const laterInName = /[A-Za-z0-9_]/

/** Of a schema: its parts may be divided by dots and dollar signs, as in names of Java classes. */
export function adjustSchemaName(name: string, mode: NameAdjustment): string {
  if (mode === 'none') return name
  const isUnicode = mode === 'avro_unicode'
  return replaced(name, /[A-Za-z_]/, isUnicode ? /[A-Za-z0-9.$]/ : /[A-Za-z0-9_.$]/, isUnicode)
}

export function adjustFieldName(name: string, mode: NameAdjustment): string {
  if (mode === 'none') return name
  const isUnicode = mode === 'avro_unicode'
  return replaced(name, isUnicode ? /[A-Za-z]/ : firstInName, isUnicode ? /[A-Za-z0-9]/ : laterInName, isUnicode)
}

/** UTF-16 code units one by one, as Java does it. */
function replaced(name: string, first: RegExp, later: RegExp, isUnicode: boolean): string {
  let text = ''
  for (let i = 0; i < name.length; i++) {
    const unit = name.charAt(i)
    if ((i === 0 ? first : later).test(unit)) {
      text += unit
      continue
    }
    text += isUnicode ? `_u${name.charCodeAt(i).toString(16).padStart(4, '0')}` : '_'
    // A digit is only wrong in front.
    if (i === 0 && !isUnicode && /[0-9]/.test(unit)) text += unit
  }
  return text
}

const longestTopic = 249

/** What Kafka does not take in the name of a topic becomes an underscore. */
export function topicName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, longestTopic)
  return name === '.' || name === '..' ? '_'.repeat(name.length) : name
}
