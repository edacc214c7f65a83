/** One array parameter as PostgreSQL reads it, from values in text form; whole columns travel this way. */
export function arrayLiteral(values: readonly (string | null)[]): string {
  let text = '{'
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ','
    const value = values[i]
    text += value === null || value === undefined ? 'NULL' : element(value)
  }
  return `${text}}`
}

const special = /["\\]/
const specials = /["\\]/g

function element(value: string): string {
  return special.test(value) ? `"${value.replace(specials, '\\$&')}"` : `"${value}"`
}
