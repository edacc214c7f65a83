/** Inclusive range; `none` is an empty one. */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

export type PrimitiveType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'

/** One field of a message, as its definition states it. */
export interface FieldSchema {
  readonly name: string
  /** `{}` for a struct whose fields follow. */
  readonly type: PrimitiveType | '{}'
  readonly isArray: boolean
  readonly versions: VersionRange
  readonly nullable: VersionRange
  readonly tag: number
  readonly tagged: VersionRange
  /** Undefined: as the message says. */
  readonly flexible: VersionRange | undefined
  /** Text as in the definition, undefined for the type's own zero. */
  readonly defaultText: string | undefined
  /** Whether a value may be dropped silently by versions that lack the field. */
  readonly ignorable: boolean
  readonly fields: readonly FieldSchema[]
}

const empty: VersionRange = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }

/** Reads Kafka's notation: `3`, `0-2`, `4+`, `none`. */
export function parseVersions(text: string): VersionRange {
  if (text === 'none') return empty
  if (text.endsWith('+')) return { min: Number(text.slice(0, -1)), max: Number.POSITIVE_INFINITY }
  const [min, max] = text.split('-')
  return { min: Number(min), max: Number(max ?? min) }
}

export function includesVersion(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max
}

/**
 * Reads the text of a generated table: one field a line, nested fields indented by one space,
 * `name type versions [?nullable] [#tag@versions] [~flexible] [=default] [!]`.
 */
export function parseFields(table: string): FieldSchema[] {
  const root: FieldSchema[] = []
  const open: FieldSchema[][] = [root]
  for (const line of table.split('\n')) {
    if (line === '') continue
    const depth = line.length - line.trimStart().length
    const children: FieldSchema[] = []
    open[depth]!.push(parseField(line.trimStart(), children))
    open[depth + 1] = children
  }
  return root
}

function parseField(line: string, fields: FieldSchema[]): FieldSchema {
  const [name, typeText, versions, ...rest] = line.split(' ') as [string, string, string, ...string[]]
  const isArray = typeText.startsWith('[]')
  const type = (isArray ? typeText.slice(2) : typeText) as FieldSchema['type']
  const marked = (mark: string): string | undefined => rest.find((part) => part.startsWith(mark))?.slice(1)
  const [tag, tagVersions] = marked('#')?.split('@') ?? ['-1', 'none']
  const flexible = marked('~')
  return {
    name,
    type,
    isArray,
    versions: parseVersions(versions),
    nullable: parseVersions(marked('?') ?? 'none'),
    tag: Number(tag),
    tagged: parseVersions(tagVersions!),
    flexible: flexible === undefined ? undefined : parseVersions(flexible),
    defaultText: marked('='),
    ignorable: rest.includes('!'),
    fields,
  }
}
