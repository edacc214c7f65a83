import { randomBytes } from 'node:crypto'

const prefix = /^millrace\/[0-9a-f]{8}\//

/** What a source calls itself in pg_stat_activity: the instance first, since PostgreSQL cuts names at 63 bytes. */
export function applicationName(connector: string): string {
  return `millrace/${randomBytes(4).toString('hex')}/${connector}`.slice(0, 63)
}

/** Whether both names are of one connector, whichever instance. */
export function isSameConnector(name: string | undefined, own: string): boolean {
  return name !== undefined && prefix.test(name) && name.replace(prefix, '') === own.replace(prefix, '')
}

/** Whether the name is of another instance of the same connector. */
export function isSibling(name: string | undefined, own: string): boolean {
  return name !== own && isSameConnector(name, own)
}
