/** A type of ClickHouse: `Map(String, Nullable(Int8))` has the name `Map` and two arguments. */
export interface TypeText {
  readonly name: string
  readonly args: readonly string[]
  readonly isNullable: boolean
}

/** Reads a type as `system.columns` prints it, without what does not change its values. */
export function readType(text: string): TypeText {
  const [, name = text, inner] = /^(\w+)(?:\((.*)\))?$/s.exec(text.trim()) ?? []
  const args = inner === undefined ? [] : splitArguments(inner)
  if (name === 'LowCardinality') return readType(args[0]!)
  if (name === 'Nullable') return { ...readType(args[0]!), isNullable: true }
  if (name === 'SimpleAggregateFunction') return readType(args.at(-1)!)
  return { name, args, isNullable: /^(JSON|Dynamic|Variant|Nothing)$/.test(name) }
}

/** At the commas that are neither in parentheses nor in quotes. */
function splitArguments(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  let quote = ''
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (quote !== '') {
      if (char === '\\') i++
      else if (char === quote) quote = ''
    } else if (char === "'" || char === '`') quote = char
    else if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim())
      start = i + 1
    }
  }
  return [...parts, text.slice(start).trim()]
}
