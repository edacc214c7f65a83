export interface FieldDefinition {
  readonly name: string
  readonly type: string
  /** Left out by tagged fields that have no other form. */
  readonly versions?: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly flexibleVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean | null
  readonly ignorable?: boolean
  readonly fields?: readonly FieldDefinition[]
}

export interface MessageDefinition {
  readonly name: string
  readonly type: 'request' | 'response' | 'header' | 'data' | 'coordinator-key' | 'coordinator-value'
  readonly apiKey?: number
  readonly listeners?: readonly string[]
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: readonly FieldDefinition[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly FieldDefinition[] }[]
}

const primitives: Readonly<Record<string, string>> = {
  bool: 'boolean',
  int8: 'number',
  int16: 'number',
  uint16: 'number',
  int32: 'number',
  uint32: 'number',
  int64: 'number',
  float64: 'number',
  string: 'string',
  uuid: 'string',
  bytes: 'Buffer',
  records: 'Buffer',
}

export function camel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

export function kebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .toLowerCase()
}

function versionsOf(field: FieldDefinition): string {
  const versions = field.versions ?? field.taggedVersions
  if (versions === undefined) throw new Error(`${field.name} has no versions`)
  return versions
}

function elementOf(type: string): string {
  return type.startsWith('[]') ? type.slice(2) : type
}

function fieldsOf(message: MessageDefinition, field: FieldDefinition): readonly FieldDefinition[] {
  const element = elementOf(field.type)
  if (element in primitives) return []
  const fields = field.fields ?? message.commonStructs?.find((one) => one.name === element)?.fields
  if (!fields) throw new Error(`${message.name}.${field.name}: no fields for ${field.type}`)
  return fields
}

/**
 * A message's fields as the text that `src/schema.ts` reads: one field a line, nested fields indented by one space:
 * `name type versions [?nullable versions] [#tag@versions] [~flexible versions] [=default] [!]`, `!` for ignorable.
 */
export function renderTable(message: MessageDefinition): string {
  const lines: string[] = []
  const add = (fields: readonly FieldDefinition[], depth: number): void => {
    for (const field of fields) {
      const element = elementOf(field.type)
      const type = field.type.replace(element, element in primitives ? element : '{}')
      const parts = [camel(field.name), type, versionsOf(field)]
      if (field.nullableVersions && field.nullableVersions !== 'none') parts.push(`?${field.nullableVersions}`)
      if (field.tag !== undefined) parts.push(`#${field.tag}@${field.taggedVersions}`)
      if (field.flexibleVersions) parts.push(`~${field.flexibleVersions}`)
      // To Kafka's generator a JSON null is no default at all: only the text "null" makes a field null that is not there.
      if (field.default !== undefined && field.default !== null && field.default !== '') parts.push(`=${field.default}`)
      if (field.ignorable) parts.push('!')
      lines.push(' '.repeat(depth) + parts.join(' '))
      add(fieldsOf(message, field), depth + 1)
    }
  }
  add(message.fields, 0)
  return lines.join('\n')
}

function renderType(message: MessageDefinition, field: FieldDefinition): string {
  const element = elementOf(field.type)
  const base = primitives[element] ?? message.name + element
  const type = field.type.startsWith('[]') ? `${base}[]` : base
  const nullable = (field.nullableVersions && field.nullableVersions !== 'none') || field.default === 'null'
  return nullable ? `${type} | null` : type
}

/** The TypeScript interfaces of a message: its own and one per struct, the latter prefixed with the message's name. */
export function renderInterfaces(message: MessageDefinition): string {
  const blocks: string[] = []
  const seen = new Set<string>()
  const add = (name: string, fields: readonly FieldDefinition[]): void => {
    if (seen.has(name)) return
    seen.add(name)
    const lines = fields.map((field) => {
      const tag = field.tag === undefined ? '' : `, tag ${field.tag}`
      return `  /** ${field.type}, v${versionsOf(field)}${tag} */\n  ${camel(field.name)}: ${renderType(message, field)}\n`
    })
    blocks.push(`export interface ${name} {\n${lines.join('')}}\n`)
    for (const field of fields) {
      const nested = fieldsOf(message, field)
      if (!(elementOf(field.type) in primitives)) add(message.name + elementOf(field.type), nested)
    }
  }
  add(message.name, message.fields)
  return blocks.join('\n')
}

/** The table of APIs, by name without `Request`. */
export function renderApis(messages: readonly MessageDefinition[]): string {
  const requests = messages.filter((one) => one.type === 'request').sort((a, b) => a.apiKey! - b.apiKey!)
  const imports: string[] = []
  const entries: string[] = []
  for (const request of requests) {
    const response = messages.find((one) => one.type === 'response' && one.apiKey === request.apiKey)
    if (!response) throw new Error(`${request.name} has no response`)
    imports.push(`  ${request.name},\n  ${response.name},\n`)
    const name = request.name.replace(/Request$/, '')
    entries.push(
      `  ${name}: { key: ${request.apiKey}, name: '${name}', request: ${request.name}, response: ${response.name} },\n`,
    )
  }
  return `import {\n${imports.join('')}} from './messages.ts'\n\nexport const apis = {\n${entries.join('')}} as const\n`
}
