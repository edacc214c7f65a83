/** Rows as one array parameter per column, as PostgreSQL reads it; values are in text form. */
export function arrayLiteral(rows: readonly { readonly values: readonly (string | null)[] }[], column: number): string {
  let text = '{'
  for (let i = 0; i < rows.length; i++) {
    if (i > 0) text += ','
    const value = rows[i]!.values[column]
    text += value === null || value === undefined ? 'NULL' : element(value)
  }
  return `${text}}`
}

const special = /["\\]/
const specials = /["\\]/g

function element(value: string): string {
  return special.test(value) ? `"${value.replace(specials, '\\$&')}"` : `"${value}"`
}
