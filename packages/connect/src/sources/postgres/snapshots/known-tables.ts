import { createHash } from 'node:crypto'

/** Beyond so many the names would weigh more in every stored position than the rest of it. */
const namesMax = 100

/** Names of tables as they are kept in a position: themselves, or short digests of many. */
export function knownTables(names: readonly string[]): string[] {
  return names.length <= namesMax ? [...names] : names.map(digestOf)
}

export function isKnown(known: ReadonlySet<string>, name: string): boolean {
  return known.has(name) || known.has(digestOf(name))
}

/** Eight characters that no name of a table with its schema has. */
function digestOf(name: string): string {
  return `#${createHash('sha256').update(name).digest('base64url').slice(0, 8)}`
}
