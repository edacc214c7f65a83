import type { TopicContract } from '@millrace/contracts'
import type { SinkConnector } from '../../runtime/connector.ts'
import { contractSqlSink, type SqlSinkOptions } from '../sql/options.ts'
import { postgresDialect } from './dialect.ts'

export interface PostgresSinkOptions<K, V> extends SqlSinkOptions<K, V> {
  readonly url: string
}

/**
 * Writes the records of a topic into a table, each exactly once: the offset moves in the same database transaction.
 *
 * @example
 * postgresSink(spend, { url: env.REPORTING_URL, table: 'spend', mode: 'upsert', key: 'customer_id' })
 */
export function postgresSink<K, V, KIn, VIn>(
  contract: TopicContract<K, V, KIn, VIn>,
  options: PostgresSinkOptions<K, V>,
): SinkConnector {
  const dialect = () => postgresDialect(options.url)
  return contractSqlSink({ where: 'postgresSink', place: 'url', dialect }, contract, options)
}
