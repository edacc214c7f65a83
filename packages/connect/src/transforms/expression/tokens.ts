/** A piece of an expression and where it begins. */
export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'operator' | 'end'
  readonly text: string
  readonly at: number
}

const pattern =
  /\s*(?:(?<name>[A-Za-z_$][\w$]*)|(?<number>\d+(?:\.\d+)?)[lL]?|(?<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<operator>===|!==|==|!=|<=|>=|&&|\|\||\?\.|[-+!<>?:.,()[\]]))/y

/** @throws SyntaxError */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  pattern.lastIndex = 0
  let end = 0
  while (end < text.trimEnd().length) {
    const match = pattern.exec(text)
    if (!match) {
      const rest = text.slice(end).trimStart()
      throw new SyntaxError(`at ${text.length - rest.length}: ${rest.trimEnd().slice(0, 20)} is not understood`)
    }
    const [kind, own] = Object.entries(match.groups!).find(([, group]) => group !== undefined)!
    const at = pattern.lastIndex - match[0].trimStart().length
    tokens.push({ kind: kind as Token['kind'], text: kind === 'string' ? unquoted(own!) : own!, at })
    end = pattern.lastIndex
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }]
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, (_, character: string) => ({ n: '\n', t: '\t' })[character] ?? character)
}
