/**
 * Users of PLAIN in Kafka's notation: a login module, `required`, options `name="value"`, a semicolon; those that begin with
 * `user_` are users and their passwords. Throws an Error that says what is wrong without telling any value.
 *
 * @example
 * jaasUsers('org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret";') // alice → secret
 */
export function jaasUsers(text: string): Map<string, string> {
  const trimmed = text.trim()
  if (trimmed === '') return new Map()
  const head = /^[A-Za-z0-9_.$]+\s+(?:required|requisite|sufficient|optional)(?=[\s;])/i.exec(trimmed)
  if (!head) throw new Error('it begins with no login module and "required"')
  const users = new Map<string, string>()
  const option = /\s*([A-Za-z0-9_.@+-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))/y
  option.lastIndex = head[0].length
  let at = option.lastIndex
  for (let match = option.exec(trimmed); match; match = option.exec(trimmed)) {
    at = option.lastIndex
    const [, name = '', inDoubleQuotes, inQuotes, bare] = match
    const quoted = inDoubleQuotes ?? inQuotes
    const value = quoted === undefined ? bare! : quoted.replaceAll(/\\(.)/g, '$1')
    if (name.startsWith('user_')) users.set(name.slice('user_'.length), value)
  }
  const rest = trimmed.slice(at).trim()
  if (rest !== ';') {
    throw new Error(
      rest === '' ? 'there is no semicolon at its end' : `its option number ${users.size + 1} or the next is malformed`,
    )
  }
  return users
}
