const maxLength = 249

/** Says what is wrong with a topic's name, in Kafka's words; undefined when it may be used. */
export function invalidTopicName(name: string): string | undefined {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.' || name === '..') return "Topic name is invalid: '.' or '..' is not allowed"
  if (name.length > maxLength) {
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${maxLength}`
  }
  if (/^[a-zA-Z0-9._-]+$/.test(name)) return undefined
  return `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
}

/** Names that differ only in '.' and '_' would collide in metric names; Kafka refuses the second. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}
