import { connectError } from '../../errors.ts'
import { mysqlDialect } from '../mysql/dialect.ts'
import { postgresDialect } from '../postgres/dialect.ts'
import type { SqlDialect } from '../sql/dialect.ts'
import { sqliteDialect } from '../sqlite/dialect.ts'

export interface JdbcConnection {
  readonly url: string
  readonly user?: string | undefined
  readonly password?: string | undefined
}

/** Names under which configs know a dialect, by the scheme of its urls. */
const dialects: Readonly<Record<string, { readonly scheme: string; readonly open: (url: string) => SqlDialect }>> = {
  postgresql: { scheme: 'postgres', open: postgresDialect },
  postgres: { scheme: 'postgres', open: postgresDialect },
  mysql: { scheme: 'mysql', open: mysqlDialect },
  mariadb: { scheme: 'mysql', open: mysqlDialect },
}

/**
 * The dialect for a connection as JDBC drivers write it: `jdbc:postgresql://host:5432/db?user=…`, `jdbc:mysql://…`,
 * `jdbc:mariadb://…`, `jdbc:sqlite:path`; the same without `jdbc:` is understood, too.
 *
 * @throws CONNECT_CONFIG_INVALID
 */
export function dialectOf(where: string, { url, user, password }: JdbcConnection): SqlDialect {
  const text = url.replace(/^jdbc:/i, '')
  const file = /^sqlite:(?:file:)?(.+)$/i.exec(text)?.[1]
  if (file !== undefined) return sqliteDialect(file)
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/i.exec(text) ?? []
  const dialect = dialects[scheme.toLowerCase()]
  if (!dialect || !URL.canParse(`${dialect.scheme}:${rest}`)) {
    const message = `${where}: connection.url is not a url of PostgreSQL, MySQL, MariaDB or SQLite (jdbc:postgresql://host/database)`
    throw connectError('CONNECT_CONFIG_INVALID', message, { where })
  }
  const parsed = new URL(`${dialect.scheme}:${rest}`)
  parsed.username = encodeURIComponent(user ?? take(parsed, 'user') ?? decodeURIComponent(parsed.username))
  parsed.password = encodeURIComponent(password ?? take(parsed, 'password') ?? decodeURIComponent(parsed.password))
  return dialect.open(parsed.href)
}

function take(url: URL, name: string): string | undefined {
  const value = url.searchParams.get(name) ?? undefined
  url.searchParams.delete(name)
  return value
}
