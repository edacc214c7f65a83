/** A table by schema and name, as PostgreSQL folds neither. */
export interface TableName {
  readonly schema: string
  readonly name: string
}

/** Reads `table` or `schema.table`; without schema it is `public`. Case is kept as written. */
export function parseTableName(text: string): TableName {
  const dot = text.indexOf('.')
  return dot < 0 ? { schema: 'public', name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) }
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function quoteTable({ schema, name }: TableName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}

export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

export function tableText({ schema, name }: TableName): string {
  return `${schema}.${name}`
}
