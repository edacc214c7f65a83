/** One place where two JSON values differ; members of objects count in their order. */
export interface Difference {
  readonly path: string
  readonly debezium: unknown
  readonly millrace: unknown
}

export function differences(debezium: unknown, millrace: unknown, path = ''): Difference[] {
  if (Array.isArray(debezium) && Array.isArray(millrace)) {
    if (debezium.length !== millrace.length) return [{ path: `${path}#length`, debezium, millrace }]
    return debezium.flatMap((item, i) => differences(item, millrace[i], `${path}[${nameOf(item) ?? i}]`))
  }
  if (isObject(debezium) && isObject(millrace)) {
    const [ours, theirs] = [Object.keys(millrace), Object.keys(debezium)]
    const found: Difference[] =
      ours.join('\n') === theirs.join('\n') ? [] : [{ path: `${path}#names`, debezium: theirs, millrace: ours }]
    const common = theirs.filter((name) => Object.hasOwn(millrace, name))
    return [...found, ...common.flatMap((name) => differences(debezium[name], millrace[name], `${path}.${name}`))]
  }
  return debezium === millrace ? [] : [{ path, debezium, millrace }]
}

/** Fields of a schema are known by their names. */
function nameOf(item: unknown): string | undefined {
  return isObject(item) && typeof item.field === 'string' ? item.field : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
