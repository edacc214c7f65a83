const mappedPrefix = '::ffff:'

/**
 * An address as Java prints it, which is how hosts are written in Kafka's ACLs: IPv4 also for what a socket for both families maps,
 * IPv6 with all its eight groups. What is no address stays as it is.
 */
export function hostAddress(text: string): string {
  const host = (text.startsWith('/') ? text.slice(1) : text).toLowerCase()
  if (!host.includes(':')) return host
  if (host.startsWith(mappedPrefix) && host.includes('.')) return host.slice(mappedPrefix.length)
  const [address = ''] = host.split('%')
  const [before = '', after, ...more] = address.split('::')
  const groups = before === '' ? [] : before.split(':')
  const tail = after === undefined || after === '' ? [] : after.split(':')
  const missing = 8 - groups.length - tail.length
  const whole = after === undefined ? missing === 0 : missing > 0
  const all = [...groups, ...new Array<string>(Math.max(0, missing)).fill('0'), ...tail]
  if (!whole || more.length > 0 || !all.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return host
  return all.map((group) => Number.parseInt(group, 16).toString(16)).join(':')
}
