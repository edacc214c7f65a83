/**
 * Settings of a Java properties file, which is how Kafka's `server.properties` is written: `name=value`, `name: value` or `name value`;
 * comments begin with # or !, a backslash at the end of a line joins it with the next one.
 *
 * @example
 * parseProperties('listeners=SASL_SSL://:9093\n# comment') // { listeners: 'SASL_SSL://:9093' }
 */
export function parseProperties(text: string): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const line of logicalLines(text)) {
    const match = /^((?:\\.|[^\\=:\s])*)(?:\s*[=:]\s*|\s+|$)(.*)$/s.exec(line)
    if (match && match[1] !== '') settings[unescaped(match[1]!)] = unescaped(match[2]!)
  }
  return settings
}

function logicalLines(text: string): string[] {
  const lines: string[] = []
  let open: string | undefined
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const line = raw.trimStart()
    if (open === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const whole: string = (open ?? '') + line
    // An even number of backslashes stands for half as many, and joins nothing.
    const backslashes = /\\*$/.exec(whole)![0].length
    if (backslashes % 2 === 1) {
      open = whole.slice(0, -1)
      continue
    }
    lines.push(whole)
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
