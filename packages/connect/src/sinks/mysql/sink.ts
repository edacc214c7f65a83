import type { TopicContract } from '@millrace/contracts'
import type { SinkConnector } from '../../runtime/connector.ts'
import { contractSqlSink, type SqlSinkOptions } from '../sql/options.ts'
import { mysqlDialect } from './dialect.ts'

export interface MysqlSinkOptions<K, V> extends SqlSinkOptions<K, V> {
  /** `mysql://user:password@host/database`; tables of other databases are `database.table`. */
  readonly url: string
}

/**
 * Writes the records of a topic into a table of MySQL or MariaDB, each exactly once: the offset moves in the same
 * transaction. The table has to be of a transactional engine (InnoDB). Uses `mysql2`.
 *
 * @example
 * mysqlSink(spend, { url: env.REPORTING_URL, table: 'spend', mode: 'upsert', key: 'customer_id' })
 */
export function mysqlSink<K, V, KIn, VIn>(
  contract: TopicContract<K, V, KIn, VIn>,
  options: MysqlSinkOptions<K, V>,
): SinkConnector {
  const dialect = () => mysqlDialect(options.url)
  return contractSqlSink({ where: 'mysqlSink', place: 'url', dialect }, contract, options)
}
