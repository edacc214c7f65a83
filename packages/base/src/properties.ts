/**
 * Settings of a Java properties file, which is how Kafka's `server.properties` is written: `name=value`, `name: value` or `name value`;
 * comments begin with # or !, a backslash at the end of a line joins it with the next one.
 *
 * @example
 * parseProperties('listeners=SASL_SSL://:9093\n# comment') // { listeners: 'SASL_SSL://:9093' }
 */
export function parseProperties(text: string): Record<string, string> {
  return Object.fromEntries(propertyLines(text).map(({ name, value }) => [name, value]))
}

export interface PropertyLine {
  /** Where it begins, from 1. */
  readonly line: number
  readonly name: string
  readonly value: string
}

/** The same with the numbers of their lines, and each of those that are there more than once. */
export function propertyLines(text: string): PropertyLine[] {
  return logicalLines(text).flatMap(({ line, text: whole }) => {
    const match = /^((?:\\.|[^\\=:\s])*)(?:\s*[=:]\s*|\s+|$)(.*)$/s.exec(whole)
    return match && match[1] !== '' ? [{ line, name: unescaped(match[1]!), value: unescaped(match[2]!) }] : []
  })
}

interface LogicalLine {
  readonly line: number
  readonly text: string
}

function logicalLines(text: string): LogicalLine[] {
  const lines: LogicalLine[] = []
  let open: LogicalLine | undefined
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const part = raw.trimStart()
    if (open === undefined && (part === '' || part.startsWith('#') || part.startsWith('!'))) continue
    const line: number = open?.line ?? index + 1
    const whole: string = (open?.text ?? '') + part
    // An even number of backslashes stands for half as many, and joins nothing.
    const backslashes = /\\*$/.exec(whole)![0].length
    if (backslashes % 2 === 1) {
      open = { line, text: whole.slice(0, -1) }
      continue
    }
    lines.push({ line, text: whole })
    open = undefined
  }
  return open === undefined ? lines : [...lines, open]
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' }

function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_all, code?: string, letter?: string) =>
    code === undefined ? (escapes[letter!] ?? letter!) : String.fromCharCode(Number.parseInt(code, 16)),
  )
}
