/** Makes a principal's name of a distinguished name; undefined when no rule fits. */
export type PrincipalMapping = (distinguishedName: string) => string | undefined

const rulePattern = /\s*(?:(DEFAULT)|RULE:((?:\\.|[^\\/])*)\/((?:\\.|[^\\/])*)\/([LU]?))\s*(?:,|$)/y

/**
 * `ssl.principal.mapping.rules` (KIP-371): `RULE:pattern/replacement/[LU]` and `DEFAULT`, separated by commas; the first
 * whose pattern is the whole name decides. Throws an Error for rules that are malformed.
 *
 * @example
 * principalMapping('RULE:^CN=([^,]+),.*$/$1/L,DEFAULT')('CN=Alice,O=Acme') // alice
 */
export function principalMapping(rules: string): PrincipalMapping {
  const text = rules.trim()
  const mappings: PrincipalMapping[] = []
  rulePattern.lastIndex = 0
  for (let at = 0; at < text.length; at = rulePattern.lastIndex) {
    const match = rulePattern.exec(text)
    if (!match) throw new Error(`there is no rule at ${text.slice(at, at + 40)}`)
    mappings.push(match[1] === 'DEFAULT' ? (name) => name : mapping(match[2]!, match[3]!, match[4]!))
  }
  if (mappings.length === 0) throw new Error('there is no rule')
  return (name) => {
    for (const one of mappings) {
      const mapped = one(name)
      if (mapped !== undefined) return mapped
    }
    return undefined
  }
}

function mapping(pattern: string, replacement: string, letters: string): PrincipalMapping {
  const whole = new RegExp(`^(?:${pattern})$`, 'u')
  return (name) => {
    const match = whole.exec(name)
    if (!match) return undefined
    const mapped = replacement.replaceAll(/\$(\d)|\\(.)/g, (all, group?: string, literal?: string) => {
      if (literal !== undefined) return literal
      return Number(group) < match.length ? (match[Number(group)] ?? '') : all
    })
    if (letters === 'L') return mapped.toLowerCase()
    return letters === 'U' ? mapped.toUpperCase() : mapped
  }
}
